import { GatewayError } from '../errors.ts'
import type { Claim, Hold, IdempotencyRecord } from './record.ts'

const RETRY_AFTER_SECONDS = '2'

/**
 * Returns the right to run the upload of a claim.
 * @throws {GatewayError} `idempotency_in_progress` where there is none.
 */
export function holdOf (claim: Claim): Hold {
  if (claim.state === 'held') return claim.hold
  throw new GatewayError('idempotency_in_progress', 'An upload with this Idempotency-Key is still running.', {
    headers: { 'retry-after': RETRY_AFTER_SECONDS }
  })
}

/** A key that was found to be known, and the request that asked for it. */
interface KnownKey { readonly record: IdempotencyRecord, readonly asked: IdempotencyRecord }

/**
 * A key that is taken when the upload is sealed, and so has shown its proof: whoever has none could keep the key
 * from its owner for as long as the file takes.
 */
export class LateHold implements Hold {
  readonly #claim: () => Promise<Claim>
  #hold: Hold | undefined
  #found: KnownKey | undefined

  constructor (claim: () => Promise<Claim>) { this.#claim = claim }

  /** Set when the upload was ended because its key is known. */
  get found (): KnownKey | undefined { return this.#found }

  /** @throws {GatewayError} `idempotency_in_progress`, also where the key is known, which `found` then tells. */
  async seal (asked: IdempotencyRecord): Promise<void> {
    const claim = await this.#claim()
    if (claim.state === 'known') this.#found = { record: claim.record, asked }
    this.#hold = holdOf(claim)
    await this.#hold.seal(asked)
  }

  async settle (record: IdempotencyRecord): Promise<void> { await this.#hold?.settle(record) }

  async release (): Promise<void> { await this.#hold?.release() }
}
