import { SandboxError } from '../errors.ts'

const HOUR_MS = 3_600_000

/** Counts Admin API calls of each cloud in each full hour, as the vendor does. */
export class HourlyLimit {
  readonly #limit: number
  readonly #clock: () => number
  readonly #used = new Map<string, { hour: number, count: number }>()

  constructor (limit: number, clock: () => number) {
    this.#limit = limit
    this.#clock = clock
  }

  /**
   * Counts one call.
   * @returns the headers that tell what is left.
   * @throws {SandboxError} 420, with the same headers, when nothing is left.
   */
  spend (cloudName: string): Record<string, string> {
    const hour = Math.floor(this.#clock() / HOUR_MS)
    const known = this.#used.get(cloudName)
    const count = known?.hour === hour ? known.count + 1 : 1
    this.#used.set(cloudName, { hour, count })
    const reset = new Date((hour + 1) * HOUR_MS)
    const headers = {
      'x-featureratelimit-limit': String(this.#limit),
      'x-featureratelimit-remaining': String(Math.max(0, this.#limit - count)),
      'x-featureratelimit-reset': reset.toUTCString()
    }
    if (count <= this.#limit) return headers
    throw new SandboxError(420, `Rate Limit Exceeded. Limit of ${this.#limit} api operations reached. Try again on ${reset.toISOString().slice(0, 19).replace('T', ' ')} UTC`, headers)
  }

  clear (): void { this.#used.clear() }
}
