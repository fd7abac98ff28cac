import type { UploadLimits } from '../../config/types.ts'
import { GatewayError } from '../../errors.ts'
import { STREAM_ADVICE } from '../../input/body-type.ts'
import { once, RETRY_AFTER_SECONDS, UnprovenUploads, type Release } from './places.ts'

const IDLE_MS = 5_000

interface Waiter {
  readonly bytes: number
  readonly grant: () => void
}

/** Memory for one chunk, to be given back. */
export interface Loan {
  readonly memory: Buffer
  readonly release: Release
}

/** What all uploads of the process share: how many may run, and how much memory their held chunks may take. */
export class UploadBudget {
  readonly #maxConcurrent: number
  readonly #capacity: number
  readonly #idleMs: number
  readonly #unproven: UnprovenUploads
  readonly #queue: Waiter[] = []
  /** Memory that was given back and is lent again, because the collector frees large buffers late. By its size. */
  readonly #idle = new Map<number, Buffer[]>()
  #idleBytes = 0
  #forgetting: NodeJS.Timeout | undefined
  #running = 0
  #held = 0

  /** @param idleMs how long memory is kept that nobody holds */
  constructor ({ maxConcurrent, bufferBytes }: Pick<UploadLimits, 'maxConcurrent' | 'bufferBytes'>, idleMs = IDLE_MS) {
    this.#idleMs = idleMs
    this.#maxConcurrent = maxConcurrent
    this.#unproven = new UnprovenUploads(maxConcurrent)
    this.#capacity = bufferBytes
  }

  get running (): number { return this.#running }
  get heldBytes (): number { return this.#held }
  get waiting (): number { return this.#queue.length }
  get unproven (): number { return this.#unproven.running }

  /**
   * Lets one more upload begin, before a byte of it is read.
   * @throws {GatewayError} `overloaded` when as many run as may.
   */
  admit (): Release {
    this.#requirePlace()
    this.#running++
    return once(() => { this.#running-- })
  }

  /**
   * Lets an upload begin that nobody has vouched for yet. It takes none of the places of `admit`, though one must be free:
   * what would be refused after its first fields is refused before them.
   * @throws {GatewayError} `overloaded` when as many run as may.
   */
  admitUnproven (address: string): Release {
    this.#requirePlace()
    return this.#unproven.admit(address)
  }

  /** Whether so much can be borrowed without waiting. */
  hasRoom (bytes: number): boolean { return this.#queue.length === 0 && this.#held + Math.min(bytes, this.#capacity) <= this.#capacity }

  /**
   * Lends memory for `bytes`, waiting in line, first come first served, until the budget has room. A chunk larger than
   * the whole budget counts as the whole of it, and then has it for itself.
   */
  async borrow (bytes: number, signal: AbortSignal): Promise<Loan> {
    const counted = Math.min(bytes, this.#capacity)
    signal.throwIfAborted()
    if (this.hasRoom(bytes)) this.#held += counted
    else await this.#wait(counted, signal)
    clearTimeout(this.#forgetting)
    const memory = this.#take(bytes)
    return {
      memory,
      release: once(() => {
        this.#keep(memory)
        this.#giveBack(counted)
      })
    }
  }

  /** Largest loan that does not count as the whole. */
  get capacity (): number { return this.#capacity }

  /**
   * Lends memory for a text of this length, without waiting. The memory is not reused: hardly any other text
   * has the same length, and the reader of this one may still look at it.
   * @throws {GatewayError} `overloaded` when there is no room now, `payload_too_large` when there never is.
   */
  lendNow (bytes: number): Loan {
    if (bytes > this.#capacity) {
      throw new GatewayError('payload_too_large', `The body has ${bytes} bytes; all uploads together may hold ${this.#capacity}.`, { members: { advice: STREAM_ADVICE } })
    }
    if (!this.hasRoom(bytes)) {
      throw new GatewayError('overloaded', `There is no memory for a body of ${bytes} bytes beside the uploads that are running.`, {
        headers: { 'retry-after': RETRY_AFTER_SECONDS }
      })
    }
    this.#held += bytes
    if (this.#held + this.#idleBytes > this.#capacity) this.#forget()
    return { memory: Buffer.allocUnsafeSlow(bytes), release: once(() => { this.#giveBack(bytes) }) }
  }

  #giveBack (bytes: number): void {
    this.#held -= bytes
    this.#grant()
    if (this.#held === 0) this.#forgetSoon()
  }

  #requirePlace (): void {
    if (this.#running < this.#maxConcurrent) return
    throw new GatewayError('overloaded', `${this.#running} uploads are running, which is as many as this gateway takes at a time.`, {
      headers: { 'retry-after': RETRY_AFTER_SECONDS }
    })
  }

  #take (bytes: number): Buffer {
    const known = this.#idle.get(bytes)?.pop()
    if (known) {
      this.#idleBytes -= bytes
      return known
    }
    // What lies idle in other sizes would come on top of the budget.
    if (this.#held + this.#idleBytes > this.#capacity) this.#forget()
    return Buffer.allocUnsafeSlow(bytes)
  }

  #keep (memory: Buffer): void {
    const same = this.#idle.get(memory.length) ?? []
    this.#idle.set(memory.length, same)
    same.push(memory)
    this.#idleBytes += memory.length
  }

  /** One upload's chunks follow each other closely and should find their memory again. */
  #forgetSoon (): void {
    this.#forgetting = setTimeout(() => this.#forget(), this.#idleMs)
    this.#forgetting.unref()
  }

  #forget (): void {
    this.#idle.clear()
    this.#idleBytes = 0
  }

  async #wait (bytes: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#queue.splice(this.#queue.indexOf(waiter), 1)
        reject(signal.reason)
        // A large one that left may have stood before small ones that fit.
        this.#grant()
      }
      const waiter: Waiter = {
        bytes,
        grant: () => {
          signal.removeEventListener('abort', onAbort)
          resolve()
        }
      }
      signal.addEventListener('abort', onAbort, { once: true })
      this.#queue.push(waiter)
    })
  }

  /** Nobody overtakes: the first in line waits until there is room for it. */
  #grant (): void {
    for (let first = this.#queue[0]; first !== undefined && this.#held + first.bytes <= this.#capacity; first = this.#queue[0]) {
      this.#queue.shift()
      this.#held += first.bytes
      first.grant()
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
