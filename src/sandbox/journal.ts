import { ClassicLevel } from 'classic-level'

/** One change of the record database; no value means that the key goes. */
interface Change { key: string, value?: string }

interface Waiting { changes: Change[], resolve: () => void, reject: (cause: unknown) => void }

/** Where records are written to. Every promise resolves when the change would survive `kill -9`. */
export interface Journal {
  load (): AsyncIterable<[string, string]>
  write (changes: Change[]): Promise<void>
  close (): Promise<void>
}

/** For `:memory:`: nothing to load, nothing to keep. */
export class MemoryJournal implements Journal {
  async * load (): AsyncIterable<[string, string]> {}
  async write (): Promise<void> {}
  async close (): Promise<void> {}
}

/**
 * LevelDB with group commit: changes that arrive while a batch is being synced go together in the next one, in order,
 * so that two hundred writers at once pay for a few syncs and never overtake each other.
 */
export class LevelJournal implements Journal {
  readonly #level: ClassicLevel
  #waiting: Waiting[] = []
  #running: Promise<void> | undefined

  private constructor (level: ClassicLevel) { this.#level = level }

  /** @throws {Error} with one clear line when another process has the folder open. */
  static async open (folder: string): Promise<LevelJournal> {
    const level = new ClassicLevel(folder)
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

  async * load (): AsyncIterable<[string, string]> {
    yield * this.#level.iterator()
  }

  write (changes: Change[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ changes, resolve, reject })
      this.#running ??= this.#drain()
    })
  }

  async close (): Promise<void> {
    await this.#running
    await this.#level.close()
  }

  async #drain (): Promise<void> {
    // One turn of the event loop lets writers of the same moment share the first batch, too.
    await new Promise((resolve) => setImmediate(resolve))
    while (this.#waiting.length > 0) {
      const group = this.#waiting
      this.#waiting = []
      try {
        const changes = group.flatMap((one) => one.changes)
        await this.#level.batch(changes.map(({ key, value }) => value === undefined
          ? { type: 'del', key } as const
          : { type: 'put', key, value } as const), { sync: true })
        for (const one of group) one.resolve()
      } catch (error) {
        for (const one of group) one.reject(error)
      }
    }
    this.#running = undefined
  }
}
