import type { UploadLimits } from '../../config/types.ts'
import { GatewayError, overloaded } from '../../errors.ts'
import { STREAM_ADVICE } from '../../input/body-type.ts'
import { Arena, type Loan, type Side } from './arena.ts'
import { unprovenPlaces, uploadPlaces, type Places } from './places.ts'
import {
  once,
  shareFailure,
  Shares,
  type FullShare,
  type Release,
  type UploadOwner
} from './shares.ts'

export type { Loan } from './arena.ts'

interface Waiter {
  readonly bytes: number
  readonly owner: UploadOwner
  readonly grant: (loan: Loan) => void
}

/**
 * Places and memory that all uploads of the process share: how many may run, and how much their held chunks may
 * take. No owner gets more than its shares of either.
 */
export class UploadBudget {
  readonly #arena: Arena
  readonly #places: Places
  readonly #unproven: Places
  readonly #shares: Shares
  readonly #queue: Waiter[] = []
  #held = 0

  /** @param idleMs how long memory is kept that nobody holds */
  constructor (limits: Pick<UploadLimits, 'maxConcurrent' | 'bufferBytes' | 'shares'>, idleMs?: number) {
    this.#arena = new Arena(limits.bufferBytes, idleMs)
    this.#places = uploadPlaces(limits)
    this.#unproven = unprovenPlaces(limits)
    this.#shares = new Shares(limits.bufferBytes, limits.shares)
  }

  get running (): number { return this.#places.running }
  get heldBytes (): number { return this.#held }
  get waiting (): number { return this.#queue.length }
  get unproven (): number { return this.#unproven.running }

  /**
   * Lets one more upload begin, before a byte of it is read.
   * @throws {GatewayError} `overloaded` when as many run as may, in all or of one of the owner's shares.
   */
  admit (owner: UploadOwner = {}): Release { return this.#places.admit(owner) }

  /** Lets one more upload begin as `admit` does, after a moment if need be. */
  async admitSoon (owner: UploadOwner = {}): Promise<Release> { return this.#places.admitSoon(owner) }

  /**
   * Lets an upload begin that nobody has vouched for yet. It takes none of the places of `admit`, though one must be free:
   * what would be refused after its first fields is refused before them.
   * @param asked address and environment as the request names them; `owner` is what is known of it for sure.
   * @throws {GatewayError} `overloaded` when as many run as may.
   */
  async admitUnproven (asked: UploadOwner, owner: UploadOwner = {}): Promise<Release> {
    const leave = await this.#places.admitSoon(owner)
    leave()
    return this.#unproven.admit(asked)
  }

  /** Returns whether so much can be borrowed without waiting. */
  hasRoom (bytes: number, owner: UploadOwner = {}): boolean {
    const counted = this.#counted(bytes)
    if (!this.#arena.fits(counted) || this.#shares.full(owner, counted)) return false
    const awaited = this.#awaited()
    return awaited !== undefined && !this.#concernsAny(awaited, owner)
  }

  /**
   * Lends memory for `bytes`, waiting in line, first come first served, until there is room in the budget and in
   * the owner's shares. A chunk larger than the whole budget counts as the whole of it, and then has it for
   * itself.
   */
  async borrow (bytes: number, signal: AbortSignal, owner: UploadOwner = {}): Promise<Loan> {
    signal.throwIfAborted()
    return this.hasRoom(bytes, owner) ? this.#hold(bytes, owner) : await this.#wait(bytes, owner, signal)
  }

  /** Largest loan that does not count as the whole. */
  get capacity (): number { return this.#arena.capacity }

  /**
   * Lends memory for a text of this length, without waiting. Release it only when nobody reads the text any
   * more.
   * @throws {GatewayError} `overloaded` when there is no room now, `payload_too_large` when there never is.
   */
  lendNow (bytes: number, owner: UploadOwner = {}): Loan {
    const { capacity } = this
    if (bytes > capacity) {
      throw new GatewayError(
        'payload_too_large',
        `The body has ${bytes} bytes; all uploads together may hold ${capacity}.`,
        { members: { advice: STREAM_ADVICE } }
      )
    }
    const full = this.#shares.full(owner, bytes)
    if (full) throw shareFailure(full, { name: 'bytes of memory for uploads', total: capacity })
    if (!this.hasRoom(bytes, owner)) {
      throw overloaded(`There is no memory for a body of ${bytes} bytes beside the uploads that are running.`)
    }
    return this.#hold(bytes, owner, 'end')
  }

  #counted (bytes: number): number { return Math.min(bytes, this.capacity) }

  #hold (bytes: number, owner: UploadOwner, side?: Side): Loan {
    const counted = this.#counted(bytes)
    const { memory, release } = this.#arena.take(bytes, side)
    this.#held += counted
    const giveBack = this.#shares.take(owner, counted)
    return {
      memory,
      release: once(() => {
        this.#held -= counted
        release()
        giveBack()
        this.#grant()
      })
    }
  }

  async #wait (bytes: number, owner: UploadOwner, signal: AbortSignal): Promise<Loan> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#queue.splice(this.#queue.indexOf(waiter), 1)
        reject(signal.reason)
        // A large one that left may have stood before small ones that fit.
        this.#grant()
      }
      const waiter: Waiter = {
        bytes,
        owner,
        grant: (loan) => {
          signal.removeEventListener('abort', onAbort)
          resolve(loan)
        }
      }
      signal.addEventListener('abort', onAbort, { once: true })
      this.#queue.push(waiter)
    })
  }

  /** Shares that those in line wait for; undefined when somebody waits for memory that is free for all. */
  #awaited (): FullShare[] | undefined {
    const awaited: FullShare[] = []
    for (const { bytes, owner } of this.#queue) {
      const full = this.#shares.full(owner, this.#counted(bytes))
      if (full) awaited.push(full)
      else if (!this.#concernsAny(awaited, owner)) return undefined
    }
    return awaited
  }

  #concernsAny (shares: readonly FullShare[], owner: UploadOwner): boolean {
    return shares.some((share) => this.#shares.concerns(share, owner))
  }

  /**
   * Lends to those in line, the longest wait first. Nobody overtakes another that waits for the same: for memory,
   * or for room in a share that both take from. Whoever waits for its own share holds up nobody else.
   */
  #grant (): void {
    const awaited: FullShare[] = []
    for (const waiter of [...this.#queue]) {
      const { bytes, owner } = waiter
      const full = this.#shares.full(owner, this.#counted(bytes))
      if (full) awaited.push(full)
      if (this.#concernsAny(awaited, owner)) continue
      if (!this.#arena.fits(this.#counted(bytes))) return
      this.#queue.splice(this.#queue.indexOf(waiter), 1)
      waiter.grant(this.#hold(bytes, owner))
    }
  }
}

const budgets = new WeakMap<object, UploadBudget>()

/** The one budget of all clients that were built from the same limits, whatever their environment. */
export function budgetOf (limits: UploadLimits): UploadBudget {
  const budget = budgets.get(limits) ?? new UploadBudget(limits)
  budgets.set(limits, budget)
  return budget
}
