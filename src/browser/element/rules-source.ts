import { UploadError, type Rules, type Uploader } from '../client.ts'
import { refused, shown, type Shown } from './problem.ts'
import type { Words } from './words/words.ts'

const TIMEOUT_MS = 10_000
/** Statuses of back ends that have no rules. */
const WITHOUT_RULES: ReadonlySet<number> = new Set([200, 404, 405, 501])

/** Rules of the gateway for this page, requested once. */
export class RulesSource {
  rules: Rules | undefined
  /** True when the rules have been read, or do not exist. */
  isKnown = false
  /** Reason why the rules could not be read. Undefined also when they do not exist. */
  #error: unknown
  #asked: Promise<void> | undefined
  #stop = new AbortController()

  /** Forgets the rules, before they are read for another gateway or caller. */
  reset (): void {
    this.#stop.abort()
    this.isKnown = false
    this.#asked = this.#error = this.rules = undefined
  }

  /** Requests the rules once, and again after the network has failed. */
  ask (uploader: () => Uploader): Promise<void> {
    if (this.#error && !this.#isAnswer) this.#asked = undefined
    this.#asked ??= this.#load(uploader)
    return this.#asked
  }

  async #load (uploader: () => Uploader): Promise<void> {
    const stop = this.#stop = new AbortController()
    const timeout = setTimeout(() => { stop.abort() }, TIMEOUT_MS)
    this.#error = undefined
    try {
      const rules = await uploader().rules({ signal: stop.signal })
      if (this.#stop !== stop) return
      this.rules = rules
      this.isKnown = true
    } catch (error) {
      if (this.#stop !== stop) return
      this.isKnown = error instanceof UploadError && WITHOUT_RULES.has(error.status)
      if (!this.isKnown) this.#error = error
    } finally {
      clearTimeout(timeout)
    }
  }

  /** True when the failure is an answer, not a failure of the network. */
  get #isAnswer (): boolean {
    return this.#error instanceof UploadError && this.#error.status > 0
  }

  /** Returns why nothing may be uploaded; undefined when something may. */
  closed (words: Words): Shown | undefined {
    if (this.rules?.allowed === false) return refused(this.rules.reason || words.text('closed'))
    if (!this.#isAnswer && !(this.#error instanceof TypeError)) return undefined
    return { ...shown(this.#error, words), mayRetry: true }
  }

  /**
   * Returns a line for a gateway that could not be reached; empty otherwise. Uploads may still succeed later.
   */
  warning (words: Words): string {
    return this.#error && !this.#isAnswer ? shown(this.#error, words).sentence : ''
  }
}
