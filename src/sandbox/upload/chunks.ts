import type { BlobStore, Draft } from '../store/blobs.ts'
import type { ReceivedFile } from '../api/body.ts'
import type { CloudStore, Store } from '../store/store.ts'
import { invalidRange, joined, received, waiting, type ChunkRange, type Piece } from './pieces.ts'

/** An upload in pieces, as it is stored after each of them. */
interface Unfinished {
  /** Under which its first bytes are; absent once they have become an asset. */
  draft?: string
  /** How many those are: all up to the first gap. */
  bytes: number
  parts: Piece[]
  total: number
  touchedMs: number
  /** The final answer, kept for a client that did not get it and sends its last chunk again. */
  answer?: object
  /** The piece that made it whole, and what was asked for with it. */
  finishedBy?: { start: number, wish: string }
}

/** What becomes of the bytes when all are there. */
export interface Completion {
  /** What is asked for besides the bytes: alike for alike calls. */
  wish: string
  /** Whether what an answer tells of is still there. */
  stands (answer: object): boolean
  complete (whole: ReceivedFile): Promise<object>
  /** The answer of the asset that has these bytes, if it was made just before the process ended. */
  recall (blob: string): Promise<object | undefined>
}

const LIFETIME_MS = 24 * 3_600_000
/** So many files of unfinished uploads stay open: going on with another reads it again from its beginning, for the hashes. */
const MAX_OPEN = 16

/**
 * Uploads that arrive in pieces, by cloud and `X-Unique-Upload-Id`. Browsers send several at once, so they may come in any order and
 * the file is whole when all its bytes are there; the same piece may come twice. What was accepted outlives the process, as assets
 * do; after a day without a piece it is forgotten.
 */
export class ChunkedUploads {
  readonly #store: Store
  readonly #blobs: BlobStore
  readonly #minBytes: number
  readonly #clock: () => number
  readonly #open = new Map<string, Draft>()
  /** Unfinished uploads, those first that have waited longest for a piece. Read from the store once. */
  #waiting: Map<string, { store: CloudStore, id: string }> | undefined
  /** The last piece of each upload that is being taken: one at a time. */
  readonly #turns = new Map<string, Promise<unknown>>()

  constructor ({ store, blobs, minChunkBytes, clock }: { store: Store, blobs: BlobStore, minChunkBytes: number, clock: () => number }) {
    this.#store = store
    this.#blobs = blobs
    this.#minBytes = minChunkBytes
    this.#clock = clock
  }

  /**
   * Takes one piece. When it was the last to come, the answer to the whole file is the answer.
   * @throws {SandboxError} 400 when it does not join the others, or is too small.
   */
  async accept (store: CloudStore, id: string, range: ChunkRange, file: ReceivedFile, completion: Completion): Promise<object> {
    try {
      await this.expire()
      const name = nameOf(store, id)
      const turn = (this.#turns.get(name) ?? Promise.resolve()).then(() => this.#take(store, id, range, file, completion))
      // The next piece waits for this one, however it ends.
      const settled = turn.catch(() => {}).finally(async () => {
        if (this.#turns.get(name) === settled) this.#turns.delete(name)
        await this.#closeOldest()
      })
      this.#turns.set(name, settled)
      return await turn
    } finally {
      await this.#blobs.remove(file.key)
    }
  }

  /** Drops what has waited for its next piece for more than a day. */
  async expire (): Promise<void> {
    const oldest = this.#clock() - LIFETIME_MS
    for (const [name, { store, id }] of this.#inOrder()) {
      const upload = store.document<Unfinished>('chunked', id)
      if (upload && upload.touchedMs >= oldest) return
      if (!this.#turns.has(name)) await this.#drop(store, id, upload)
    }
  }

  /** Drops everything. */
  async clear (): Promise<void> {
    for (const { store, id } of this.#inOrder().values()) await this.#drop(store, id, store.document<Unfinished>('chunked', id))
    await Promise.all([...this.#open.values()].map((draft) => draft.discard()))
    this.#open.clear()
  }

  /** Lets go of all files; a later process goes on with them. */
  async close (): Promise<void> {
    await Promise.all([...this.#turns.values()])
    await Promise.all([...this.#open.values()].map((draft) => draft.close()))
  }

  async #take (store: CloudStore, id: string, range: ChunkRange, file: ReceivedFile, { complete, recall, wish, stands }: Completion): Promise<object> {
    const known = store.document<Unfinished>('chunked', id)
    const same = known?.parts.find((part) => part.start === range.start && part.end === range.end)
    const repeated = same?.md5 === file.md5
    const askedAgain = repeated && known?.finishedBy?.start === range.start && known.finishedBy.wish === wish
    if (askedAgain && known?.answer !== undefined && stands(known.answer)) return known.answer
    // An id that is used otherwise after its upload was finished begins a new one.
    const present = known?.answer === undefined ? known : undefined
    const upload = repeated && present ? { ...present, touchedMs: this.#clock() } : await this.#add(store, id, range, file, present)
    await store.putDocument('chunked', id, upload).catch(async (error: unknown) => {
      await this.#letGo(store, id, present)
      const before = new Set(waiting(present?.parts ?? []))
      await this.#remove(waiting(upload.parts).filter((blob) => !before.has(blob)))
      throw error
    })
    this.#touched(store, id)
    const kept = new Set(waiting(upload.parts))
    await this.#remove(waiting(present?.parts ?? []).filter((blob) => !kept.has(blob)))
    if (upload.total === -1 || upload.bytes < upload.total) return { done: false, bytes: received(upload.parts) }
    try {
      const whole = async (): Promise<ReceivedFile> => ({ ...await (await this.#draft(store, id, upload)).finish(), ...file.filename !== undefined && { filename: file.filename } })
      const recalled = repeated && upload.draft !== undefined && !this.#open.has(nameOf(store, id)) ? await recall(upload.draft) : undefined
      const answer = { ...recalled ?? await complete(await whole()), done: true }
      const { draft, ...finished } = upload
      await store.putDocument('chunked', id, { ...finished, answer, finishedBy: { start: range.start, wish } } satisfies Unfinished)
      return answer
    } catch (error) {
      await store.removeDocument('chunked', id)
      throw error
    } finally {
      this.#open.delete(nameOf(store, id))
    }
  }

  /** Puts a piece where it belongs: behind the bytes that are there, with all that waited for it, or among those that wait. */
  async #add (store: CloudStore, id: string, range: ChunkRange, file: ReceivedFile, present: Unfinished | undefined): Promise<Unfinished> {
    const { bytes, parts } = present ?? { bytes: 0, parts: [] }
    const total = joined({ parts, total: present?.total ?? -1 }, range, file.bytes, this.#minBytes)
    const draft = await this.#draft(store, id, present)
    const piece: Piece = { start: range.start, end: range.end, md5: file.md5 }
    const common = { draft: draft.key, total, touchedMs: this.#clock() }
    if (range.start !== bytes) {
      // Copied, as appending does it: what is kept must be on the disk before the answer.
      const { key } = await this.#blobs.write(this.#blobs.read(file.key))
      return { ...common, bytes, parts: [...parts, { ...piece, blob: key }] }
    }
    const joining = new Map([...parts, { ...piece, blob: file.key }].map((part) => [part.start, part]))
    try {
      for (let next = joining.get(draft.bytes); next?.blob !== undefined; next = joining.get(draft.bytes)) {
        const { blob, ...rest } = next
        await draft.append(blob)
        joining.set(rest.start, rest)
      }
    } catch (error) {
      await this.#letGo(store, id, present)
      throw error
    }
    return { ...common, bytes: draft.bytes, parts: [...joining.values()] }
  }

  /** Lets go of the files that have waited longest. */
  async #closeOldest (): Promise<void> {
    const idle = [...this.#open].filter(([name]) => !this.#turns.has(name))
    const oldest = idle.slice(0, Math.max(0, this.#open.size - MAX_OPEN))
    for (const [name] of oldest) this.#open.delete(name)
    await Promise.all(oldest.map(([, draft]) => draft.close().catch(() => {})))
  }

  /** The bytes so far: still open, to be opened again, or none yet. */
  async #draft (store: CloudStore, id: string, present: Unfinished | undefined): Promise<Draft> {
    const name = nameOf(store, id)
    const known = this.#open.get(name)
    // Whoever is used last comes last.
    this.#open.delete(name)
    const draft = known ?? await (present?.draft === undefined ? this.#blobs.draft() : this.#blobs.resume(present.draft, present.bytes))
    if (!draft) {
      // Somebody has cleaned up in the folder: the upload must begin anew.
      await store.removeDocument('chunked', id)
      await this.#remove(waiting(present?.parts ?? []))
      throw invalidRange()
    }
    this.#open.set(name, draft)
    return draft
  }

  /** When a piece could not be taken: the draft may hold more by now than is noted, and whoever opens it again cuts that off. */
  async #letGo (store: CloudStore, id: string, present: Unfinished | undefined): Promise<void> {
    const draft = this.#open.get(nameOf(store, id))
    this.#open.delete(nameOf(store, id))
    await (present ? draft?.close() : draft?.discard())
  }

  async #remove (blobs: readonly string[]): Promise<void> {
    await Promise.all(blobs.map((blob) => this.#blobs.remove(blob)))
  }

  #inOrder (): Map<string, { store: CloudStore, id: string }> {
    this.#waiting ??= new Map(this.#store.clouds()
      .flatMap((store) => store.documents<Unfinished>('chunked').map(([id, { touchedMs }]) => ({ store, id, touchedMs })))
      .sort((one, other) => one.touchedMs - other.touchedMs)
      .map(({ store, id }) => [nameOf(store, id), { store, id }]))
    return this.#waiting
  }

  /** Puts an upload behind all that have waited longer for a piece. */
  #touched (store: CloudStore, id: string): void {
    const uploads = this.#inOrder()
    uploads.delete(nameOf(store, id))
    uploads.set(nameOf(store, id), { store, id })
  }

  async #drop (store: CloudStore, id: string, upload: Unfinished | undefined): Promise<void> {
    const name = nameOf(store, id)
    this.#inOrder().delete(name)
    if (!upload) return
    await store.removeDocument('chunked', id)
    await this.#remove(waiting(upload.parts))
    if (this.#open.has(name)) await this.#open.get(name)?.discard()
    else if (upload.draft !== undefined) await this.#blobs.discard(upload.draft)
    this.#open.delete(name)
  }
}

function nameOf (store: CloudStore, id: string): string {
  return `${store.name}/${id}`
}
