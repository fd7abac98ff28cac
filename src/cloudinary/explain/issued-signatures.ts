import type { LRUCache } from 'lru-cache'
import { boundedMemory, bytesOfText, type MemoryBounds } from '../../bounded-memory.ts'
import { steadyClock } from '../../clock.ts'
import { SIGNATURE_LIFE_SECONDS } from '../../input/signature-time.ts'

/** A signature that this process, or a replica, gave out, and what exactly it covers. */
export interface IssuedSignature {
  /** Name of the environment whose secret signed it. */
  readonly environment: string
  /** Wire text of every signed field. */
  readonly fields: Readonly<Record<string, string>>
  /** The caller that asked for it. */
  readonly owner: string
}

/** The bytes are those of all remembered fields, and of what each signature takes beside them. */
export interface SignatureMemoryOptions extends MemoryBounds {
  readonly lifetimeSeconds?: number
  readonly now?: () => number
}

const MAX_BYTES = 32 * 1024 ** 2
/** What a signature takes beside its texts. */
const OBJECTS_BYTES = 1024

/** Signatures of all environments. They share one bound: a memory for each would grow with their number. */
export type SignatureMemory = LRUCache<string, IssuedSignature>

function bytesOf ({ environment, owner, fields }: IssuedSignature): number {
  let bytes = OBJECTS_BYTES + bytesOfText(environment) + bytesOfText(owner)
  for (const name of Object.keys(fields)) {
    bytes += bytesOfText(name) + bytesOfText(fields[name] as string) // a key of its own
  }
  return bytes
}

/** Makes a memory of signatures. The default bounds hold the latest 10,000 or more. */
export function signatureMemory (options: SignatureMemoryOptions = {}): SignatureMemory {
  const {
    maxBytes = MAX_BYTES, maxEntries, lifetimeSeconds = SIGNATURE_LIFE_SECONDS, now = steadyClock
  } = options
  return boundedMemory({ maxBytes, maxEntries, bytesOf, lifetimeMs: lifetimeSeconds * 1000, now })
}

let signers = 0

/**
 * The signatures of one client, so that a mismatch can be told exactly: "folder was signed as … but sent as
 * …". It is a help that nothing relies on: it ends after an hour, and another replica knows only
 * what `SharedSignatures` shares.
 */
export class IssuedSignatures {
  readonly #memory: SignatureMemory
  /** Not the name of the environment: what another client has signed is none of this one's business. */
  readonly #signer = `${signers++}:`

  constructor (memory: SignatureMemory = signatureMemory()) { this.#memory = memory }

  remember (signature: string, issued: IssuedSignature): void {
    this.#memory.set(this.#signer + signature, issued)
  }

  find (signature: string): IssuedSignature | undefined { return this.#memory.get(this.#signer + signature) }
}
