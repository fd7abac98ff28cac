import { SandboxError } from '../errors.ts'

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

/** What is known of the file that pieces are going to make. */
interface Puzzle { parts: readonly Piece[], total: number }

/** `bytes 0-4999999/-1`; the total may be `-1` or `*` until the last chunk. */
export function parseContentRange (header: string | undefined): ChunkRange {
  const [, start, end, total] = /^bytes\s+(\d+)-(\d+)\/(-1|\d+|\*)$/i.exec(header ?? '') ?? []
  const range = { start: Number(start), end: Number(end), total: total === '*' ? -1 : Number(total) }
  const valid = start !== undefined && range.end >= range.start && (range.total === -1 || range.end < range.total)
  if (!valid || !Number.isSafeInteger(range.end)) throw invalidRange()
  return range
}

/**
 * Whether a new piece joins those that are there; in which order they come does not matter.
 * @returns the total as it is known with it.
 * @throws {SandboxError} 400 for an overlap, a wrong length, another total or a piece that is too small.
 */
export function joined ({ parts, total }: Puzzle, range: ChunkRange, bytes: number, minBytes: number): number {
  const known = range.total === -1 ? total : range.total
  const overlaps = parts.some(({ start, end }) => start <= range.end && range.start <= end)
  const exceeds = known !== -1 && [range, ...parts].some(({ end }) => end >= known)
  const differs = total !== -1 && known !== total
  if (overlaps || exceeds || differs || range.end - range.start + 1 !== bytes) throw invalidRange()
  if (range.end + 1 !== known && bytes < minBytes) throw new SandboxError(400, 'All parts except EOF-chunk must be larger than 5mb')
  return known
}

/** Bytes of all pieces, those that wait included. */
export function received (parts: readonly Piece[]): number {
  return parts.reduce((sum, { start, end }) => sum + end - start + 1, 0)
}

/** Keys of what waits. */
export function waiting (parts: readonly Piece[]): string[] {
  return parts.flatMap(({ blob }) => blob ?? [])
}

export function invalidRange (): SandboxError {
  return new SandboxError(400, 'Content range is invalid')
}
