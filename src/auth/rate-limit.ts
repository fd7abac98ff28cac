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
 * The generic cell rate algorithm: one number a key, the time at which its quota will be whole again ("theoretical
 * arrival time"). Requests may come at once or spread out, and there is no window at whose edge twice as many pass.
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

export interface MemoryRateStoreOptions {
  readonly now?: () => number
  /** Keys remembered at once; the one that was used longest ago is forgotten first. */
  readonly maxKeys?: number
}

/** Counts in this process alone: with several replicas each allows the whole rate. */
export class MemoryRateStore implements RateStore {
  readonly #now: () => number
  readonly #maxKeys: number
  readonly #wholeAt = new Map<string, number>()

  constructor ({ now = Date.now, maxKeys = 100_000 }: MemoryRateStoreOptions = {}) {
    this.#now = now
    this.#maxKeys = maxKeys
  }

  get size (): number { return this.#wholeAt.size }

  async take (key: string, rate: Rate): Promise<RateVerdict> {
    const { verdict, wholeAtMs } = verdictAt(this.#now(), this.#wholeAt.get(key) ?? 0, rate)
    this.#wholeAt.delete(key)
    this.#wholeAt.set(key, wholeAtMs)
    if (this.#wholeAt.size > this.#maxKeys) {
      const [oldest] = this.#wholeAt.keys()
      if (oldest !== undefined) this.#wholeAt.delete(oldest)
    }
    return verdict
  }

  async close (): Promise<void> { this.#wholeAt.clear() }
}
