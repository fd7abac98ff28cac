import type { UploadLimits } from '../../config/types.ts'
import { type GatewayError, overloaded } from '../../errors.ts'
import { once, shareFailure, Shares, type Release, type UploadOwner } from './shares.ts'

/** Longest wait for a place. A burst, or a pause of the process, passes sooner. */
const PATIENCE_MS = 500

export interface PlacesOptions {
  readonly most: number
  /** Parts of the places that one holder may have. */
  readonly fractions: Partial<UploadLimits['shares']>
  /** Name of the places in a refusal. */
  readonly name: string
  /** Makes the refusal for when all are taken. */
  readonly allTaken: (running: number) => string
  readonly patienceMs?: number
}

/** An upload that waits for a place. */
interface PlaceWaiter {
  readonly owner: UploadOwner
  readonly grant: (place: Release) => void
}

/** Places of uploads that may run at a time. Each is counted among the shares of its owner. */
export class Places {
  readonly #options: PlacesOptions
  readonly #shares: Shares
  readonly #line: PlaceWaiter[] = []
  /** Shares of the line: no holder may fill it either. */
  readonly #inLine: Shares
  #running = 0

  constructor (options: PlacesOptions) {
    this.#options = options
    this.#shares = new Shares(options.most, options.fractions)
    this.#inLine = new Shares(options.most, options.fractions)
  }

  get running (): number { return this.#running }

  /**
   * Lets one more begin.
   * @throws {GatewayError} `overloaded` when all places are taken, or those of one of the owner's shares.
   */
  admit (owner: UploadOwner): Release {
    const failure = this.#failure(owner)
    if (failure) throw failure
    return this.#occupy(owner)
  }

  /**
   * Lets one more begin, and waits a moment when there is no place for it. As many may wait as may run, of each
   * share too.
   * @throws {GatewayError} as `admit` does.
   */
  async admitSoon (owner: UploadOwner): Promise<Release> {
    const failure = this.#failure(owner)
    if (!failure) return this.#occupy(owner)
    if (this.#line.length >= this.#options.most || this.#inLine.full(owner, 1)) throw failure
    const leaveLine = this.#inLine.take(owner, 1)
    const place = await this.#wait(owner)
    leaveLine()
    if (!place) throw failure
    return place
  }

  #failure (owner: UploadOwner): GatewayError | undefined {
    const { most, name, allTaken } = this.#options
    const full = this.#shares.full(owner, 1)
    if (full) return shareFailure(full, { name, total: most })
    if (this.#running < most) return undefined
    return overloaded(allTaken(this.#running))
  }

  #occupy (owner: UploadOwner): Release {
    this.#running++
    const giveBack = this.#shares.take(owner, 1)
    return once(() => {
      this.#running--
      giveBack()
      this.#grant()
    })
  }

  /** Waits for a place; undefined when there is none in time. */
  async #wait (owner: UploadOwner): Promise<Release | undefined> {
    const { patienceMs = PATIENCE_MS } = this.#options
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#line.splice(this.#line.indexOf(waiter), 1)
        resolve(undefined)
      }, patienceMs)
      const waiter: PlaceWaiter = {
        owner,
        grant: (place) => {
          clearTimeout(timer)
          resolve(place)
        }
      }
      this.#line.push(waiter)
    })
  }

  /**
   * Gives places to those in line, the longest wait first. Whoever waits for its own share holds up nobody else.
   */
  #grant (): void {
    for (const waiter of [...this.#line]) {
      if (this.#running >= this.#options.most) return
      if (this.#shares.full(waiter.owner, 1)) continue
      this.#line.splice(this.#line.indexOf(waiter), 1)
      waiter.grant(this.#occupy(waiter.owner))
    }
  }
}

type PlaceLimits = Pick<UploadLimits, 'maxConcurrent' | 'shares'>

/** Makes the places of uploads that are let in. */
export function uploadPlaces ({ maxConcurrent, shares }: PlaceLimits): Places {
  return new Places({
    most: maxConcurrent,
    fractions: shares,
    name: 'places for uploads',
    allTaken: (running) => `${running} uploads are running, which is as many as this gateway takes at a time.`
  })
}

/**
 * Makes the places of uploads whose signature has not been seen. There are half as many as of uploads, so that
 * whoever signs nothing keeps nobody else from uploading; one address gets half of them, so that it takes two.
 */
export function unprovenPlaces ({ maxConcurrent, shares }: PlaceLimits): Places {
  return new Places({
    most: Math.ceil(maxConcurrent / 2),
    fractions: { environment: shares.environment, address: 1 / 2 },
    name: 'places for direct uploads without a proof',
    allTaken: () => 'As many direct uploads as this gateway takes at a time have not shown a signature yet.'
  })
}
