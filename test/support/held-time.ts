import { setImmediate as turn } from 'node:timers/promises'

interface Planned { readonly atMs: number, readonly run: () => void }

/** A clock and a timer that only a test moves. */
export class HeldTime {
  ms = 0
  #planned: Planned[] = []

  readonly now = (): number => this.ms
  readonly later = (run: () => void, ms: number): (() => void) => {
    const one = { atMs: this.ms + ms, run }
    this.#planned.push(one)
    return () => { this.#planned = this.#planned.filter((other) => other !== one) }
  }

  /** Moments at which something is to run, the next one first. */
  get planned (): number[] { return this.#planned.map(({ atMs }) => atMs).sort((one, other) => one - other) }

  /** Runs what is due until `ms`, one after the other; `settle` waits for what has begun. */
  async runTo (ms: number, settle: () => Promise<unknown> = turn): Promise<void> {
    for (;;) {
      await settle()
      const [next] = this.#planned.filter(({ atMs }) => atMs <= ms).sort((one, other) => one.atMs - other.atMs)
      if (!next) break
      this.#planned = this.#planned.filter((other) => other !== next)
      this.ms = Math.max(this.ms, next.atMs)
      next.run()
    }
    this.ms = ms
  }
}
