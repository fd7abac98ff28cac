import { setTimeout as delay } from 'node:timers/promises'
import { steadyClock, wallClock } from '../../clock.ts'
import { GatewayError, type ErrorCode } from '../../errors.ts'
import { TransportError } from './transport.ts'

const CAPACITY = 500
const COST = 5
const TIMEOUT_COST = 10
/** Failures that may be gone at the next attempt. */
export const PASSING: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['upstream_failed', 'upstream_timeout'])
/**
 * Refusals that ask to wait. They are passed on, because the caller knows better how long it can wait, and a
 * retry would add to the load that was too much.
 */
export const LIMITED: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['rate_limited', 'quota_exhausted'])
const BASE_MS = 100
const CAP_MS = 5_000

/**
 * Tokens that retries of one environment spend and successful requests earn: when Cloudinary is down, retrying soon
 * stops by itself instead of multiplying the load.
 */
export class RetryBudget {
  #tokens = CAPACITY

  /** Takes the price of one retry; false when there is not enough left. */
  spend (error: GatewayError): boolean {
    const cost = error.code === 'upstream_timeout' ? TIMEOUT_COST : COST
    if (this.#tokens < cost) return false
    this.#tokens -= cost
    return true
  }

  earn (): void { this.#tokens = Math.min(this.#tokens + 1, CAPACITY) }
}

/** Clocks, chance and sleep, so that a test can hold them still. */
export interface Pace {
  /** Time of day, in milliseconds: what leaves the process is dated by it. */
  readonly now: () => number
  /** Measures durations, in milliseconds. */
  readonly clock: () => number
  /** From 0 up to 1. */
  readonly random: () => number
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>
}

export const REAL_PACE: Pace = {
  now: wallClock,
  clock: steadyClock,
  random: Math.random,
  sleep: async (ms, signal) => { await delay(ms, undefined, { signal }) }
}

/** Returns a wait with full jitter (anything up to a bound that doubles), so that many callers do not come back in step. */
export function backoffMs (retry: number, random: () => number): number {
  return Math.floor(random() * Math.min(CAP_MS, BASE_MS * 2 ** retry))
}

export interface RetryRules {
  /** How many attempts there may be, the first among them. */
  readonly maxAttempts: number
  /** No attempt begins, and no wait ends, beyond this moment of `Pace.clock`. */
  readonly deadline: number
  /** A refusal that asks for a longer wait than this is passed on. Default: none. */
  readonly longestWaitMs?: number
  readonly signal: AbortSignal
  /** Whether another attempt can do no harm and may help. */
  readonly canRetry: (error: GatewayError) => boolean
}

/** Returns whether another attempt would fail the same way. */
const isFinal = ({ cause }: GatewayError): boolean => cause instanceof TransportError && cause.isFinal

/** How long to wait before a retry: what the refusal asks for, else backoff. */
function waitMs (error: GatewayError, retry: number, random: () => number): number {
  const asked = Number(error.headers['retry-after'])
  return Number.isFinite(asked) ? asked * 1000 + backoffMs(0, random) : backoffMs(retry, random)
}

/**
 * Runs `attempt` again after failures that may pass. `attempt` throws GatewayErrors.
 * @throws {GatewayError} the last failure.
 */
export async function withRetries<T> (
  attempt: () => Promise<T>, rules: RetryRules, budget: RetryBudget, pace: Pace
): Promise<T> {
  const { maxAttempts, deadline, longestWaitMs = Infinity, signal, canRetry } = rules
  const from = async (retry: number): Promise<T> => {
    try {
      const result = await attempt()
      budget.earn()
      return result
    } catch (error) {
      if (!(error instanceof GatewayError) || retry + 1 >= maxAttempts || signal.aborted) throw error
      if (isFinal(error) || !canRetry(error)) throw error
      const wait = waitMs(error, retry, pace.random)
      if (wait > longestWaitMs || pace.clock() + wait > deadline || !budget.spend(error)) throw error
      await rest(wait, signal, pace)
    }
    return from(retry + 1)
  }
  return from(0)
}

async function rest (ms: number, signal: AbortSignal, pace: Pace): Promise<void> {
  try {
    await pace.sleep(ms, signal)
  } catch (cause) {
    throw new GatewayError('client_closed', 'The caller went away before the request was sent again.', { cause })
  }
}
