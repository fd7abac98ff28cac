import { ClassicLevel } from 'classic-level'

/** One change of the record database; no value means that the key goes. */
export interface Change { key: string, value?: string }

interface Waiting { changes: Change[], sync: boolean, resolve: () => void, reject: (cause: unknown) => void }

const LATER_MS = 1000

/** Where records are written to. Every promise resolves when the change would survive `kill -9`. */
export interface Journal {
  load (): AsyncIterable<[string, string]>
  write (changes: Change[]): Promise<void>
  /** For what can be made again: written within a second or so, as it is by then; undefined when it is gone. */
  writeLater (key: string, value: () => string | undefined): void
  close (): Promise<void>
}

/** For `:memory:`: nothing to load, nothing to keep. */
export class MemoryJournal implements Journal {
  async * load (): AsyncIterable<[string, string]> {}
  async write (): Promise<void> {}
  writeLater (): void {}
  async close (): Promise<void> {}
}

/**
 * LevelDB with group commit: changes that arrive while a batch is being synced go together in the next one, in order,
 * so that two hundred writers at once pay for a few syncs and never overtake each other.
 */
export class LevelJournal implements Journal {
  readonly #level: ClassicLevel
  /** After a write that failed the log may end in half a record, and whatever followed it would be lost at the next start. */
  #broken = false
  #waiting: Waiting[] = []
  #running: Promise<void> | undefined
  readonly #later = new Map<string, () => string | undefined>()
  #timer: NodeJS.Timeout | undefined

  private constructor (level: ClassicLevel) { this.#level = level }

  /** @throws {Error} with one clear line when another process has the folder open. */
  static async open (folder: string, level = new ClassicLevel(folder)): Promise<LevelJournal> {
    try {
      await level.open()
    } catch (error) {
      const cause = error instanceof Error ? error.cause : undefined
      const locked = cause instanceof Error && 'code' in cause && cause.code === 'LEVEL_LOCKED'
      throw new Error(locked
        ? `The sandbox folder ${folder} is in use by another process. Stop that one or choose another folder.`
        : `The sandbox folder ${folder} cannot be opened: ${cause instanceof Error ? cause.message : String(error)}`,
      { cause: error })
    }
    return new LevelJournal(level)
  }

  /** @throws {Error} with one clear line when a file of it cannot be read. It is closed then. */
  async * load (): AsyncIterable<[string, string]> {
    try {
      yield * this.#level.iterator()
    } catch (error) {
      await this.close()
      throw new Error(`The sandbox folder ${this.#level.location} is damaged: ${error instanceof Error ? error.message : String(error)}; delete it or restore it.`, { cause: error })
    }
  }

  write (changes: Change[]): Promise<void> {
    // What is written now is newer than what waits under the same key.
    for (const { key } of changes) this.#later.delete(key)
    return this.#enqueue(changes, true)
  }

  writeLater (key: string, value: () => string | undefined): void {
    this.#later.set(key, value)
    // A failure leaves things as after a power cut, which is allowed here.
    this.#timer ??= setTimeout(() => { this.#flush().catch(() => {}) }, LATER_MS).unref()
  }

  async close (): Promise<void> {
    clearTimeout(this.#timer)
    await this.#flush()
    await this.#running
    await this.#level.close()
  }

  async #flush (): Promise<void> {
    this.#timer = undefined
    const changes = [...this.#later].flatMap(([key, make]) => {
      const value = make()
      return value === undefined ? [] : [{ key, value }]
    })
    this.#later.clear()
    if (changes.length > 0) await this.#enqueue(changes, false)
  }

  #enqueue (changes: Change[], sync: boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ changes, sync, resolve, reject })
      this.#running ??= this.#drain()
    })
  }

  async #drain (): Promise<void> {
    // One turn of the event loop lets writers of the same moment share the first batch, too.
    await new Promise((resolve) => setImmediate(resolve))
    while (this.#waiting.length > 0) {
      const group = this.#waiting
      this.#waiting = []
      try {
        await this.#repair()
        const changes = group.flatMap((one) => one.changes)
        await this.#level.batch(changes.map(({ key, value }) => value === undefined
          ? { type: 'del', key } as const
          : { type: 'put', key, value } as const), { sync: group.some(({ sync }) => sync) })
        for (const one of group) one.resolve()
      } catch (error) {
        this.#broken = true
        // What came meanwhile was built on what has failed. The newest first, so that each finds what it has put there itself.
        for (const one of [...group, ...this.#waiting.splice(0)].reverse()) one.reject(error)
      }
    }
    this.#running = undefined
  }

  /** Opening anew begins a new log, behind all that is whole in the old one. */
  async #repair (): Promise<void> {
    if (!this.#broken) return
    await this.#level.close().catch(() => {})
    await this.#level.open()
    this.#broken = false
  }
}
