import { hash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { CallerKey } from '../../schemas/caller.ts'

const DIGEST_PATTERN = /^sha256:([0-9a-f]{64})$/i

/** Reads `sha256:<64 hex digits>`; undefined for anything else. */
export function parseDigest (text: string): Buffer | undefined {
  const hex = DIGEST_PATTERN.exec(text)?.[1]
  return hex === undefined ? undefined : Buffer.from(hex, 'hex')
}

/** SHA-256 of a key as it was sent. */
export function digestOf (key: string): Buffer {
  return Buffer.from(hash('sha256', key, 'hex'), 'hex')
}

/** Holds the digest of the key that is looked for; making one for each request takes as long as hashing. */
const offered = Buffer.alloc(32)

/** Digest that belongs to no key. Unknown keys are compared with it, which takes the time of a known one. */
const nobodys = randomBytes(32)

/** The keys of all callers, found by their digests however many there are. */
export class KeyIndex {
  readonly #byDigest: ReadonlyMap<string, CallerKey>

  /** The last of several equal keys counts. */
  constructor (known: readonly CallerKey[]) {
    this.#byDigest = new Map(known.map((key) => [key.digest.toString('binary'), key]))
  }

  /**
   * Returns the caller whose key this is, or undefined. Nobody can choose the digest of a key that they do
   * not have, so the time of a look-up tells nothing of one; whether it is the whole digest is compared in
   * constant time.
   */
  callerOf (key: string): string | undefined {
    const digest = hash('sha256', key, 'binary')
    offered.write(digest, 'binary')
    const found = this.#byDigest.get(digest)
    return timingSafeEqual(found?.digest ?? nobodys, offered) ? found?.caller : undefined
  }
}
