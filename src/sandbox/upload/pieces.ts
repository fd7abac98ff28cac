import { SandboxError } from '../errors.ts'
import type { NamedDocument } from '../store/documents.ts'
import type { CloudStore } from '../store/store.ts'

export interface ChunkRange {
  start: number
  /** Last byte, included. */
  end: number
  /** -1: not known yet. */
  total: number
}

/** A range that was accepted, with the MD5 of its bytes. */
export interface Piece {
  start: number
  end: number
  md5: string
  /** Where its bytes are until all those before them have come. */
  blob?: string
}

/** `bytes 0-4999999/-1`; the total may be `-1` or `*` until the last chunk. */
export function parseContentRange (header: string | undefined): ChunkRange {
  const [, start, end, total] = /^bytes\s+(\d+)-(\d+)\/(-1|\d+|\*)$/i.exec(header ?? '') ?? []
  const range = { start: Number(start), end: Number(end), total: total === '*' ? -1 : Number(total) }
  const valid = start !== undefined && range.end >= range.start && (range.total === -1 || range.end < range.total)
  if (!valid || !Number.isSafeInteger(range.end)) throw invalidRange()
  return range
}

/** An upload as far as it is known when a piece arrives. */
interface Puzzle {
  /** Position of the last byte of all pieces; -1 without any. */
  readonly end: number
  /** -1: not known yet. */
  readonly total: number
  /** Pieces next to the new one, or overlapping it. */
  readonly neighbours: readonly Piece[]
}

/**
 * Checks that a new piece fits those that are there; in which order they come does not matter.
 * @returns the total as it is known with it.
 * @throws {SandboxError} 400 for an overlap, a wrong length, another total or a piece that is too small.
 */
export function joined (
  { end, total, neighbours }: Puzzle, range: ChunkRange, bytes: number, minBytes: number
): number {
  const known = range.total === -1 ? total : range.total
  const overlaps = neighbours.some((one) => one.start <= range.end && range.start <= one.end)
  const exceeds = known !== -1 && Math.max(end, range.end) >= known
  const differs = total !== -1 && known !== total
  if (overlaps || exceeds || differs || range.end - range.start + 1 !== bytes) throw invalidRange()
  if (range.end + 1 !== known && bytes < minBytes) throw new SandboxError(400, 'All parts except EOF-chunk must be larger than 5mb')
  return known
}

const KIND = 'chunk_piece'
/** Digits of the greatest safe integer. */
const DIGITS = 16

/** The pieces of one upload: a document each, in the order of their bytes, so all cost the same. */
export class Pieces {
  readonly #store: CloudStore
  readonly #id: string

  constructor (store: CloudStore, id: string) {
    this.#store = store
    this.#id = id
  }

  /** Returns the piece that begins at a byte. */
  at (start: number): Piece | undefined { return this.#store.document<Piece>(KIND, this.#nameOf(start)) }

  /** Returns the last piece that begins before a byte, and the first that begins there or behind it. */
  around (start: number): Piece[] {
    const [before] = start === 0 ? [] : this.#from(start - 1, { descending: true })
    const [behind] = this.#from(start)
    return [before, behind].filter((piece) => piece !== undefined)
  }

  all (): Piece[] { return [...this.#from(0)] }

  documentsOf (pieces: readonly Piece[]): NamedDocument[] {
    return pieces.map((piece) => ({ kind: KIND, name: this.#nameOf(piece.start), value: piece }))
  }

  * #from (start: number, options: { descending?: boolean } = {}): Iterable<Piece> {
    for (const [name, piece] of this.#store.documentsFrom<Piece>(KIND, this.#nameOf(start), options)) {
      if (!name.startsWith(`${this.#id}\n`)) return
      yield piece
    }
  }

  /** Returns the name of a piece. Headers have no line breaks, so no id is a prefix of another one's name. */
  #nameOf (start: number): string { return `${this.#id}\n${String(start).padStart(DIGITS, '0')}` }
}

export function invalidRange (): SandboxError {
  return new SandboxError(400, 'Content range is invalid')
}
