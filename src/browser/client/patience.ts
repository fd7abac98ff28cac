import type { UploadError } from './upload-error.ts'
import { wait } from './waiting.ts'

const FIRST_MS = 500
const LONGEST_MS = 30_000
/** No server is waited for longer than this. */
const LONGEST_ASKED_MS = 120_000

/** Decides how often a request is sent again, and waits before it is. */
export class Patience {
  #left: number
  #tries = 0

  constructor (retries: number) { this.#left = retries }

  /** Whether the failure may pass, and there is an attempt left. */
  allows ({ retryable, retryAfterSeconds = 0 }: UploadError): boolean {
    return retryable && retryAfterSeconds * 1000 <= LONGEST_ASKED_MS && this.#left-- > 0
  }

  /** Exponential, with jitter; not shorter than the server asks for. */
  async pause ({ retryAfterSeconds = 0 }: UploadError, signal: AbortSignal): Promise<void> {
    const longest = Math.min(LONGEST_MS, FIRST_MS * 2 ** this.#tries++)
    await wait(Math.max(retryAfterSeconds * 1000, longest * (0.5 + Math.random() / 2)), signal)
  }
}
