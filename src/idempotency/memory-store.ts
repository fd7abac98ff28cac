import { KEPT_MS, type Claim, type Hold, type IdempotencyRecord, type IdempotencyStore } from './record.ts'

interface KeptRecord {
  readonly record: IdempotencyRecord
  readonly bytes: number
  readonly expiresAtMs: number
}

export interface MemoryStoreOptions {
  readonly maxEntries?: number
  /** All records together, in characters of their JSON. */
  readonly maxBytes?: number
  readonly now?: () => number
}

/**
 * Keys of this process alone. Uploads that run are never forgotten; of the others the least recently used go first
 * when there are too many. The newest stays whatever its size.
 */
export class MemoryIdempotencyStore implements IdempotencyStore {
  readonly #running = new Set<string>()
  /** The most recently used stands last. */
  readonly #entries = new Map<string, KeptRecord>()
  readonly #maxEntries: number
  readonly #maxBytes: number
  readonly #now: () => number
  #bytes = 0

  constructor ({ maxEntries = 10_000, maxBytes = 32 * 1024 * 1024, now = Date.now }: MemoryStoreOptions = {}) {
    this.#maxEntries = maxEntries
    this.#maxBytes = maxBytes
    this.#now = now
  }

  async claim (name: string): Promise<Claim> {
    if (this.#running.has(name)) return { state: 'in_progress' }
    const entry = this.#take(name)
    if (entry !== undefined && entry.expiresAtMs > this.#now()) {
      this.#put(name, entry)
      return { state: 'known', record: entry.record }
    }
    this.#running.add(name)
    return { state: 'held', hold: this.#hold(name) }
  }

  async close (): Promise<void> { this.#entries.clear() }

  #hold (name: string): Hold {
    return {
      // What this process forgets when it ends, it cannot be asked about afterwards.
      seal: async () => {},
      settle: async (record) => {
        this.#put(name, { record, bytes: JSON.stringify(record).length, expiresAtMs: this.#now() + KEPT_MS })
        this.#running.delete(name)
      },
      release: async () => { this.#running.delete(name) }
    }
  }

  #take (name: string): KeptRecord | undefined {
    const entry = this.#entries.get(name)
    if (entry === undefined) return undefined
    this.#entries.delete(name)
    this.#bytes -= entry.bytes
    return entry
  }

  #put (name: string, entry: KeptRecord): void {
    this.#entries.set(name, entry)
    this.#bytes += entry.bytes
    for (const oldest of this.#entries.keys()) {
      if (oldest === name || (this.#entries.size <= this.#maxEntries && this.#bytes <= this.#maxBytes)) break
      this.#take(oldest)
    }
  }
}
