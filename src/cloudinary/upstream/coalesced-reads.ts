import { GatewayError } from '../../errors.ts'
import type { ReadAnswer } from './answer.ts'

type Ask = (signal: AbortSignal) => Promise<ReadAnswer>

/** One question on its way, and how many wait for its answer. */
class Flight {
  readonly #controller = new AbortController()
  readonly #answer: Promise<ReadAnswer>
  readonly #onOver: (flight: Flight) => void
  #waiting = 0

  constructor (ask: Ask, onOver: (flight: Flight) => void) {
    this.#onOver = onOver
    this.#answer = ask(this.#controller.signal).finally(() => { onOver(this) })
  }

  /** Resolves with the answer, or rejects at once when its own caller leaves. The last one to leave ends the call. */
  async wait (signal: AbortSignal): Promise<ReadAnswer> {
    this.#waiting++
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        reject(new GatewayError('client_closed', 'The caller went away before the answer was there.', { cause: signal.reason }))
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
 * Lets callers who ask the same at the same time share one call to Cloudinary, and its failure. Nothing is
 * kept after the answer. What each may see of it is judged by whoever asks.
 */
export class CoalescedReads {
  readonly #flights = new Map<string, Flight>()

  /** @param key names the client, and all that the answer depends on. */
  async ask (key: string, signal: AbortSignal, ask: Ask): Promise<ReadAnswer> {
    if (signal.aborted) {
      throw new GatewayError('client_closed', 'The caller went away before anything was asked.', { cause: signal.reason })
    }
    return (this.#flights.get(key) ?? this.#begin(key, ask)).wait(signal)
  }

  /**
   * Lets nobody join what is under way: after a change it may bring an answer from before, which only those
   * may get who asked before.
   */
  separate (): void { this.#flights.clear() }

  #begin (key: string, ask: Ask): Flight {
    const flight = new Flight(ask, (over) => {
      if (this.#flights.get(key) === over) this.#flights.delete(key)
    })
    this.#flights.set(key, flight)
    return flight
  }
}
