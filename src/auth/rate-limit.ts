import { hash, randomBytes } from 'node:crypto'
import type { LRUCache } from 'lru-cache'
import { boundedMemory, type MemoryBounds } from '../bounded-memory.ts'
import { steadyClock } from '../clock.ts'
import type { Rate } from '../schemas/caller.ts'

/** What became of one request. Seconds are whole ones, rounded up. */
export interface RateVerdict {
  readonly allowed: boolean
  readonly remaining: number
  /** Until the whole quota is there again. */
  readonly resetSeconds: number
  /** Until the next request passes; 0 when it passed. */
  readonly retryAfterSeconds: number
}

/** Counts requests. `key` names the one who is counted. */
export interface RateStore {
  take (key: string, rate: Rate): Promise<RateVerdict>
  close (): Promise<void>
}

/**
 * The generic cell rate algorithm: one number a key, the time at which its quota will be whole again
 * ("theoretical arrival time"). Requests may come at once or spread out, and there is no window at whose edge
 * twice as many pass.
 */
export function verdictAt (nowMs: number, wholeAtMs: number, { requests, perSeconds }: Rate): { verdict: RateVerdict, wholeAtMs: number } {
  const periodMs = perSeconds * 1000
  const stepMs = periodMs / requests
  const next = Math.max(nowMs, wholeAtMs) + stepMs
  const waitMs = next - periodMs - nowMs
  // Fractions of a step add up to rounding errors; a thousandth of a millisecond is none of ours.
  const allowed = waitMs <= 0.001
  const whole = allowed ? next : wholeAtMs
  return {
    wholeAtMs: whole,
    verdict: {
      allowed,
      remaining: Math.max(0, Math.floor((periodMs - (whole - nowMs)) / stepMs + 0.001)),
      resetSeconds: Math.ceil(Math.max(0, whole - nowMs) / 1000),
      retryAfterSeconds: allowed ? 0 : Math.ceil(waitMs / 1000)
    }
  }
}

const ROWS = 4
const COLUMNS = 65_536

/**
 * Quotas of keys that were pushed out of the memory, in 2 MiB whatever their number (a count-min sketch).
 * Each key has one place in each row and shares it with others: the earliest of the four times is never
 * before its own, and hardly ever after it. A salt keeps callers from choosing whom they share places with.
 */
class PushedOut {
  readonly #salt = randomBytes(16).toString('latin1')
  /** Made when the first key is pushed out, which most processes never see. */
  #wholeAt: Float64Array | undefined

  add (key: string, wholeAtMs: number): void {
    const times = this.#wholeAt ??= new Float64Array(ROWS * COLUMNS)
    for (const place of this.#placesOf(key)) {
      times[place] = Math.max(times[place] as number, wholeAtMs) // within bounds
    }
  }

  wholeAt (key: string): number {
    const times = this.#wholeAt
    return times ? Math.min(...this.#placesOf(key).map((place) => times[place] as number)) : 0 // see above
  }

  #placesOf (key: string): number[] {
    const digest = hash('sha256', this.#salt + key, 'binary')
    const byte = (index: number): number => digest.charCodeAt(index)
    return Array.from({ length: ROWS }, (_, row) => row * COLUMNS + byte(2 * row) * 256 + byte(2 * row + 1))
  }
}

/**
 * Bounds of the keys remembered exactly. Of the others it is remembered what they have used, in a place that
 * they share.
 */
export interface MemoryRateStoreOptions extends MemoryBounds {
  readonly now?: (() => number) | undefined
}

/** Holds 50,000 keys or more of the usual length. */
const MAX_BYTES = 16 * 1024 ** 2

/**
 * Counts in this process alone: with several replicas each allows the whole rate. Nobody gets a new quota by
 * pushing its key out of the memory with many others.
 */
export class MemoryRateStore implements RateStore {
  readonly #now: () => number
  readonly #pushedOut = new PushedOut()
  readonly #wholeAt: LRUCache<string, number>

  constructor ({ now = steadyClock, maxBytes = MAX_BYTES, maxEntries }: MemoryRateStoreOptions = {}) {
    this.#now = now
    this.#wholeAt = boundedMemory({
      maxBytes,
      maxEntries,
      onPushedOut: (wholeAtMs, key) => { if (wholeAtMs > now()) this.#pushedOut.add(key, wholeAtMs) }
    })
  }

  get size (): number { return this.#wholeAt.size }

  async take (key: string, rate: Rate): Promise<RateVerdict> {
    const known = this.#wholeAt.get(key) ?? this.#pushedOut.wholeAt(key)
    const { verdict, wholeAtMs } = verdictAt(this.#now(), known, rate)
    this.#wholeAt.set(key, wholeAtMs)
    return verdict
  }

  async close (): Promise<void> { this.#wholeAt.clear() }
}
