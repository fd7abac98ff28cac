import type { Tell } from './meter.ts'
import type { UploadError } from './upload-error.ts'
import { wait } from './waiting.ts'

const FIRST_MS = 500
const LONGEST_MS = 30_000
/** Longest `Retry-After` that is honored. */
const LONGEST_ASKED_MS = 120_000

/**
 * Returns a function that waits before the next attempt: exponential backoff with jitter, at least as long as
 * `Retry-After`. It throws `thrown` when the failure is not retryable, or no attempt is left.
 */
export function createPatience (retries: number, tell: Tell, signal: AbortSignal) {
  let left = retries
  let longestMs = FIRST_MS
  return async (error: UploadError, thrown: Error, loaded?: number): Promise<void> => {
    const askedMs = (error.retryAfterSeconds ?? 0) * 1000
    if (!error.retryable || askedMs > LONGEST_ASKED_MS || left-- <= 0) throw thrown
    tell('retrying', loaded, error)
    await wait(Math.max(askedMs, longestMs * (0.5 + Math.random() / 2)), signal)
    longestMs = Math.min(LONGEST_MS, longestMs * 2)
  }
}
