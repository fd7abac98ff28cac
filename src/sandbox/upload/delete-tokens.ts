import { SandboxError } from '../errors.ts'
import { assertFresh } from '../api/credentials.ts'
import type { RandomSource } from '../random.ts'
import type { CloudStore } from '../store/store.ts'

const LIFETIME_MS = 10 * 60_000
/** For so long a token that is too old is told from one that never was. */
const REMEMBERED_MS = 24 * 3_600_000

interface Issued { assetId: string, atMs: number }

/** Tokens with which an upload can be undone for ten minutes, without any key. They are stored like assets are. */
export class DeleteTokens {
  readonly #random: RandomSource
  readonly #clock: () => number
  #sweptMs = 0

  constructor (random: RandomSource, clock: () => number) {
    this.#random = random
    this.#clock = clock
  }

  async issue (store: CloudStore, assetId: string): Promise<string> {
    const token = this.#random.hex(128)
    await this.#sweep(store)
    await store.putDocument('delete_token', token, { assetId, atMs: this.#clock() } satisfies Issued)
    return token
  }

  /**
   * The asset that a token is for. It stays valid until it is spent.
   * @throws {SandboxError} 400 when it was never given out for this cloud, is spent or too old.
   */
  assetOf (store: CloudStore, token: string): string {
    const issued = store.document<Issued>('delete_token', token)
    if (!issued) throw new SandboxError(400, 'Invalid token')
    assertFresh(issued.atMs, this.#clock(), LIFETIME_MS)
    return issued.assetId
  }

  async spend (store: CloudStore, token: string): Promise<void> {
    await store.removeDocument('delete_token', token)
  }

  async #sweep (store: CloudStore): Promise<void> {
    const nowMs = this.#clock()
    if (nowMs - this.#sweptMs < LIFETIME_MS) return
    this.#sweptMs = nowMs
    const old = store.documents<Issued>('delete_token').filter(([, { atMs }]) => nowMs - atMs > REMEMBERED_MS)
    await Promise.all(old.map(([token]) => store.removeDocument('delete_token', token)))
  }
}
