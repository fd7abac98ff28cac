import { LRUCache } from 'lru-cache'

interface Evictable { readonly bytes: number, readonly evict: () => void }

/** Bounds the bytes of all derived assets. They can be made again, so the least recently used are evicted. */
export class DerivedLimit {
  readonly #recent: LRUCache<string, Evictable>

  constructor (maxBytes: number) {
    this.#recent = new LRUCache<string, Evictable>({
      maxSize: maxBytes,
      sizeCalculation: ({ bytes }) => Math.max(1, bytes),
      dispose: ({ evict }, _key, reason) => { if (reason === 'evict') evict() }
    })
  }

  /** Counts one. @param evict is called when it has to go: at once, if it alone exceeds the bound. */
  keep (key: string, bytes: number, evict: () => void): void {
    this.#recent.set(key, { bytes, evict })
    if (!this.#recent.has(key)) evict()
  }

  /** Notes that one was used. */
  use (key: string): void { this.#recent.get(key) }

  /** Stops counting one that is gone. */
  drop (key: string): void { this.#recent.delete(key) }

  clear (): void { this.#recent.clear() }
}
