import { once, type Release } from './shares.ts'

const IDLE_MS = 5_000

/**
 * End of the block to cut from: texts of any size stand at the end, so that they leave no gaps between
 * chunks.
 */
export type Side = 'start' | 'end'

/** Memory for one chunk or text, to be given back. */
export interface Loan {
  readonly memory: Buffer
  readonly release: Release
}

interface LentPiece { readonly start: number, readonly end: number }

/**
 * One block of memory that all loans are cut from. With a buffer for each loan, the garbage collector would
 * free the old ones long after new ones are allocated. Pages of the block that were never written to take no
 * memory.
 */
export class Arena {
  readonly capacity: number
  readonly #idleMs: number
  /** Pieces that are lent, from the first to the last. */
  readonly #lent: LentPiece[] = []
  #block: Buffer | undefined
  /**
   * The block that was released. It is used again until it is collected: two blocks would exceed the
   * capacity.
   */
  #previous: WeakRef<Buffer> | undefined
  #forgetting: NodeJS.Timeout | undefined

  /** @param idleMs how long the block is kept while nothing of it is lent */
  constructor (capacity: number, idleMs = IDLE_MS) {
    this.capacity = capacity
    this.#idleMs = idleMs
  }

  /** Returns whether so much can be taken now, in one piece. */
  fits (bytes: number): boolean { return this.#gapFor(bytes, 'start') !== undefined }

  /** Takes one piece. More than the capacity gets a buffer of its own, while nothing else is lent. */
  take (bytes: number, side: Side = 'start'): Loan {
    const piece = this.#gapFor(Math.min(bytes, this.capacity), side)
    if (piece === undefined) throw new RangeError(`there is no room for ${bytes} bytes`)
    const next = this.#lent.findIndex(({ start }) => start >= piece.end)
    this.#lent.splice(next < 0 ? this.#lent.length : next, 0, piece)
    clearTimeout(this.#forgetting)
    const memory = bytes > this.capacity
      ? Buffer.allocUnsafeSlow(bytes)
      : this.#memory().subarray(piece.start, piece.end)
    return { memory, release: once(() => { this.#giveBack(piece) }) }
  }

  #memory (): Buffer {
    this.#block ??= this.#previous?.deref() ?? Buffer.allocUnsafeSlow(this.capacity)
    return this.#block
  }

  /** Returns the first gap that is large enough, or the last one for `end`. */
  #gapFor (bytes: number, side: Side): LentPiece | undefined {
    let found: LentPiece | undefined
    let start = 0
    for (const next of [...this.#lent, { start: this.capacity, end: this.capacity }]) {
      if (next.start - start >= bytes) {
        if (side === 'start') return { start, end: start + bytes }
        found = { start: next.start - bytes, end: next.start }
      }
      start = next.end
    }
    return found
  }

  #giveBack (piece: LentPiece): void {
    this.#lent.splice(this.#lent.indexOf(piece), 1)
    if (this.#lent.length > 0) return
    this.#forgetting = setTimeout(() => {
      this.#previous = this.#block && new WeakRef(this.#block)
      this.#block = undefined
    }, this.#idleMs)
    this.#forgetting.unref()
  }
}
