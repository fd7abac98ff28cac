import { steadyClock } from '../../../clock.ts'
import { GatewayError } from '../../../errors.ts'
import type { ReadAnswer } from '../answer.ts'

/**
 * So long may others join a call. Another replica, or a page that uploads straight to Cloudinary, may change
 * the asset while a slow answer is on its way.
 */
const JOIN_MS = 1_000

type Ask = (signal: AbortSignal) => Promise<ReadAnswer>

/** One read under way, and the number of callers that wait for it. */
class Flight {
  readonly begunMs: number
  readonly #controller = new AbortController()
  readonly #answer: Promise<ReadAnswer>
  readonly #onOver: (flight: Flight) => void
  #waiting = 0

  constructor (ask: Ask, begunMs: number, onOver: (flight: Flight) => void) {
    this.begunMs = begunMs
    this.#onOver = onOver
    this.#answer = ask(this.#controller.signal).finally(() => { onOver(this) })
  }

  /**
   * Resolves with the answer, or rejects at once when its own caller leaves. The last to leave aborts the
   * call.
   */
  async wait (signal: AbortSignal): Promise<ReadAnswer> {
    this.#waiting++
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        reject(new GatewayError('client_closed', 'The caller went away before the answer was there.', {
          cause: signal.reason
        }))
        if (--this.#waiting > 0) return
        this.#onOver(this)
        this.#controller.abort(signal.reason)
      }
      signal.addEventListener('abort', leave, { once: true })
      this.#answer.finally(() => { signal.removeEventListener('abort', leave) }).then(resolve, reject)
    })
  }
}

/**
 * Lets equal reads at the same time share one call to Cloudinary, and its failure. Nothing is kept after the
 * answer. Each user of an answer judges what its caller may see of it.
 */
export class CoalescedReads {
  readonly #flights = new Map<string, Flight>()
  readonly #clock: () => number

  constructor (clock: () => number = steadyClock) { this.#clock = clock }

  /** @param key names the client, and all that the answer depends on. */
  async ask (key: string, signal: AbortSignal, ask: Ask): Promise<ReadAnswer> {
    if (signal.aborted) {
      throw new GatewayError('client_closed', 'The caller went away before anything was asked.', {
        cause: signal.reason
      })
    }
    const known = this.#flights.get(key)
    const isYoung = known !== undefined && this.#clock() - known.begunMs < JOIN_MS
    return (isYoung ? known : this.#begin(key, ask)).wait(signal)
  }

  /**
   * Lets no further caller join the reads under way. Call it after a change: their answers may be from before
   * it.
   */
  separate (): void { this.#flights.clear() }

  #begin (key: string, ask: Ask): Flight {
    const flight = new Flight(ask, this.#clock(), (over) => {
      if (this.#flights.get(key) === over) this.#flights.delete(key)
    })
    this.#flights.set(key, flight)
    return flight
  }
}
