/** Work that goes on after an answer. `settle` waits for it, so that closing leaves nothing half done. */
export class Background {
  readonly #running = new Set<Promise<unknown>>()

  /** A failure is nobody's to hear: whoever asked has long been answered. */
  add (work: Promise<unknown>): void {
    const settled = work.catch(() => {}).finally(() => this.#running.delete(settled))
    this.#running.add(settled)
  }

  async settle (): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running)
  }
}
