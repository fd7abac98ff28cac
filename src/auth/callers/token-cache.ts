import type { Claims } from '../policy/caller.ts'

/** A token that was verified once: its claims, and the key that vouched for them. */
export interface VerifiedToken {
  readonly claims: Claims
  readonly fingerprint: string
  /** Milliseconds, as `Date.now` gives them. */
  readonly expiresAtMs: number
}

/** Verified tokens by the SHA-256 of their text; the least recently used one leaves first. */
export class TokenCache {
  readonly #entries = new Map<string, VerifiedToken>()
  readonly #maxEntries: number
  constructor (maxEntries: number) { this.#maxEntries = maxEntries }

  get size (): number { return this.#entries.size }

  /** The token, if it has not run out and its key is still one of ours. */
  get (digest: string, nowMs: number, isLive: (fingerprint: string) => boolean): VerifiedToken | undefined {
    const entry = this.#entries.get(digest)
    if (!entry) return undefined
    this.#entries.delete(digest)
    if (entry.expiresAtMs <= nowMs || !isLive(entry.fingerprint)) return undefined
    this.#entries.set(digest, entry)
    return entry
  }

  set (digest: string, entry: VerifiedToken): void {
    this.#entries.set(digest, entry)
    if (this.#entries.size <= this.#maxEntries) return
    const [oldest] = this.#entries.keys()
    if (oldest !== undefined) this.#entries.delete(oldest)
  }
}
