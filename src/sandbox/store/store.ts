import { setImmediate as turn } from 'node:timers/promises'
import type { BlobStore } from './blobs.ts'
import { CloudStore } from './cloud-store.ts'
import { DerivedLimit } from './derived-limit.ts'
import type { Journal } from './journal.ts'
import { load, STARTS_KEY } from './loading.ts'

export { CloudStore } from './cloud-store.ts'
export type { DocumentKind } from './documents.ts'

/** Default bound on the bytes of all derived assets. */
export const DERIVED_MAX_BYTES = 256 * 1024 * 1024

export interface StoreOptions { derivedMaxBytes?: number }

/** Files that are removed before other work gets a turn. */
const REMOVED_AT_ONCE = 500

/**
 * All records of a sandbox: in memory for reading, written through to the journal. A change is visible at once, so that
 * reading and changing in one go needs no lock; its promise resolves when it is durable, and only then is it answered.
 */
export class Store {
  readonly #journal: Journal
  readonly #blobs: BlobStore
  readonly #limit: DerivedLimit
  readonly #clouds = new Map<string, CloudStore>()
  #sequence = 0
  #starts = 0
  #wasEmpty = true

  private constructor (journal: Journal, blobs: BlobStore, derivedMaxBytes: number) {
    this.#journal = journal
    this.#blobs = blobs
    this.#limit = new DerivedLimit(derivedMaxBytes)
  }

  /** Loads what the journal holds and removes bytes that no record names. */
  static async open (
    journal: Journal, blobs: BlobStore, { derivedMaxBytes = DERIVED_MAX_BYTES }: StoreOptions = {}
  ): Promise<Store> {
    const store = new Store(journal, blobs, derivedMaxBytes)
    const { isEmpty, starts, lastSequence, known } = await load(journal, (cloud) => store.cloud(cloud))
    store.#wasEmpty = isEmpty
    store.#starts = starts
    store.#sequence = lastSequence
    for (const cloud of store.clouds()) for (const blob of cloud.blobs()) known.blobs.add(blob)
    await blobs.sweep(known)
    return store
  }

  /** Counts the starts of a folder that holds something. @returns 0 for an empty one, else a number that no start had before. */
  async countStart (): Promise<number> {
    if (this.#wasEmpty) return 0
    this.#starts++
    await this.#journal.write([{ key: STARTS_KEY, value: String(this.#starts) }])
    return this.#starts
  }

  /** The next number for `record.sequence`. */
  nextSequence (): number { return ++this.#sequence }

  /** The assets and documents of one cloud; an unknown name is an empty cloud. */
  cloud (name: string): CloudStore {
    let cloud = this.#clouds.get(name)
    if (!cloud) {
      cloud = new CloudStore(name, { journal: this.#journal, blobs: this.#blobs, limit: this.#limit })
      this.#clouds.set(name, cloud)
    }
    return cloud
  }

  /** Those that were ever asked for. */
  clouds (): CloudStore[] { return [...this.#clouds.values()] }

  /** Removes everything, at once in memory and atomically in the journal. Files go a few at a time. */
  async clear (): Promise<void> {
    const emptied = this.clouds().map((cloud) => cloud.empty())
    this.#limit.clear()
    try {
      await this.#journal.clear()
    } catch (error) {
      for (const { undo } of emptied) undo()
      throw error
    }
    this.#starts = 0
    this.#sequence = 0
    for (const { blobs } of emptied) await this.#removeInTurns(blobs())
  }

  async #removeInTurns (blobs: Iterable<string>): Promise<void> {
    let removing: Promise<void>[] = []
    for (const blob of blobs) {
      // The records are gone, and the next start removes a file that stays.
      removing.push(this.#blobs.remove(blob).catch(() => {}))
      if (removing.length < REMOVED_AT_ONCE) continue
      await Promise.all(removing)
      await turn()
      removing = []
    }
    await Promise.all(removing)
  }

  async close (): Promise<void> { await this.#journal.close() }
}
