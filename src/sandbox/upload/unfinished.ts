import type { Store } from '../store/store.ts'
import { Pieces, type Piece } from './pieces.ts'

/** An upload in pieces, as it is stored after each of them. The pieces are documents of their own. */
export interface Unfinished {
  /** Under which its first bytes are; absent once they have become an asset. */
  draft?: string
  /** How many those are: all up to the first gap. */
  bytes: number
  /** Bytes of all pieces, those that wait included. */
  received: number
  /** The last byte of all pieces. */
  end: number
  total: number
  touchedMs: number
  /** The final answer, kept for a client that did not get it and sends its last chunk again. */
  answer?: object
  /** The piece that made it whole, and what was asked for with it. */
  finishedBy?: { start: number, wish: string }
}

/** How older versions kept an upload: with its pieces inside. */
type OldUnfinished = Omit<Unfinished, 'received' | 'end'> & { parts: Piece[] }

/** Gives pieces documents of their own that an older version has kept inside their uploads. */
export async function renewUploads (stores: Store): Promise<void> {
  for (const store of stores.clouds()) {
    for (const [id, upload] of store.documents<Unfinished | OldUnfinished>('chunked')) {
      if (!('parts' in upload)) continue
      const { parts, ...rest } = upload
      const pieces = new Pieces(store, id)
      const received = parts.reduce((sum, { start, end }) => sum + end - start + 1, 0)
      const end = parts.reduce((last, piece) => Math.max(last, piece.end), -1)
      const value: Unfinished = { ...rest, received, end }
      const documents = parts.map((piece) => pieces.documentOf(piece))
      await store.exchangeDocuments([], [...documents, { kind: 'chunked', name: id, value }])
    }
  }
}
