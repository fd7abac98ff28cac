import { LRUCache } from 'lru-cache'

/** Bounds of one memory. Bytes are estimates: two for each character, and what an entry takes beside its texts. */
export interface MemoryBounds {
  readonly maxBytes?: number | undefined
  /** Absent: as many as fit. Their places are taken at once, so this is for small numbers. */
  readonly maxEntries?: number | undefined
}

export interface BoundedMemoryOptions<Value> extends MemoryBounds {
  readonly maxBytes: number
  /** Estimates what a value takes; its key is counted anyway. */
  readonly bytesOf?: (value: Value) => number
  readonly lifetimeMs?: number
  readonly now?: () => number
  /** Called with an entry that had to leave for others. */
  readonly onPushedOut?: (value: Value, key: string) => void
}

/** Key, value and links of an entry in a map, without their texts. Measured: 120 to 200 bytes. */
const ENTRY_BYTES = 200

export function bytesOfText ({ length }: string): number { return 2 * length }

/**
 * Makes a memory that may forget: the entry that was not used for longest leaves first. Callers choose how long keys and
 * values are, so their number alone would bound nothing; an entry larger than all of it is not kept.
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
      dispose: (value: Value, key: string, reason: string) => { if (reason === 'evict') onPushedOut(value, key) }
    })
  })
}
