import type { Intake } from './intake.ts'

/**
 * A part of a file, kept in borrowed memory so that it can be sent again. It may be sent while it is still being
 * filled: what is sent follows what has come.
 */
export class Chunk {
  readonly #memory: Buffer
  #size = 0
  #full = false
  #failure: unknown
  #followers: (() => void)[] = []

  constructor (memory: Buffer) { this.#memory = memory }

  /** Bytes held so far. */
  get size (): number { return this.#size }

  /** Takes as much as the memory holds from `intake` and gives back what came beyond that. */
  async fill (intake: Intake): Promise<void> {
    try {
      while (this.#size < this.#memory.length) {
        const chunk = await intake.next()
        if (chunk === undefined) break
        const taken = chunk.copy(this.#memory, this.#size)
        this.#size += taken
        if (taken < chunk.length) intake.putBack(chunk.subarray(taken))
        this.#notify()
      }
      // The announced size is reached: a source that goes on has changed, and that must be known before the end is sent.
      if (intake.bytes === intake.length) await intake.more()
    } catch (error) {
      this.#failure = error
      throw error
    } finally {
      this.#full = true
      this.#notify()
    }
  }

  /** The part from its first byte; waits for what has not come yet. */
  async * bytes (): AsyncGenerator<Buffer> {
    let sent = 0
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure
      if (sent < this.#size) {
        const end = this.#size
        yield this.#memory.subarray(sent, end)
        sent = end
      } else if (this.#full) return
      else await new Promise<void>((resolve) => { this.#followers.push(resolve) })
    }
  }

  #notify (): void {
    const followers = this.#followers
    this.#followers = []
    for (const follow of followers) follow()
  }
}
