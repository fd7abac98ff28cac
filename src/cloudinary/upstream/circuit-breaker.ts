import { GatewayError } from '../../errors.ts'
import { TransportError, type TransportFault } from './transport.ts'

/** So many failures in a row, within so long, open the circuit. */
const FAILURES = 10
const WINDOW_MS = 30_000
/** While it is open, one request in this time is let through to see whether Cloudinary is back. */
const PROBE_MS = 1_000
/** Somebody did answer, though not in a way that can be used; a caller can bring the first about. */
const ANSWERED: ReadonlySet<TransportFault> = new Set<TransportFault>(['too_large', 'broken'])
/** What a proxy in front of a service says when the service is gone. Any other answer shows that it is there. */
const GONE: ReadonlySet<number> = new Set([502, 503, 504])

/** Counts requests of an environment that were answered, by whichever circuit they went. */
export class AnswerCount { count = 0 }

/** True when the request was sent and nothing, or not all of it, came back in time. */
export function isHang ({ cause }: GatewayError): boolean {
  return cause instanceof TransportError && cause.fault === 'timeout'
}

/** True when this failure says that Cloudinary itself is out of reach, whatever was asked of it. */
function isOutage (error: GatewayError): boolean {
  if (error.upstream) return GONE.has(error.upstream.status)
  if (error.cause instanceof TransportError && ANSWERED.has(error.cause.fault)) return false
  return error.code === 'upstream_failed' || error.code === 'upstream_timeout'
}

/**
 * Answers at once for a service that is down, instead of letting every caller wait for its own timeout. Failures that a
 * caller can bring about must not be counted: one caller would close the service to all others.
 */
export class CircuitBreaker {
  readonly #now: () => number
  readonly #answers: AnswerCount
  /** When the last failures in a row came, the oldest first; of as many as open the circuit. */
  #failedAt: number[] = []
  #open = false
  #nextProbe = 0

  constructor (now: () => number, answers = new AnswerCount()) {
    this.#now = now
    this.#answers = answers
  }

  /** Number of answered requests of the environment. Remember it when the wait for an answer begins. */
  get answered (): number { return this.#answers.count }

  /**
   * Lets a request begin.
   * @returns a function to call when a connection takes the request. It throws as this does, because the
   * circuit may have opened meanwhile.
   * @throws {GatewayError} `upstream_unavailable` while the circuit is open and it is not time for a probe.
   */
  admit (): () => void {
    if (!this.#open) return () => { if (this.#open) throw this.#refusal() }
    if (this.#nextProbe > this.#now()) throw this.#refusal()
    this.#nextProbe = this.#now() + PROBE_MS
    return () => {}
  }

  /**
   * Takes note of how an admitted request ended. Failures on our own side say nothing of Cloudinary. Nor does an
   * answer that hangs while others come: the request may be the reason.
   * @param answeredBefore `answered` when the wait for the answer began.
   */
  settle (failure?: GatewayError, answeredBefore = this.answered): void {
    if (failure && isHang(failure) && this.answered !== answeredBefore) return
    if (failure && isOutage(failure)) return this.#failed()
    if (failure && !failure.upstream) return
    this.#answers.count++
    this.#open = false
    this.#failedAt = []
  }

  #refusal (): GatewayError {
    const seconds = Math.max(1, Math.ceil((this.#nextProbe - this.#now()) / 1000))
    return new GatewayError('upstream_unavailable', `The last ${FAILURES} requests to Cloudinary failed; it is asked again in a second.`, {
      headers: { 'retry-after': String(seconds) }
    })
  }

  #failed (): void {
    const now = this.#now()
    this.#failedAt = [...this.#failedAt, now].slice(-FAILURES)
    const [first = now] = this.#failedAt
    if (this.#open || this.#failedAt.length < FAILURES || now - first > WINDOW_MS) return
    this.#open = true
    this.#nextProbe = now + PROBE_MS
  }
}
