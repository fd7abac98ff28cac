import { createHmac } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { steadyClock } from '../clock.ts'
import type { CloudinaryEnvironment } from '../schemas/environment.ts'

/** A verdict that replicas share. */
export interface SharedVerdict {
  readonly verified: boolean
  /** What Cloudinary said when it refused the credentials. */
  readonly told?: string | undefined
  /** How long it holds from when it was stored, in milliseconds. */
  readonly lastsMs: number
}

/**
 * `known`: the verdict holds for `forMs` more. `yours`: make the proof. `busy`: another process is making it.
 */
export type ProofClaim =
  | { readonly state: 'known', readonly verdict: SharedVerdict, readonly forMs: number }
  | { readonly state: 'yours' | 'busy' }

/** Remembers verdicts under names that `proofName` makes. */
export interface ProofStore {
  /** Returns the verdict that holds; without one, lets one process make the proof. */
  claim (name: string): Promise<ProofClaim>
  keep (name: string, verdict: SharedVerdict): Promise<void>
  /** Ends a claim without a verdict, and forgets the verdict before it. */
  forget (name: string): Promise<void>
}

/**
 * How long a proof holds while no call repeats it, in milliseconds. Cloudinary counts Admin calls by the
 * hour.
 */
export const PROOF_LASTS_MS = 30 * 60_000
/** How long others wait for a proof that a process has claimed. */
export const CLAIM_MS = 5_000

/**
 * Names the proof of these credentials for this account. The secret is the key of an HMAC, so the name does
 * not reveal it. New credentials get a new name.
 */
export function proofName (
  account: string, { apiKey, apiSecret }: Pick<CloudinaryEnvironment, 'apiKey' | 'apiSecret'>
): string {
  const digest = createHmac('sha256', apiSecret.reveal()).update(`proof ${apiKey}`).digest('hex')
  return `${account}:${digest}`
}

interface KeptVerdict { readonly verdict: SharedVerdict | undefined, readonly untilMs: number }

/**
 * Keeps verdicts in this process: credentials that return, or that two environments share, are not proved
 * again.
 */
export class MemoryProofStore implements ProofStore {
  readonly #kept = new LRUCache<string, KeptVerdict>({ max: 200 })
  readonly #now: () => number

  constructor ({ now = steadyClock }: { readonly now?: () => number } = {}) { this.#now = now }

  async claim (name: string): Promise<ProofClaim> {
    const kept = this.#kept.get(name)
    const forMs = (kept?.untilMs ?? 0) - this.#now()
    if (kept === undefined || forMs <= 0) {
      this.#set(name, undefined, CLAIM_MS)
      return { state: 'yours' }
    }
    const { verdict } = kept
    return verdict === undefined ? { state: 'busy' } : { state: 'known', verdict, forMs }
  }

  async keep (name: string, verdict: SharedVerdict): Promise<void> {
    this.#set(name, verdict, verdict.lastsMs)
  }

  async forget (name: string): Promise<void> { this.#kept.delete(name) }

  #set (name: string, verdict: SharedVerdict | undefined, forMs: number): void {
    this.#kept.set(name, { verdict, untilMs: this.#now() + forMs })
  }
}
