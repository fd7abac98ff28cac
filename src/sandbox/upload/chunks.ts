import type { BlobStore, Draft } from '../blobs.ts'
import { SandboxError } from '../errors.ts'
import type { ReceivedFile } from '../http/body.ts'
import type { CloudStore, Store } from '../store.ts'

export interface ChunkRange {
  start: number
  /** Last byte, included. */
  end: number
  /** -1: not known yet. */
  total: number
}

/** An upload in pieces, as it is stored after each of them. */
interface Unfinished {
  /** Under which its bytes are; absent once they have become an asset. */
  draft?: string
  bytes: number
  /** Accepted ranges with the MD5 of their bytes. */
  parts: { start: number, end: number, md5: string }[]
  total: number
  touchedMs: number
  /** The final answer, kept for a client that did not get it and sends its last chunk again. */
  answer?: object
}

/** What becomes of the bytes when all are there. */
export interface Completion {
  complete (whole: ReceivedFile): Promise<object>
  /** The answer of the asset that has these bytes, if it was made just before the process ended. */
  recall (blob: string): Promise<object | undefined>
}

const LIFETIME_MS = 24 * 3_600_000

/** `bytes 0-4999999/-1`; the total may be `-1` or `*` until the last chunk. */
export function parseContentRange (header: string | undefined): ChunkRange {
  const [, start, end, total] = /^bytes\s+(\d+)-(\d+)\/(-1|\d+|\*)$/i.exec(header ?? '') ?? []
  const range = { start: Number(start), end: Number(end), total: total === '*' ? -1 : Number(total) }
  const valid = start !== undefined && range.end >= range.start && (range.total === -1 || range.end < range.total)
  if (!valid || !Number.isSafeInteger(range.end)) throw invalidRange()
  return range
}

/**
 * Uploads that arrive in pieces, by cloud and `X-Unique-Upload-Id`. Pieces must come in order and must join; the same piece
 * may come twice. What was accepted outlives the process, as assets do; after a day without a piece it is forgotten.
 */
export class ChunkedUploads {
  readonly #store: Store
  readonly #blobs: BlobStore
  readonly #minBytes: number
  readonly #clock: () => number
  readonly #open = new Map<string, Draft>()
  /** The last piece of each upload that is being taken: one at a time. */
  readonly #turns = new Map<string, Promise<unknown>>()

  constructor ({ store, blobs, minChunkBytes, clock }: { store: Store, blobs: BlobStore, minChunkBytes: number, clock: () => number }) {
    this.#store = store
    this.#blobs = blobs
    this.#minBytes = minChunkBytes
    this.#clock = clock
  }

  /**
   * Takes one piece. When it was the last, the answer to the whole file is the answer.
   * @throws {SandboxError} 400 for a gap, an overlap, a wrong length or a piece that is too small.
   */
  async accept (store: CloudStore, id: string, range: ChunkRange, file: ReceivedFile, completion: Completion): Promise<object> {
    try {
      await this.expire()
      const name = nameOf(store, id)
      const turn = (this.#turns.get(name) ?? Promise.resolve()).then(() => this.#take(store, id, range, file, completion))
      // The next piece waits for this one, however it ends.
      const settled = turn.catch(() => {}).finally(() => { if (this.#turns.get(name) === settled) this.#turns.delete(name) })
      this.#turns.set(name, settled)
      return await turn
    } finally {
      await this.#blobs.remove(file.key)
    }
  }

  /** Drops what has waited for its next piece for more than a day. */
  async expire (): Promise<void> {
    const oldest = this.#clock() - LIFETIME_MS
    await this.#drop((name, { touchedMs }) => touchedMs < oldest && !this.#turns.has(name))
  }

  /** Drops everything. */
  async clear (): Promise<void> {
    await this.#drop(() => true)
    await Promise.all([...this.#open.values()].map((draft) => draft.discard()))
    this.#open.clear()
  }

  /** Lets go of all files; a later process goes on with them. */
  async close (): Promise<void> {
    await Promise.all([...this.#turns.values()])
    await Promise.all([...this.#open.values()].map((draft) => draft.close()))
  }

  async #take (store: CloudStore, id: string, range: ChunkRange, file: ReceivedFile, { complete, recall }: Completion): Promise<object> {
    const known = store.document<Unfinished>('chunked', id)
    const repeated = known?.parts.find((part) => part.start === range.start && part.end === range.end)
    if (repeated && repeated.md5 !== file.md5) throw invalidRange()
    if (repeated && known?.answer !== undefined) return known.answer
    // An id that is used again after its upload was finished begins a new one.
    const present = known?.answer === undefined ? known : undefined
    if (!present && range.start !== 0) throw invalidRange()
    const upload = repeated && present ? { ...present, touchedMs: this.#clock() } : await this.#append(store, id, range, file, present)
    await store.putDocument('chunked', id, upload)
    if (range.total === -1 || upload.bytes < range.total) return { done: false, bytes: upload.bytes }
    try {
      const whole = async (): Promise<ReceivedFile> => ({ ...await (await this.#draft(store, id, upload)).finish(), ...file.filename !== undefined && { filename: file.filename } })
      const recalled = repeated && upload.draft !== undefined && !this.#open.has(nameOf(store, id)) ? await recall(upload.draft) : undefined
      const answer = { ...recalled ?? await complete(await whole()), done: true }
      const { draft, ...finished } = upload
      await store.putDocument('chunked', id, { ...finished, answer } satisfies Unfinished)
      return answer
    } catch (error) {
      await store.removeDocument('chunked', id)
      throw error
    } finally {
      this.#open.delete(nameOf(store, id))
    }
  }

  async #append (store: CloudStore, id: string, range: ChunkRange, file: ReceivedFile, present: Unfinished | undefined): Promise<Unfinished> {
    const { bytes, parts, total } = present ?? { bytes: 0, parts: [], total: -1 }
    const last = range.end + 1 === range.total
    if (range.end - range.start + 1 !== file.bytes || range.start !== bytes) throw invalidRange()
    if (total !== -1 && range.total !== -1 && total !== range.total) throw invalidRange()
    if (!last && file.bytes < this.#minBytes) throw new SandboxError(400, 'All parts except EOF-chunk must be larger than 5mb')
    const draft = await this.#draft(store, id, present)
    await draft.append(file.key)
    return {
      draft: draft.key,
      bytes: draft.bytes,
      parts: [...parts, { start: range.start, end: range.end, md5: file.md5 }],
      total: range.total === -1 ? total : range.total,
      touchedMs: this.#clock()
    }
  }

  /** The bytes so far: still at hand, those of an earlier process, or none yet. */
  async #draft (store: CloudStore, id: string, present: Unfinished | undefined): Promise<Draft> {
    const name = nameOf(store, id)
    const known = this.#open.get(name)
    if (known) return known
    const draft = present?.draft === undefined ? await this.#blobs.draft() : await this.#blobs.resume(present.draft, present.bytes)
    if (!draft) {
      // Somebody has cleaned up in the folder: the upload must begin anew.
      await store.removeDocument('chunked', id)
      throw invalidRange()
    }
    this.#open.set(name, draft)
    return draft
  }

  async #drop (goes: (name: string, upload: Unfinished) => boolean): Promise<void> {
    for (const store of this.#store.clouds()) {
      for (const [id, upload] of store.documents<Unfinished>('chunked')) {
        const name = nameOf(store, id)
        if (!goes(name, upload)) continue
        await store.removeDocument('chunked', id)
        if (this.#open.has(name)) await this.#open.get(name)?.discard()
        else if (upload.draft !== undefined) await this.#blobs.discard(upload.draft)
        this.#open.delete(name)
      }
    }
  }
}

function nameOf (store: CloudStore, id: string): string {
  return `${store.name}/${id}`
}

function invalidRange (): SandboxError {
  return new SandboxError(400, 'Content range is invalid')
}
