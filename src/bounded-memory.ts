import { LRUCache } from 'lru-cache'

/** Bounds of one cache. Bytes are estimates: two per character, plus a constant per entry. */
export interface MemoryBounds {
  readonly maxBytes?: number | undefined
  /** Absent: as many as fit. Memory for all of them is allocated at once, so keep this number small. */
  readonly maxEntries?: number | undefined
}

export interface BoundedMemoryOptions<Value> extends MemoryBounds {
  readonly maxBytes: number
  /** Estimates the bytes of a value; those of its key are always added. */
  readonly bytesOf?: (value: Value) => number
  readonly lifetimeMs?: number
  readonly now?: () => number
  /** Called with an entry that was evicted to make room for others. */
  readonly onPushedOut?: (value: Value, key: string) => void
}

/** What an entry takes beside its texts. Measured: 120 to 200 bytes. */
const ENTRY_BYTES = 200

export function bytesOfText ({ length }: string): number { return 2 * length }

/**
 * Makes a cache that evicts the least recently used entry first. Callers choose how long keys and values are,
 * so a number of entries alone would bound nothing. An entry larger than the whole cache is not kept.
 */
export function boundedMemory<Value extends object | number> (
  options: BoundedMemoryOptions<Value>
): LRUCache<string, Value> {
  const { maxBytes, maxEntries, bytesOf = () => 0, lifetimeMs, now, onPushedOut } = options
  return new LRUCache({
    ...(maxEntries !== undefined && { max: maxEntries }),
    maxSize: maxBytes,
    sizeCalculation: (value, key) => ENTRY_BYTES + bytesOfText(key) + Math.ceil(bytesOf(value)),
    ...(lifetimeMs !== undefined && { ttl: lifetimeMs, ttlResolution: 0 }), // no timer
    ...(now && { perf: { now } }),
    ...(onPushedOut && {
      dispose: (value: Value, key: string, reason: string) => {
        if (reason === 'evict') onPushedOut(value, key)
      }
    })
  })
}
