import { steadyClock } from '../clock.ts'
import type { SignatureStore } from '../cloudinary/explain/shared-signatures.ts'
import { SIGNATURE_LIFE_SECONDS } from '../input/signature-time.ts'
import type { RedisLink, RunScript } from './link.ts'

/** Arguments: text, lifetime in ms. */
const PUT = 'return redis.call("SET", KEYS[1], ARGV[1], "PX", ARGV[2])'
/** Whatever no gateway has put there is not carried here: it may be large. */
const GET = `
local found = redis.pcall('GET', KEYS[1])
return type(found) == 'string' and #found <= 32768 and found
`
const KIND = 'signature:'
const PUT_TIMEOUT_MS = 1_000
/** A request waits for it. */
const GET_TIMEOUT_MS = 250
const LIFE_MS = SIGNATURE_LIFE_SECONDS * 1000
const MIB = 1024 * 1024

export interface SignatureStoreOptions {
  /** Approximate number of characters that this process keeps in Redis at a time. */
  readonly maxCharacters?: number
  readonly now?: () => number
}

/**
 * Shares signatures between replicas. It is only a help: while Redis is down, or when more is signed within
 * an hour than there is room for, each replica knows only its own.
 */
export class RedisSignatureStore implements SignatureStore {
  readonly #link: RedisLink
  readonly #put: RunScript
  readonly #get: RunScript
  readonly #now: () => number
  readonly #maxCharacters: number
  /** Estimated characters in Redis. They are assumed to expire evenly. */
  #held = 0
  #sinceMs: number

  constructor (link: RedisLink, { maxCharacters = 32 * MIB, now = steadyClock }: SignatureStoreOptions = {}) {
    this.#link = link
    this.#put = link.within(PUT_TIMEOUT_MS)
    this.#get = link.within(GET_TIMEOUT_MS)
    this.#now = now
    this.#maxCharacters = maxCharacters
    this.#sinceMs = now()
  }

  put (name: string, text: string): void {
    if (this.#link.isDown || !this.#hasRoom(name.length + text.length)) return
    // The link notes failures, and nobody waits for this.
    this.#put(PUT, KIND + name, text, LIFE_MS).catch(() => {})
  }

  async get (name: string): Promise<string | undefined> {
    if (this.#link.isDown) return undefined
    const text = await this.#get(GET, KIND + name).catch(() => undefined)
    return typeof text === 'string' ? text : undefined
  }

  #hasRoom (characters: number): boolean {
    const nowMs = this.#now()
    const runOut = this.#maxCharacters * (nowMs - this.#sinceMs) / LIFE_MS
    this.#held = Math.max(0, this.#held - runOut)
    this.#sinceMs = nowMs
    if (this.#held + characters > this.#maxCharacters) return false
    this.#held += characters
    return true
  }
}
