import { LRUCache } from 'lru-cache'

interface Evictable { readonly bytes: number, readonly evict: () => void }

/** Bounds the bytes of all derived assets together. They can be made again, so those that were not asked for longest go. */
export class DerivedLimit {
  readonly #recent: LRUCache<string, Evictable>

  constructor (maxBytes: number) {
    this.#recent = new LRUCache<string, Evictable>({
      maxSize: maxBytes,
      sizeCalculation: ({ bytes }) => Math.max(1, bytes),
      dispose: ({ evict }, _key, reason) => { if (reason === 'evict') evict() }
    })
  }

  /** @param evict is called when it has to go: at once, if it is larger than all of them may be. */
  keep (key: string, bytes: number, evict: () => void): void {
    this.#recent.set(key, { bytes, evict })
    if (!this.#recent.has(key)) evict()
  }

  /** It was asked for. */
  use (key: string): void { this.#recent.get(key) }

  /** It is gone. */
  drop (key: string): void { this.#recent.delete(key) }

  clear (): void { this.#recent.clear() }
}
