import type { Rate } from '../schemas/caller.ts'
import type { MemoryBounds } from '../bounded-memory.ts'
import { MemoryRateStore, verdictAt, type RateStore, type RateVerdict } from '../auth/rate-limit.ts'
import type { RedisLink, RunScript } from './link.ts'

/**
 * The same algorithm, inside Redis, by Redis's clock: replicas whose clocks differ still share one count.
 * Answers the time and the number that the verdict is computed from. A whole period is the most that can be
 * used up: more was counted before the clock went back, or by nobody.
 */
const SCRIPT = `
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local period = tonumber(ARGV[1])
local whole = tonumber(redis.call('GET', KEYS[1]) or '0') or 0
if whole > now + period then
  whole = now + period
  redis.call('SET', KEYS[1], string.format('%.3f', whole), 'PX', period + 1000)
end
local step = period / tonumber(ARGV[2])
local next = math.max(now, whole) + step
if next - period - now <= 0.001 then
  redis.call('SET', KEYS[1], string.format('%.3f', next), 'PX', math.ceil(next - now) + 1000)
end
return { string.format('%.3f', now), string.format('%.3f', whole) }
`
/** No account: requests are counted before their environment is known. */
const KIND = 'rate:'
const COMMAND_TIMEOUT_MS = 250

/**
 * Counts in Redis, so that replicas share one limit. While Redis is down each replica counts by itself: callers are
 * still limited, at worst to one rate a replica, and none waits or is turned away because of Redis.
 */
export class RedisRateStore implements RateStore {
  readonly #link: RedisLink
  readonly #run: RunScript
  readonly #memory: MemoryRateStore

  /** @param memory bounds of what this replica counts by itself */
  constructor (link: RedisLink, memory: MemoryBounds = {}) {
    this.#memory = new MemoryRateStore(memory)
    this.#link = link
    this.#run = link.within(COMMAND_TIMEOUT_MS)
  }

  async take (key: string, rate: Rate): Promise<RateVerdict> {
    // A Redis that hangs does not delay every request.
    if (this.#link.isDown) return this.#memory.take(key, rate)
    try {
      const reply = await this.#run(SCRIPT, KIND + key, rate.perSeconds * 1000, rate.requests)
      const [now, whole] = reply as [string, string] // what the script returns
      return verdictAt(Number(now), Number(whole), rate).verdict
    } catch {
      return this.#memory.take(key, rate)
    }
  }

  async close (): Promise<void> { await this.#memory.close() }
}
