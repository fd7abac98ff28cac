/** Work that goes on after an answer. `settle` waits for it, so that closing leaves nothing half done. */
export class Background {
  readonly #running = new Set<Promise<unknown>>()
  readonly #onError: (error: unknown) => void

  /** @param onError hears of failures: whoever asked has long been answered. */
  constructor (onError: (error: unknown) => void) { this.#onError = onError }

  add (work: Promise<unknown>): void {
    const settled = work.catch(this.#onError).finally(() => this.#running.delete(settled))
    this.#running.add(settled)
  }

  async settle (): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running)
  }
}
