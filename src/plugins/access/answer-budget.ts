/** Bounds on the bytes of answers that nobody has read yet. */
export interface AnswerLimits {
  readonly maxBytes: number
  /** Share of one caller, or of one address. */
  readonly maxBytesOfOne: number
}

const MAX_BYTES = 64 * 1024 ** 2

/** Returns the limits for so many bytes: one caller or address gets a quarter of them. */
export function answerLimits (maxBytes = MAX_BYTES): AnswerLimits {
  return { maxBytes, maxBytesOfOne: maxBytes / 4 }
}

/**
 * Counts the bytes that wait in this process to be read, in total and by owner: a caller or an address. An
 * answer larger than a share fits when nothing else waits; otherwise it could never be sent.
 */
export class AnswerBudget {
  readonly #limits: AnswerLimits
  /** Only owners with bytes that wait. */
  readonly #byOwner = new Map<string, number>()
  #waitingBytes = 0

  constructor (limits: AnswerLimits = answerLimits()) { this.#limits = limits }

  get waitingBytes (): number { return this.#waitingBytes }

  get owners (): number { return this.#byOwner.size }

  /** Returns whether one of the owners has used up its share. */
  isFull (owners: readonly string[]): boolean {
    return owners.some((owner) => (this.#byOwner.get(owner) ?? 0) >= this.#limits.maxBytesOfOne)
  }

  /** Returns whether `bytes` may wait, in place of the `held` bytes that count for the same answer already. */
  hasRoom (owners: readonly string[], bytes: number, held = 0): boolean {
    const { maxBytes, maxBytesOfOne } = this.#limits
    const fits = (used: number, most: number): boolean => used === held || used - held + bytes <= most
    return fits(this.#waitingBytes, maxBytes) &&
      owners.every((owner) => fits(this.#byOwner.get(owner) ?? 0, maxBytesOfOne))
  }

  /** Counts bytes, also beyond the limits; a negative number gives them back. */
  add (owners: readonly string[], bytes: number): void {
    this.#waitingBytes += bytes
    for (const owner of owners) {
      const used = (this.#byOwner.get(owner) ?? 0) + bytes
      if (used > 0) this.#byOwner.set(owner, used)
      else this.#byOwner.delete(owner)
    }
  }
}
