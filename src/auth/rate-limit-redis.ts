import { once } from 'node:events'
import { Redis } from 'ioredis'
import type { Secret } from '../secret.ts'
import type { Rate } from './permissions.ts'
import { MemoryRateStore, verdictAt, type RateStore, type RateVerdict } from './rate-limit.ts'

/**
 * The same algorithm, inside Redis, by Redis's clock: replicas whose clocks differ still share one count. Answers the
 * time and the number that the verdict is computed from.
 */
const SCRIPT = `
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local whole = tonumber(redis.call('GET', KEYS[1]) or '0')
local period = tonumber(ARGV[1])
local step = period / tonumber(ARGV[2])
local next = math.max(now, whole) + step
if next - period - now <= 0.001 then
  redis.call('SET', KEYS[1], string.format('%.3f', next), 'PX', math.ceil(next - now) + 1000)
end
return { string.format('%.3f', now), string.format('%.3f', whole) }
`
const PREFIX = 'cloudinary-gateway:rate:'
const COMMAND_TIMEOUT_MS = 250
/** After a failure memory counts for this long, so that a Redis that hangs does not delay every request. */
const PAUSE_MS = 1_000

export interface RedisRateStoreOptions {
  readonly url: Secret
  readonly now?: () => number
  /** Told once when Redis stops answering, and once when it answers again. */
  readonly onFault?: (error: unknown) => void
  readonly onRecovery?: () => void
}

/**
 * Counts in Redis, so that replicas share one limit. While Redis is down each replica counts by itself: callers are
 * still limited, at worst to one rate a replica, and none waits or is turned away because of Redis.
 */
export class RedisRateStore implements RateStore {
  readonly #redis: Redis
  readonly #memory: MemoryRateStore
  readonly #options: RedisRateStoreOptions
  readonly #now: () => number
  #downUntilMs = 0
  #isDown = false

  constructor (options: RedisRateStoreOptions) {
    this.#options = options
    this.#now = options.now ?? Date.now
    this.#memory = new MemoryRateStore({ now: this.#now })
    this.#redis = new Redis(options.url.reveal(), {
      commandTimeout: COMMAND_TIMEOUT_MS,
      connectTimeout: 2_000,
      maxRetriesPerRequest: 0,
      enableOfflineQueue: false,
      retryStrategy: (attempt) => Math.min(attempt * 100, 2_000)
    })
    // Reconnecting is ioredis's business; an error without a listener would end the process.
    this.#redis.on('error', (error) => this.#fail(error))
  }

  async take (key: string, rate: Rate): Promise<RateVerdict> {
    if (this.#now() < this.#downUntilMs) return this.#memory.take(key, rate)
    try {
      const reply = await this.#redis.eval(SCRIPT, 1, PREFIX + key, rate.perSeconds * 1000, rate.requests)
      const [now, whole] = reply as [string, string] // what the script returns
      this.#recover()
      return verdictAt(Number(now), Number(whole), rate).verdict
    } catch (error) {
      this.#fail(error)
      this.#downUntilMs = this.#now() + PAUSE_MS
      return this.#memory.take(key, rate)
    }
  }

  /** Resolves when Redis is connected, or has not been within `timeoutMs`: start-up does not hang on it. */
  async ready (timeoutMs = 2_000): Promise<void> {
    if (this.#redis.status === 'ready') return
    await once(this.#redis, 'ready', { signal: AbortSignal.timeout(timeoutMs) }).catch(() => {})
  }

  async close (): Promise<void> {
    this.#redis.disconnect()
    await this.#memory.close()
  }

  #fail (error: unknown): void {
    if (this.#isDown) return
    this.#isDown = true
    this.#options.onFault?.(error)
  }

  #recover (): void {
    if (!this.#isDown) return
    this.#isDown = false
    this.#options.onRecovery?.()
  }
}
