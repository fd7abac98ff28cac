import { UploadError, type Rules, type Uploader } from '../client.ts'
import { refused, shown, type Shown } from './problem.ts'
import type { Words } from './words/words.ts'

const TIMEOUT_MS = 10_000
/** What back ends answer that know no rules. */
const WITHOUT_RULES: ReadonlySet<number> = new Set([200, 404, 405, 501])

/** What the gateway lets this page upload, asked for once. */
export class RulesSource {
  rules: Rules | undefined
  /** Whether it is known what the rules are, or that there are none. */
  isKnown = false
  /** Why the rules are not known. Undefined too where there are none. */
  #error: unknown
  #asked: Promise<void> | undefined
  #stop = new AbortController()

  /** Forgets what is known, for another gateway or another caller. */
  reset (): void {
    this.#stop.abort()
    this.isKnown = false
    this.#asked = this.#error = this.rules = undefined
  }

  /** Asks, unless that has been done. A network that failed is tried again. */
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

  /** Whether somebody answered, and not the network failed. */
  get #isAnswer (): boolean {
    return this.#error instanceof UploadError && this.#error.status > 0
  }

  /** Why nothing may be uploaded, if that is so. */
  closed (words: Words): Shown | undefined {
    if (this.rules?.allowed === false) return refused(this.rules.reason || words.text('closed'))
    if (!this.#isAnswer && !(this.#error instanceof TypeError)) return undefined
    return { ...shown(this.#error, words), mayRetry: true }
  }

  /** A line for a gateway that could not be reached. Uploads may still succeed later. */
  warning (words: Words): string {
    return this.#error && !this.#isAnswer ? shown(this.#error, words).sentence : ''
  }
}
