import type { BlobStore, Draft } from '../store/blobs.ts'
import type { ReceivedFile } from '../api/body.ts'
import type { CloudStore, Store } from '../store/store.ts'
import { invalidRange, joined, Pieces, type ChunkRange, type Piece } from './pieces.ts'
import type { Unfinished } from './unfinished.ts'

/** Effect of a piece on its upload. */
interface TakenPiece {
  upload: Unfinished
  /** Pieces to write: the new one, and those that waited for it. */
  pieces: Piece[]
  /** Keys of bytes that waited, and are in the draft now. */
  joined: string[]
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

const NOTHING_YET = { bytes: 0, received: 0, end: -1, total: -1 }
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
  /** Uploads by the time of their last piece, the oldest first, finished ones included. Loaded once. */
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
      if (!this.#turns.has(name)) await this.#drop(store, id)
    }
  }

  /** Drops everything. */
  async clear (): Promise<void> {
    for (const { store, id } of this.#inOrder().values()) await this.#drop(store, id)
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
    const pieces = new Pieces(store, id)
    const same = pieces.at(range.start)
    const repeated = same?.md5 === file.md5 && same.end === range.end
    const askedAgain = repeated && known?.finishedBy?.start === range.start && known.finishedBy.wish === wish
    if (askedAgain && known?.answer !== undefined && stands(known.answer)) return known.answer
    // An id that is used otherwise after its upload was finished begins a new one.
    const present = known?.answer === undefined ? known : undefined
    const stale = present ? [] : pieces.all()
    const step: TakenPiece = repeated && present
      ? { upload: { ...present, touchedMs: this.#clock() }, pieces: [], joined: [] }
      : await this.#add(store, id, range, file, present)
    const { upload } = step
    const put = pieces.documentsOf(step.pieces)
    put.push({ kind: 'chunked', name: id, value: upload })
    await store.exchangeDocuments(pieces.documentsOf(stale), put).catch(async (error: unknown) => {
      await this.#letGo(store, id, present)
      await this.#remove(blobsOf(step.pieces))
      throw error
    })
    this.#touched(store, id)
    await this.#remove([...step.joined, ...blobsOf(stale)])
    if (upload.total === -1 || upload.bytes < upload.total) return { done: false, bytes: upload.received }
    try {
      const whole = async (): Promise<ReceivedFile> => ({ ...await (await this.#draft(store, id, upload)).finish(), ...file.filename !== undefined && { filename: file.filename } })
      const recalled = repeated && upload.draft !== undefined && !this.#open.has(nameOf(store, id)) ? await recall(upload.draft) : undefined
      const answer = { ...recalled ?? await complete(await whole()), done: true }
      const { draft, ...finished } = upload
      await store.putDocument('chunked', id, { ...finished, answer, finishedBy: { start: range.start, wish } } satisfies Unfinished)
      return answer
    } catch (error) {
      await this.#forget(store, id)
      throw error
    } finally {
      this.#open.delete(nameOf(store, id))
    }
  }

  /** Puts a piece where it belongs: behind the bytes that are there, with all that waited for it, or among those that wait. */
  async #add (
    store: CloudStore, id: string, range: ChunkRange, file: ReceivedFile, present: Unfinished | undefined
  ): Promise<TakenPiece> {
    const { bytes, received, end, total: knownTotal } = present ?? NOTHING_YET
    const pieces = new Pieces(store, id)
    const neighbours = present ? pieces.around(range.start) : []
    const total = joined({ end, total: knownTotal, neighbours }, range, file.bytes, this.#minBytes)
    const draft = await this.#draft(store, id, present)
    const piece: Piece = { start: range.start, end: range.end, md5: file.md5 }
    const common = {
      draft: draft.key,
      total,
      touchedMs: this.#clock(),
      received: received + file.bytes,
      end: Math.max(end, range.end)
    }
    if (range.start !== bytes) {
      // Copied, as appending does it: what is kept must be on the disk before the answer.
      const { key } = await this.#blobs.write(this.#blobs.read(file.key))
      return { upload: { ...common, bytes }, pieces: [{ ...piece, blob: key }], joined: [] }
    }
    const added = [piece]
    const blobs: string[] = []
    try {
      await draft.append(file.key)
      const following = () => present && pieces.at(draft.bytes)
      for (let next = following(); next?.blob !== undefined; next = following()) {
        const { blob, ...rest } = next
        await draft.append(blob)
        blobs.push(blob)
        added.push(rest)
      }
    } catch (error) {
      await this.#letGo(store, id, present)
      throw error
    }
    return { upload: { ...common, bytes: draft.bytes }, pieces: added, joined: blobs }
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
      await this.#remove(blobsOf(await this.#forget(store, id)))
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

  /** Removes the records of an upload and its pieces. @returns the pieces, whose bytes stay. */
  async #forget (store: CloudStore, id: string): Promise<Piece[]> {
    const pieces = new Pieces(store, id)
    const all = pieces.all()
    await store.exchangeDocuments([{ kind: 'chunked', name: id }, ...pieces.documentsOf(all)], [])
    return all
  }

  async #remove (blobs: readonly string[]): Promise<void> {
    await Promise.all(blobs.map((blob) => this.#blobs.remove(blob)))
  }

  #inOrder (): Map<string, { store: CloudStore, id: string }> {
    this.#waiting ??= new Map(this.#store.clouds()
      .flatMap((store) => store.documents<Unfinished>('chunked')
        .map(([id, { touchedMs }]) => ({ store, id, touchedMs })))
      .sort((one, other) => one.touchedMs - other.touchedMs)
      .map(({ store, id }) => [nameOf(store, id), { store, id }]))
    return this.#waiting
  }

  /** Moves an upload to the end of the order. */
  #touched (store: CloudStore, id: string): void {
    const uploads = this.#inOrder()
    uploads.delete(nameOf(store, id))
    uploads.set(nameOf(store, id), { store, id })
  }

  async #drop (store: CloudStore, id: string): Promise<void> {
    const name = nameOf(store, id)
    const upload = store.document<Unfinished>('chunked', id)
    this.#inOrder().delete(name)
    if (!upload) return
    await this.#remove(blobsOf(await this.#forget(store, id)))
    if (this.#open.has(name)) await this.#open.get(name)?.discard()
    else if (upload.draft !== undefined) await this.#blobs.discard(upload.draft)
    this.#open.delete(name)
  }
}

/** Returns the keys of the bytes of pieces that wait. */
function blobsOf (pieces: readonly Piece[]): string[] { return pieces.flatMap(({ blob }) => blob ?? []) }

function nameOf (store: CloudStore, id: string): string {
  return `${store.name}/${id}`
}
