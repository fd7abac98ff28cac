import type { Call } from './json-calls.ts'

/** Hardly anybody ever changes it. */
const KNOWN_MS = 600_000

/** Remembers the folder mode of an account: asks for it at most once in ten minutes. */
export class FolderMode {
  readonly #ask: (call: Call) => Promise<string | undefined>
  readonly #now: () => number
  readonly #mayAsk: () => boolean
  #known: { readonly mode: string | undefined, readonly untilMs: number } | undefined

  /** @param mayAsk returns whether a call may be spent on it now. */
  constructor (
    ask: (call: Call) => Promise<string | undefined>, now: () => number, mayAsk: () => boolean = () => true
  ) {
    this.#ask = ask
    this.#now = now
    this.#mayAsk = mayAsk
  }

  /** Returns the mode, or undefined when it cannot be found out. Never fails: only advice depends on it. */
  async find (call: Call): Promise<string | undefined> {
    const nowMs = this.#now()
    if ((this.#known === undefined || nowMs >= this.#known.untilMs) && this.#mayAsk()) {
      const mode = await this.#ask(call).catch(() => undefined)
      // A caller that has left has learned nothing about the account.
      if (call.signal.aborted) return undefined
      this.#known = { mode, untilMs: nowMs + KNOWN_MS }
    }
    return this.#known?.mode
  }
}
