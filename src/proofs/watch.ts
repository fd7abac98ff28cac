import type { GatewayError } from '../errors.ts'
import { PROOF_LASTS_MS, type ProofStore, type SharedVerdict } from './proof-store.ts'
import { ACCEPTED, proofOf, type Rejection } from './proof.ts'

/** A proof that failed is tried again after this long, then after twice as long, up to the longest wait. */
const FIRST_RETRY_MS = 5_000
const LONGEST_RETRY_MS = 10 * 60_000
const TOP_LEVEL = Math.ceil(Math.log2(LONGEST_RETRY_MS / FIRST_RETRY_MS))
/** How often to check for a proof that another process is making. */
const BUSY_MS = 250
/**
 * A process is often restarted because somebody has repaired something, so it adopts no refusal older than
 * this.
 */
const ADOPTED_REFUSAL_MS = 15_000

/** What is known of the credentials of one environment, and what is wrong now. */
export interface Standing {
  readonly credentials: 'verified' | 'rejected' | 'unproven'
  /** Why Cloudinary is unreachable, whatever is known of the credentials; absent while it answers. */
  readonly away?: string | undefined
  readonly rejection?: Rejection | undefined
}

/** Clock and timer, so that a test can hold them still. */
export interface Timing {
  /** Measures durations, in milliseconds. */
  readonly now: () => number
  /**
   * Calls `run` after that many milliseconds, and returns a function that cancels it. Only a timer that
   * `isAwaited` keeps the process alive.
   */
  readonly later: (run: () => void, ms: number, isAwaited?: boolean) => () => void
}

export interface WatchOptions extends Timing {
  /** Name of these credentials in the store: see `proofName`. */
  readonly name: string
  readonly store: ProofStore
  /**
   * Asks Cloudinary once.
   * @throws {GatewayError}
   */
  readonly ping: () => Promise<void>
  /** Called when the credentials prove right or wrong, and when their first proof gets no answer. */
  readonly onChange: (standing: Standing) => void
}

interface Timer {
  /** True when it repeats a proof that failed. */
  readonly isRetry: boolean
  readonly waitMs: number
  readonly cancel: () => void
}

/**
 * Watches the credentials of one client. Every call is a proof. After `prove` it also makes calls of its own:
 * the first proof, one per half hour without other calls and, while something is wrong, one after each wait.
 */
export class CredentialWatch {
  readonly #options: WatchOptions
  #rejection: Rejection | undefined
  #away: string | undefined
  #acceptedAtMs = -Infinity
  #isWatching = false
  #running: Promise<void> | undefined
  #timer: Timer | undefined
  /**
   * Exponent of the next wait. Each ten quiet minutes lower it by one, so that recurring trouble stays cheap.
   */
  #level = 0
  #calmSinceMs: number | undefined

  constructor (options: WatchOptions) { this.#options = options }

  get standing (): Standing {
    return { credentials: this.#credentials, away: this.#away, rejection: this.#rejection }
  }

  /** Makes the first proof, unless a call has made it or an attempt is planned. */
  async prove (): Promise<void> {
    if (this.#isWatching) return this.#running
    this.#isWatching = true
    if (this.#credentials === 'unproven' && this.#away === undefined) return this.#attempt()
    this.#armNext()
  }

  /**
   * Makes a proof now, unless all is well: somebody may have repaired what was wrong. Waits begin anew after
   * it.
   */
  async proveAgain (): Promise<void> {
    const { name, store } = this.#options
    if (!this.#isWatching || this.#isCalm) return
    if (this.#running === undefined) {
      this.#timer?.cancel()
      this.#timer = undefined
      this.#level = 0
    }
    // A refusal that other processes remember is older.
    return this.#attempt(() => store.forget(name).catch(() => {}))
  }

  /** Takes the result of a call. `failure` is absent when it succeeded. See `proofOf`. */
  hear (failure: GatewayError | undefined, telling: boolean): void {
    const proof = failure ? proofOf(failure, telling) : ACCEPTED
    if (proof?.shows === 'accepted') this.#accept(this.#options.now())
    else if (proof?.shows === 'rejected') this.#reject(proof.rejection)
    else if (proof) this.#miss(proof.reason)
  }

  /** Makes no further calls. */
  stop (): void {
    this.#isWatching = false
    this.#timer?.cancel()
    this.#timer = undefined
  }

  get #credentials (): Standing['credentials'] {
    if (this.#rejection) return 'rejected'
    return this.#acceptedAtMs === -Infinity ? 'unproven' : 'verified'
  }

  get #isCalm (): boolean { return this.#credentials === 'verified' && this.#away === undefined }
  get #isFresh (): boolean { return this.#isCalm && this.#ageMs() < PROOF_LASTS_MS }

  /** Runs after every call: the usual case costs nothing. */
  #accept (atMs: number): void {
    const before = this.#credentials
    const wasCalm = this.#isCalm
    this.#acceptedAtMs = Math.max(atMs, this.#acceptedAtMs)
    if (wasCalm) return
    this.#rejection = undefined
    this.#away = undefined
    this.#calmSinceMs = this.#options.now()
    this.#armNext()
    this.#share()
    if (before !== 'verified') this.#options.onChange(this.standing)
  }

  #reject (rejection: Rejection): void {
    const before = this.#rejection
    // A refused signature does not weaken what a refused key has shown.
    this.#rejection = before?.certain === true ? before : rejection
    this.#away = undefined
    this.#armNext()
    if (before?.certain === this.#rejection.certain) return
    this.#share()
    if (!before) this.#options.onChange(this.standing)
  }

  #miss (reason: string): void {
    const isNew = this.#away === undefined
    this.#away = reason
    this.#armNext()
    if (isNew && this.#credentials === 'unproven') this.#options.onChange(this.standing)
  }

  #attempt (prepare = async (): Promise<void> => {}): Promise<void> {
    this.#running ??= prepare().then(() => this.#find()).finally(() => {
      this.#running = undefined
      if (this.#timer === undefined) this.#armNext()
    })
    return this.#running
  }

  /** Adopts the proof of another process, or makes one. */
  async #find (): Promise<void> {
    const { name, store, later } = this.#options
    while (this.#isWatching) {
      // No other process can tell whether this one reaches Cloudinary.
      if (this.#away !== undefined) return this.#ping()
      const claim = await store.claim(name).catch(() => ({ state: 'yours' }) as const)
      if (claim.state === 'yours') return this.#ping()
      if (claim.state === 'known') {
        if (!this.#isOutdated(claim.verdict, claim.forMs)) return this.#adopt(claim.verdict, claim.forMs)
        await store.forget(name).catch(() => {})
      }
      await new Promise<void>((resolve) => { later(resolve, BUSY_MS, true) })
    }
  }

  /** Returns whether this process, which knows nothing yet, should make its own proof. */
  #isOutdated ({ verified, lastsMs }: SharedVerdict, forMs: number): boolean {
    return !verified && this.#credentials === 'unproven' && lastsMs - forMs > ADOPTED_REFUSAL_MS
  }

  #adopt ({ verified, told }: SharedVerdict, forMs: number): void {
    if (verified) return this.#accept(this.#options.now() - PROOF_LASTS_MS + forMs)
    const isNew = !this.#rejection
    this.#rejection = { told, certain: true }
    this.#arm(true, Math.max(forMs, BUSY_MS))
    if (isNew) this.#options.onChange(this.standing)
  }

  async #ping (): Promise<void> {
    const failure = await this.#options.ping().catch((error: GatewayError) => error) // it throws nothing else
    if (!this.#isWatching) return
    this.hear(failure ?? undefined, true)
    this.#keep()
  }

  /** Shares a change with other processes. A proof under way does so when it ends. */
  #share (): void { if (this.#running === undefined) this.#keep() }

  /** Stores the verdict in the background. A process that cannot read it makes its own proof. */
  #keep (): void {
    const { name, store } = this.#options
    if (!this.#isWatching) return
    const keeping = this.#isFresh
      ? store.keep(name, { verified: true, lastsMs: PROOF_LASTS_MS })
      : this.#rejection?.certain === true && this.#timer
        ? store.keep(name, { verified: false, told: this.#rejection.told, lastsMs: this.#timer.waitMs })
        : store.forget(name)
    keeping.catch(() => {})
  }

  /** Plans the next attempt. A retry that is planned stays. */
  #armNext (): void {
    if (this.#isFresh) this.#arm(false, PROOF_LASTS_MS - this.#ageMs())
    else if (this.#timer?.isRetry !== true) this.#arm(true, this.#nextWaitMs())
  }

  #arm (isRetry: boolean, waitMs: number): void {
    this.#timer?.cancel()
    this.#timer = undefined
    if (!this.#isWatching) return
    const cancel = this.#options.later(() => {
      this.#timer = undefined
      if (!isRetry && this.#isFresh) this.#armNext()
      else this.#attempt() // it never rejects
    }, waitMs)
    this.#timer = { isRetry, waitMs, cancel }
  }

  #ageMs (): number { return this.#options.now() - this.#acceptedAtMs }

  #nextWaitMs (): number {
    if (!this.#isWatching) return 0
    if (this.#calmSinceMs !== undefined) {
      const quietMs = this.#options.now() - this.#calmSinceMs
      this.#level = Math.max(0, this.#level - Math.floor(quietMs / LONGEST_RETRY_MS))
      this.#calmSinceMs = undefined
    }
    const waitMs = Math.min(FIRST_RETRY_MS * 2 ** this.#level, LONGEST_RETRY_MS)
    this.#level = Math.min(this.#level + 1, TOP_LEVEL)
    return waitMs
  }
}
