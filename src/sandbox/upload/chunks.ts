import type { BlobStore, Draft } from '../blobs.ts'
import { SandboxError } from '../errors.ts'
import type { ReceivedFile } from '../http/body.ts'

export interface ChunkRange {
  start: number
  /** Last byte, included. */
  end: number
  /** -1: not known yet. */
  total: number
}

interface Session {
  draft: Draft
  /** Accepted ranges with the MD5 of their bytes. */
  parts: { start: number, end: number, md5: string }[]
  total: number
  touchedMs: number
  /** One chunk at a time. */
  turn: Promise<unknown>
  /** The final answer, kept for a client that did not get it and sends its last chunk again. */
  answer?: object
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
 * may come twice. Unfinished ones are forgotten after a day, or with the process.
 */
export class ChunkedUploads {
  readonly #sessions = new Map<string, Session>()
  readonly #blobs: BlobStore
  readonly #minBytes: number
  readonly #clock: () => number

  constructor ({ blobs, minChunkBytes, clock }: { blobs: BlobStore, minChunkBytes: number, clock: () => number }) {
    this.#blobs = blobs
    this.#minBytes = minChunkBytes
    this.#clock = clock
  }

  /**
   * Takes one piece. When it was the last, `complete` gets the whole file and its answer is the answer.
   * @throws {SandboxError} 400 for a gap, an overlap, a wrong length or a piece that is too small.
   */
  async accept (id: string, range: ChunkRange, file: ReceivedFile, complete: (whole: ReceivedFile) => Promise<object>): Promise<object> {
    try {
      await this.#expire()
      const session = await this.#session(id, range)
      const turn = session.turn.then(() => this.#take(id, session, range, file, complete))
      // The next piece waits for this one, however it ends.
      session.turn = turn.catch(() => {})
      return await turn
    } finally {
      await this.#blobs.remove(file.key)
    }
  }

  /** Drops everything unfinished. */
  async clear (): Promise<void> {
    const sessions = [...this.#sessions.values()]
    this.#sessions.clear()
    await Promise.all(sessions.map((session) => session.draft.discard()))
  }

  async #session (id: string, range: ChunkRange): Promise<Session> {
    const known = this.#sessions.get(id)
    const repeated = known?.parts.some((part) => part.start === range.start && part.end === range.end)
    // An id that is used again after its upload was finished begins a new one.
    if (known && (known.answer === undefined || repeated)) return known
    if (range.start !== 0) throw invalidRange()
    const session: Session = { draft: await this.#blobs.draft(), parts: [], total: -1, touchedMs: this.#clock(), turn: Promise.resolve() }
    this.#sessions.set(id, session)
    return session
  }

  async #take (id: string, session: Session, range: ChunkRange, file: ReceivedFile, complete: (whole: ReceivedFile) => Promise<object>): Promise<object> {
    session.touchedMs = this.#clock()
    const repeated = session.parts.find((part) => part.start === range.start && part.end === range.end)
    if (repeated) {
      if (repeated.md5 !== file.md5) throw invalidRange()
      if (session.answer !== undefined) return session.answer
    } else {
      await this.#append(session, range, file)
    }
    if (range.total === -1 || session.draft.bytes < range.total) return { done: false, bytes: session.draft.bytes }
    const whole = await session.draft.finish()
    try {
      session.answer = { ...await complete({ ...whole, ...file.filename !== undefined && { filename: file.filename } }), done: true }
      return session.answer
    } catch (error) {
      this.#sessions.delete(id)
      throw error
    }
  }

  async #append (session: Session, range: ChunkRange, file: ReceivedFile): Promise<void> {
    const last = range.end + 1 === range.total
    if (range.end - range.start + 1 !== file.bytes || range.start !== session.draft.bytes) throw invalidRange()
    if (session.total !== -1 && range.total !== -1 && session.total !== range.total) throw invalidRange()
    if (!last && file.bytes < this.#minBytes) throw new SandboxError(400, 'All parts except EOF-chunk must be larger than 5mb')
    await session.draft.append(file.key)
    session.parts.push({ start: range.start, end: range.end, md5: file.md5 })
    if (range.total !== -1) session.total = range.total
  }

  async #expire (): Promise<void> {
    const oldest = this.#clock() - LIFETIME_MS
    for (const [id, session] of this.#sessions) {
      if (session.touchedMs >= oldest) continue
      this.#sessions.delete(id)
      if (session.answer === undefined) await session.draft.discard()
    }
  }
}

function invalidRange (): SandboxError {
  return new SandboxError(400, 'Content range is invalid')
}
