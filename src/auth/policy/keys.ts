import { hash, timingSafeEqual } from 'node:crypto'
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

/**
 * The caller whose key this is, or undefined. Digests share one length, so comparing neither throws nor tells how long a
 * key is; every digest is compared, so the time does not tell which one fitted.
 */
export function callerOfKey (key: string, known: readonly CallerKey[]): string | undefined {
  offered.write(hash('sha256', key, 'binary'), 'binary')
  let caller: string | undefined
  for (const { caller: name, digest } of known) {
    if (timingSafeEqual(digest, offered)) caller = name
  }
  return caller
}
