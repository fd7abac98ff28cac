import type { ClassicLevel } from 'classic-level'

/** One change of the record database; no value means that the key goes. */
export interface Change { key: string, value?: string }

/** Changes to write, or that everything goes. */
type Work = { changes: Change[], sync: boolean } | { clears: true }
type Waiting = Work & { resolve: () => void, reject: (cause: unknown) => void }

const LATER_MS = 1000
/** Key that is there while everything is removed, so that the next process finishes what this one began. */
const CLEARING_KEY = '\u0000clearing'

/** Where records are written to. Every promise resolves when the change would survive `kill -9`. */
export interface Journal {
  load (): AsyncIterable<[string, string]>
  write (changes: Change[]): Promise<void>
  /** For what can be made again: written within a second or so, as it is by then; undefined when it is gone. */
  writeLater (key: string, value: () => string | undefined): void
  /** Removes everything, or nothing, however the process ends. */
  clear (): Promise<void>
  close (): Promise<void>
}

/** Returns the key of a record that a cloud holds. */
export function journalKey (cloud: string, kind: string, name: string): string {
  return [cloud, kind, name].join('\u0000')
}

/** Writes changes that memory shows already, and calls `undo` when that fails. */
export async function commit (journal: Journal, changes: Change[], undo: () => void): Promise<void> {
  try {
    await journal.write(changes)
  } catch (error) {
    undo()
    throw error
  }
}

/** For `:memory:`: nothing to load, nothing to keep. */
export class MemoryJournal implements Journal {
  async * load (): AsyncIterable<[string, string]> {}
  async write (): Promise<void> {}
  writeLater (): void {}
  async clear (): Promise<void> {}
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
  static async open (folder: string, given?: ClassicLevel): Promise<LevelJournal> {
    const level = given ?? new (await import('classic-level')).ClassicLevel(folder)
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
      await this.#finishClearing()
      yield * this.#level.iterator()
    } catch (error) {
      await this.close()
      throw new Error(`The sandbox folder ${this.#level.location} is damaged: ${error instanceof Error ? error.message : String(error)}; delete it or restore it.`, { cause: error })
    }
  }

  write (changes: Change[]): Promise<void> {
    // What is written now is newer than what waits under the same key.
    for (const { key } of changes) this.#later.delete(key)
    return this.#enqueue({ changes, sync: true })
  }

  clear (): Promise<void> {
    this.#later.clear()
    return this.#enqueue({ clears: true })
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
    const changes = [...this.#later].map(([key, make]): Change => {
      const value = make()
      return value === undefined ? { key } : { key, value }
    })
    this.#later.clear()
    if (changes.length > 0) await this.#enqueue({ changes, sync: false })
  }

  #enqueue (work: Work): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ ...work, resolve, reject })
      this.#running ??= this.#drain()
    })
  }

  async #drain (): Promise<void> {
    // One turn of the event loop lets writers of the same moment share the first batch, too.
    await new Promise((resolve) => setImmediate(resolve))
    while (this.#waiting.length > 0) {
      const clearing = this.#waiting.findIndex((one) => 'clears' in one)
      const group = this.#waiting.splice(0, clearing < 0 ? Infinity : Math.max(1, clearing))
      try {
        await this.#repair()
        if (clearing === 0) await this.#removeAll()
        else await this.#writeAll(group.flatMap((one) => 'changes' in one ? one : []))
        for (const one of group) one.resolve()
      } catch (error) {
        this.#broken = true
        // What came meanwhile was built on what has failed. The newest first, so that each finds what it has put there itself.
        for (const one of [...group, ...this.#waiting.splice(0)].reverse()) one.reject(error)
      }
    }
    this.#running = undefined
  }

  async #writeAll (works: readonly Extract<Work, { changes: Change[] }>[]): Promise<void> {
    const changes = works.flatMap((one) => one.changes)
    await this.#level.batch(changes.map(({ key, value }) => value === undefined
      ? { type: 'del', key } as const
      : { type: 'put', key, value } as const), { sync: works.some(({ sync }) => sync) })
  }

  async #removeAll (): Promise<void> {
    await this.#level.put(CLEARING_KEY, '', { sync: true })
    // The key above decides it: whatever is left is removed before anything else is written.
    await this.#finishClearing().catch(() => { this.#broken = true })
  }

  /** Removes what is left. The database does so in small steps, without blocking the event loop. */
  async #finishClearing (): Promise<void> {
    if (!await this.#level.has(CLEARING_KEY)) return
    await this.#level.clear({ lt: CLEARING_KEY })
    await this.#level.clear({ gt: CLEARING_KEY })
    await this.#level.del(CLEARING_KEY, { sync: true })
  }

  /** Opening anew begins a new log, behind all that is whole in the old one. */
  async #repair (): Promise<void> {
    if (!this.#broken) return
    await this.#level.close().catch(() => {})
    await this.#level.open()
    await this.#finishClearing()
    this.#broken = false
  }
}
