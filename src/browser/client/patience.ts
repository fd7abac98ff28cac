import type { Tell } from './meter.ts'
import type { UploadError } from './upload-error.ts'
import { wait } from './waiting.ts'

const FIRST_MS = 500
const LONGEST_MS = 30_000
/** No server is waited for longer than this. */
const LONGEST_ASKED_MS = 120_000

/**
 * Returns what waits before the next attempt: exponentially, with jitter, and not shorter than the server asks for. It
 * throws `thrown` when the failure will not pass, or no attempt is left.
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
