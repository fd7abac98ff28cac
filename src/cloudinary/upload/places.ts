import { GatewayError } from '../../errors.ts'
import { addressKey } from '../../net/addresses.ts'

/** When a place may be free again. */
export const RETRY_AFTER_SECONDS = '5'

/** Gives something back; a second call does nothing. */
export type Release = () => void

export function once (action: () => void): Release {
  let done = false
  return () => {
    if (done) return
    done = true
    action()
  }
}

/**
 * Uploads whose signature has not been seen. They have places of their own, half as many as there are uploads, so that
 * whoever signs nothing keeps nobody else from uploading; and half of those for one address, so that it takes two.
 */
export class UnprovenUploads {
  readonly #most: number
  readonly #mostOfAddress: number
  /** How many each subscriber has; only those that have any. */
  readonly #bySubscriber = new Map<string, number>()
  #running = 0

  constructor (maxConcurrent: number) {
    this.#most = Math.ceil(maxConcurrent / 2)
    this.#mostOfAddress = Math.ceil(this.#most / 2)
  }

  get running (): number { return this.#running }

  /**
   * Lets one more begin.
   * @throws {GatewayError} `overloaded` when there are as many as may be, in all or of this address.
   */
  admit (address: string): Release {
    const subscriber = addressKey(address)
    const ofAddress = this.#bySubscriber.get(subscriber) ?? 0
    if (this.#running >= this.#most || ofAddress >= this.#mostOfAddress) {
      throw new GatewayError('overloaded', 'As many direct uploads as this gateway takes at a time have not shown a signature yet.', {
        headers: { 'retry-after': RETRY_AFTER_SECONDS }
      })
    }
    this.#running++
    this.#bySubscriber.set(subscriber, ofAddress + 1)
    return once(() => { this.#leave(subscriber) })
  }

  #leave (subscriber: string): void {
    this.#running--
    const before = this.#bySubscriber.get(subscriber)
    if (before !== undefined && before > 1) this.#bySubscriber.set(subscriber, before - 1)
    else this.#bySubscriber.delete(subscriber)
  }
}
