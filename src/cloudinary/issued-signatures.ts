/** A signature that this process gave out, and what exactly it covers. */
export interface IssuedSignature {
  /** Name of the environment whose secret signed it. */
  readonly environment: string
  /** Wire text of every signed field. */
  readonly fields: Readonly<Record<string, string>>
  readonly issuedAtSeconds: number
  /** Who asked for it. */
  readonly owner: string
}

export interface IssuedSignaturesOptions {
  maxEntries?: number
  /** Sum of the lengths of all remembered fields, in characters. */
  maxCharacters?: number
  lifetimeSeconds?: number
}

interface Entry extends IssuedSignature {
  readonly characters: number
}

/**
 * A bounded, forgetful memory of signatures, so that a mismatch can be told exactly: "folder was signed as … but sent as
 * …". It is a help, not a state that others rely on: another replica, or a later hour, knows nothing of it.
 */
export class IssuedSignatures {
  readonly #entries = new Map<string, Entry>()
  readonly #maxEntries: number
  readonly #maxCharacters: number
  readonly #lifetimeSeconds: number
  #characters = 0

  constructor ({ maxEntries = 10_000, maxCharacters = 16 * 1024 * 1024, lifetimeSeconds = 3600 }: IssuedSignaturesOptions = {}) {
    this.#maxEntries = maxEntries
    this.#maxCharacters = maxCharacters
    this.#lifetimeSeconds = lifetimeSeconds
  }

  get size (): number { return this.#entries.size }

  remember (signature: string, environment: string, fields: Readonly<Record<string, string>>, nowSeconds: number, owner = ''): void {
    this.#forget(signature)
    let characters = signature.length
    for (const [name, value] of Object.entries(fields)) characters += name.length + value.length
    this.#entries.set(signature, { environment, fields, issuedAtSeconds: nowSeconds, owner, characters })
    this.#characters += characters
    this.#shrink(nowSeconds)
  }

  find (signature: string, nowSeconds: number): IssuedSignature | undefined {
    const entry = this.#entries.get(signature)
    return entry && nowSeconds - entry.issuedAtSeconds <= this.#lifetimeSeconds ? entry : undefined
  }

  #forget (signature: string): void {
    const entry = this.#entries.get(signature)
    if (!entry) return
    this.#characters -= entry.characters
    this.#entries.delete(signature)
  }

  /** A Map keeps the order of insertion, so the oldest come first. */
  #shrink (nowSeconds: number): void {
    for (const [signature, { issuedAtSeconds }] of this.#entries) {
      const expired = nowSeconds - issuedAtSeconds > this.#lifetimeSeconds
      if (!expired && this.#entries.size <= this.#maxEntries && this.#characters <= this.#maxCharacters) return
      this.#forget(signature)
    }
  }
}
