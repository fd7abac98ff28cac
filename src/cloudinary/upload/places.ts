import type { UploadLimits } from '../../config/types.ts'
import { GatewayError } from '../../errors.ts'
import { once, RETRY_AFTER_SECONDS, shareFailure, Shares, type Release, type UploadOwner } from './shares.ts'

export interface PlacesOptions {
  readonly most: number
  /** The part of them that one holder may have. */
  readonly fractions: Partial<UploadLimits['shares']>
  /** What they are called in a refusal. */
  readonly name: string
  /** What is said when all are taken. */
  readonly allTaken: (running: number) => string
}

/** Places of uploads that may run at a time. Each is counted among the shares of its owner. */
export class Places {
  readonly #options: PlacesOptions
  readonly #shares: Shares
  #running = 0

  constructor (options: PlacesOptions) {
    this.#options = options
    this.#shares = new Shares(options.most, options.fractions)
  }

  get running (): number { return this.#running }

  /** @throws {GatewayError} `overloaded` when all places are taken, or those of one of the owner's shares. */
  requireFree (owner: UploadOwner): void {
    const { most, name, allTaken } = this.#options
    const full = this.#shares.full(owner, 1)
    if (full) throw shareFailure(full, { name, total: most })
    if (this.#running < most) return
    throw new GatewayError('overloaded', allTaken(this.#running), { headers: { 'retry-after': RETRY_AFTER_SECONDS } })
  }

  /**
   * Lets one more begin.
   * @throws {GatewayError} as `requireFree` does.
   */
  admit (owner: UploadOwner): Release {
    this.requireFree(owner)
    this.#running++
    const giveBack = this.#shares.take(owner, 1)
    return once(() => {
      this.#running--
      giveBack()
    })
  }
}

/** Places of uploads that are let in. */
export function uploadPlaces ({ maxConcurrent, shares }: Pick<UploadLimits, 'maxConcurrent' | 'shares'>): Places {
  return new Places({
    most: maxConcurrent,
    fractions: shares,
    name: 'places for uploads',
    allTaken: (running) => `${running} uploads are running, which is as many as this gateway takes at a time.`
  })
}

/**
 * Places of uploads whose signature has not been seen. There are half as many as of uploads, so that whoever signs
 * nothing keeps nobody else from uploading; one address gets half of them, so that it takes two.
 */
export function unprovenPlaces ({ maxConcurrent, shares }: Pick<UploadLimits, 'maxConcurrent' | 'shares'>): Places {
  return new Places({
    most: Math.ceil(maxConcurrent / 2),
    fractions: { environment: shares.environment, address: 1 / 2 },
    name: 'places for direct uploads without a proof',
    allTaken: () => 'As many direct uploads as this gateway takes at a time have not shown a signature yet.'
  })
}
