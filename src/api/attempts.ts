import { GatewayProblem, GatewayUnreachable } from './problem.ts'

const FIRST_WAIT_MS = 250
/** A `Retry-After` beyond this is for the caller to decide about. */
const LONGEST_WAIT_MS = 30_000

export interface AttemptOptions {
  /** Times that the request may be sent again. */
  readonly retries: number
  readonly signal?: AbortSignal | undefined
}

/** Resolves after `ms`; rejects with the signal's reason as soon as that aborts. */
function pause (ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted()
    const stop = (): void => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop)
      resolve()
    }, ms)
    signal?.addEventListener('abort', stop, { once: true })
  })
}

/** Returns how long to wait after the failure, or undefined when the request must not be sent again. */
function waitAfter (error: unknown, attempt: number): number | undefined {
  const backoffMs = FIRST_WAIT_MS * 2 ** attempt * (0.5 + Math.random())
  if (error instanceof GatewayUnreachable) return backoffMs
  if (!(error instanceof GatewayProblem) || !error.retryable) return undefined
  const waitMs = Math.max(backoffMs, (error.retryAfterSeconds ?? 0) * 1000)
  return waitMs > LONGEST_WAIT_MS ? undefined : waitMs
}

/** Calls `attempt` until it succeeds, fails for good, or has been repeated `retries` times. */
export async function withRetries<T> (
  attempt: () => Promise<T>, { retries, signal }: AttemptOptions, count = 0
): Promise<T> {
  try {
    return await attempt()
  } catch (error) {
    const waitMs = count < retries ? waitAfter(error, count) : undefined
    if (waitMs === undefined) throw error
    await pause(waitMs, signal)
  }
  return withRetries(attempt, { retries, signal }, count + 1)
}
