import { SandboxError } from './errors.ts'
import { assertFresh } from './auth/credentials.ts'
import type { RandomSource } from './random.ts'

const LIFETIME_MS = 10 * 60_000

interface Issued { cloudName: string, assetId: string, atMs: number }

/** Tokens with which an upload can be undone for ten minutes, without any key. They do not outlive the process. */
export class DeleteTokens {
  readonly #issued = new Map<string, Issued>()
  readonly #random: RandomSource
  readonly #clock: () => number

  constructor (random: RandomSource, clock: () => number) {
    this.#random = random
    this.#clock = clock
  }

  issue (cloudName: string, assetId: string): string {
    const token = this.#random.hex(128)
    this.#issued.set(token, { cloudName, assetId, atMs: this.#clock() })
    return token
  }

  /**
   * Spends a token.
   * @throws {SandboxError} 400 when it was never given out for this cloud, is spent or too old.
   */
  redeem (cloudName: string, token: string): string {
    const issued = this.#issued.get(token)
    if (!issued || issued.cloudName !== cloudName) throw new SandboxError(400, 'Invalid token')
    assertFresh(issued.atMs, this.#clock(), LIFETIME_MS)
    this.#issued.delete(token)
    return issued.assetId
  }

  clear (): void { this.#issued.clear() }
}
