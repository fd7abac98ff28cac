import type { LRUCache } from 'lru-cache'
import { boundedMemory, type MemoryBounds } from '../../bounded-memory.ts'
import { steadyClock } from '../../clock.ts'
import { SIGNATURE_LIFE_SECONDS } from '../../input/signature-time.ts'

export interface SignatureLimitsOptions extends MemoryBounds {
  readonly now?: () => number
}

const MAX_BYTES = 16 * 1024 ** 2

/**
 * The largest file that may be sent with a signature, where its caller has a limit. All clients share one.
 * What `IssuedSignatures` remembers takes more room the longer the fields are, and so a few long forms push
 * it out: here each takes the same, and whoever wants to be rid of a limit has to ask for tens of thousands
 * of signatures.
 */
export class SignatureLimits {
  readonly #limits: LRUCache<string, number>

  constructor ({ maxBytes = MAX_BYTES, maxEntries, now = steadyClock }: SignatureLimitsOptions = {}) {
    this.#limits = boundedMemory({ maxBytes, maxEntries, lifetimeMs: SIGNATURE_LIFE_SECONDS * 1000, now })
  }

  /** `account` keeps apart signatures of different secrets. The latest caller of a signature decides. */
  remember (account: string, signature: string, maxBytes: number | undefined): void {
    const key = `${account}:${signature}`
    if (maxBytes === undefined) this.#limits.delete(key)
    else this.#limits.set(key, maxBytes)
  }

  find (account: string, signature: string): number | undefined {
    return this.#limits.get(`${account}:${signature}`)
  }
}
