import { LRUCache } from 'lru-cache'
import { steadyClock } from '../../clock.ts'
import { SIGNATURE_LIFE_SECONDS } from '../../input/signature-time.ts'

export interface SignatureLimitsOptions {
  readonly maxEntries?: number
  readonly now?: () => number
}

/**
 * The largest file that may be sent with a signature, where its caller has a limit. All clients share one. What
 * `IssuedSignatures` remembers takes more room the longer the fields are, and so a few long forms push it out:
 * here each takes the same, and whoever wants to be rid of a limit has to ask for all of `maxEntries` signatures.
 */
export class SignatureLimits {
  readonly #limits: LRUCache<string, number>

  constructor ({ maxEntries = 50_000, now = steadyClock }: SignatureLimitsOptions = {}) {
    this.#limits = new LRUCache({
      // Not `max`, which takes the memory of all entries at once.
      maxSize: maxEntries,
      sizeCalculation: () => 1,
      ttl: SIGNATURE_LIFE_SECONDS * 1000,
      ttlResolution: 0, // no timer
      perf: { now }
    })
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
