import { setTimeout as delay } from 'node:timers/promises'
import { GatewayError, type ErrorCode } from '../errors.ts'

const CAPACITY = 500
const COST = 5
const TIMEOUT_COST = 10
/** Failures that may be gone at the next try. */
export const PASSING: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['upstream_failed', 'upstream_timeout', 'rate_limited', 'quota_exhausted'])
const BASE_MS = 100
const CAP_MS = 5_000

/**
 * Tokens that repeated requests of one environment spend and successful ones earn: when Cloudinary is down, repeating
 * soon stops by itself instead of multiplying the load.
 */
export class RetryBudget {
  #tokens = CAPACITY

  /** Takes the price of one repeat, or says no. */
  spend (error: GatewayError): boolean {
    const cost = error.code === 'upstream_timeout' ? TIMEOUT_COST : COST
    if (this.#tokens < cost) return false
    this.#tokens -= cost
    return true
  }

  earn (): void { this.#tokens = Math.min(this.#tokens + 1, CAPACITY) }
}

/** Clock, chance and sleep, so that a test can hold them still. */
export interface Pace {
  readonly now: () => number
  /** From 0 up to 1. */
  readonly random: () => number
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>
}

export const REAL_PACE: Pace = {
  now: Date.now,
  random: Math.random,
  sleep: async (ms, signal) => { await delay(ms, undefined, { signal }) }
}

/** Full jitter (any wait up to a bound that doubles), so that many callers do not come back in step. */
export function backoffMs (repeat: number, random: () => number): number {
  return Math.floor(random() * Math.min(CAP_MS, BASE_MS * 2 ** repeat))
}

export interface Repetition {
  readonly attempts: number
  /** Nothing is begun, and nothing waited for, beyond this moment of the clock (milliseconds). */
  readonly deadline: number
  /** A refusal that asks for more patience than this is passed on. Default: none. */
  readonly longestWaitMs?: number
  readonly signal: AbortSignal
  readonly repeatable: (error: GatewayError) => boolean
}

/** How long to wait before a repeat: what the refusal asks for, else backoff. */
function waitMs (error: GatewayError, repeat: number, random: () => number): number {
  const asked = Number(error.headers['retry-after'])
  return Number.isFinite(asked) ? asked * 1000 + backoffMs(0, random) : backoffMs(repeat, random)
}

/**
 * Runs `attempt` again after failures that may pass. `attempt` throws GatewayErrors and learns which try it is, from 1.
 * @throws {GatewayError} the last failure.
 */
export async function withRetries<T> (attempt: (number: number) => Promise<T>, repetition: Repetition, budget: RetryBudget, pace: Pace): Promise<T> {
  const { attempts, deadline, longestWaitMs = Infinity, signal, repeatable } = repetition
  const run = async (number: number): Promise<T> => {
    const result = await attempt(number)
    budget.earn()
    return result
  }
  for (let number = 1; number < attempts; number++) {
    try {
      return await run(number)
    } catch (error) {
      if (!(error instanceof GatewayError) || signal.aborted || !repeatable(error)) throw error
      const wait = waitMs(error, number - 1, pace.random)
      if (wait > longestWaitMs || pace.now() + wait > deadline || !budget.spend(error)) throw error
      await rest(wait, signal, pace)
    }
  }
  return run(attempts)
}

async function rest (ms: number, signal: AbortSignal, pace: Pace): Promise<void> {
  try {
    await pace.sleep(ms, signal)
  } catch (cause) {
    throw new GatewayError('client_closed', 'The caller went away before the request was repeated.', { cause })
  }
}
