import type { UploaderOptions } from './types.ts'

/** How far a chunked upload has come. Bytes are never kept. */
export interface Kept {
  id: string
  done: number
  chunkBytes: number
  /** Milliseconds since 1970. */
  time: number
  /** The last chunk was begun, so the asset may be stored. */
  ending?: boolean
}

const PREFIX = 'cloudinary-upload:'
/** Cloudinary does not say how long it keeps unfinished uploads. */
const LIFETIME_MS = 12 * 3_600_000
/** Uploads of this page: the same file, chosen twice at once, is two uploads. */
const running = new Set<string>()

/** Remembers one upload. A storage that throws (private mode, quota) is like none. */
export class Memory {
  readonly #storage: UploaderOptions['storage']
  readonly #key: string

  constructor (storage: UploaderOptions['storage'], parts: unknown) {
    this.#key = PREFIX + JSON.stringify(parts)
    this.#storage = running.has(this.#key) ? null : storage
    if (this.#storage) running.add(this.#key)
  }

  read (): Kept | undefined {
    return this.#try((storage) => {
      const kept = JSON.parse(storage.getItem(this.#key) ?? 'null') as Kept | null
      const age = Date.now() - (kept?.time ?? 0)
      return kept !== null && age >= 0 && age < LIFETIME_MS && kept.done > 0 ? kept : undefined
    })
  }

  write (kept: Kept): void {
    this.#try((storage) => { storage.setItem(this.#key, JSON.stringify({ ...kept, time: Date.now() })) })
  }

  forget (): void { this.#try((storage) => { storage.removeItem(this.#key) }) }

  /** Lets another upload use the same key. */
  close (): void { if (this.#storage) running.delete(this.#key) }

  #try<T> (work: (storage: NonNullable<UploaderOptions['storage']>) => T): T | undefined {
    try {
      return this.#storage ? work(this.#storage) : undefined
    } catch {
      return undefined
    }
  }
}
