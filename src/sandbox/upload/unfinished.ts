import type { Store } from '../store/store.ts'
import { Pieces, type Piece } from './pieces.ts'

/** An upload in pieces, as it is stored after each of them. The pieces are documents of their own. */
export interface Unfinished {
  /** Key of the draft with its first bytes; absent once they have become an asset. */
  draft?: string
  /** Number of those bytes: all up to the first gap. */
  bytes: number
  /** Bytes of all pieces, those that wait included. */
  received: number
  /** Position of the last byte of all pieces. */
  end: number
  total: number
  touchedMs: number
  /** The final answer, kept for a client that did not get it and sends its last chunk again. */
  answer?: object
  /** The piece that made it whole, and what was asked for with it. */
  finishedBy?: { start: number, wish: string }
}

/** An upload as older versions kept it: with its pieces inside. */
type OldUnfinished = Omit<Unfinished, 'received' | 'end'> & { parts: Piece[] }

/** Moves pieces that an older version kept inside their uploads into documents of their own. */
export async function renewUploads (stores: Store): Promise<void> {
  for (const store of stores.clouds()) {
    for (const [id, upload] of store.documents<Unfinished | OldUnfinished>('chunked')) {
      if (!('parts' in upload)) continue
      const { parts, ...rest } = upload
      const pieces = new Pieces(store, id)
      const received = parts.reduce((sum, { start, end }) => sum + end - start + 1, 0)
      const end = parts.reduce((last, piece) => Math.max(last, piece.end), -1)
      const value: Unfinished = { ...rest, received, end }
      await store.exchangeDocuments([], [...pieces.documentsOf(parts), { kind: 'chunked', name: id, value }])
    }
  }
}
