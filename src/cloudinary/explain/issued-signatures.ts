import { SIGNATURE_LIFE_SECONDS } from '../../input/signature-time.ts'

/** A signature that this process gave out, and what exactly it covers. */
export interface IssuedSignature {
  /** Name of the environment whose secret signed it. */
  readonly environment: string
  /** Wire text of every signed field. */
  readonly fields: Readonly<Record<string, string>>
  readonly issuedAtSeconds: number
  /** The caller that asked for it. */
  readonly owner: string
}

export interface IssuedSignaturesOptions {
  maxEntries?: number
  /** Sum of the lengths of all remembered fields, in characters. */
  maxCharacters?: number
  lifetimeSeconds?: number
}

interface KeptSignature extends IssuedSignature {
  readonly characters: number
}

/** Empty places at the front of the queue before it is cut. */
const MOST_EMPTY = 1024

/**
 * A bounded, forgetful memory of signatures, so that a mismatch can be told exactly: "folder was signed as … but sent as
 * …". It is a help, not a state that others rely on: another replica, or a later hour, knows nothing of it.
 */
export class IssuedSignatures {
  readonly #entries = new Map<string, KeptSignature>()
  readonly #maxEntries: number
  readonly #maxCharacters: number
  readonly #lifetimeSeconds: number
  /** Signatures, the oldest at `#oldest`. A Map knows this order too, but to find its first entry it passes all that were deleted. */
  #queue: string[] = []
  #oldest = 0
  #characters = 0

  constructor ({ maxEntries = 10_000, maxCharacters = 16 * 1024 * 1024, lifetimeSeconds = SIGNATURE_LIFE_SECONDS }: IssuedSignaturesOptions = {}) {
    this.#maxEntries = maxEntries
    this.#maxCharacters = maxCharacters
    this.#lifetimeSeconds = lifetimeSeconds
  }

  get size (): number { return this.#entries.size }

  remember (signature: string, environment: string, fields: Readonly<Record<string, string>>, nowSeconds: number, owner = ''): void {
    const known = this.#entries.get(signature)
    if (known) this.#characters -= known.characters
    else this.#queue.push(signature)
    let characters = signature.length
    for (const name of Object.keys(fields)) characters += name.length + (fields[name] as string).length // a key of its own
    this.#entries.set(signature, { environment, fields, issuedAtSeconds: nowSeconds, owner, characters })
    this.#characters += characters
    this.#shrink(nowSeconds)
  }

  find (signature: string, nowSeconds: number): IssuedSignature | undefined {
    const entry = this.#entries.get(signature)
    return entry && nowSeconds - entry.issuedAtSeconds <= this.#lifetimeSeconds ? entry : undefined
  }

  #shrink (nowSeconds: number): void {
    for (let signature = this.#queue[this.#oldest]; signature !== undefined; signature = this.#queue[++this.#oldest]) {
      const entry = this.#entries.get(signature) as KeptSignature // the queue names what is kept
      const expired = nowSeconds - entry.issuedAtSeconds > this.#lifetimeSeconds
      if (!expired && this.#entries.size <= this.#maxEntries && this.#characters <= this.#maxCharacters) break
      this.#entries.delete(signature)
      this.#characters -= entry.characters
    }
    if (this.#oldest <= MOST_EMPTY || this.#oldest * 2 <= this.#queue.length) return
    this.#queue = this.#queue.slice(this.#oldest)
    this.#oldest = 0
  }
}
