import {
  isPlausible, LONGEST_PERIOD_MS, type QuotaReading, type QuotaStore
} from '../cloudinary/upstream/account/quota-reading.ts'
import type { RedisLink, RunScript } from './link.ts'

/**
 * A reading is the text "limit remaining reset". It expires with its period, which Redis itself measures.
 * Anything else (of another version, or written by hand) counts as nothing, and is not carried here: it may
 * be large.
 */
const PEEK = `
local known = redis.pcall('GET', KEYS[1])
if type(known) ~= 'string' or #known > 64 then return false end
return { known, redis.call('PTTL', KEYS[1]) }
`
/**
 * Arguments: limit, remaining, reset, rest of the period in ms, reset of the period known when the call was
 * sent.
 */
const PUT = `
local limit, remaining, reset, left, basis = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4], ARGV[5]
local known = redis.pcall('GET', KEYS[1])
local knownLimit, knownRemaining, knownReset
if type(known) == 'string' then
  knownLimit, knownRemaining, knownReset = known:match('^(%d+) (%d+) (%d+)$')
end
local knownLeft = redis.call('PTTL', KEYS[1])
if knownReset and tonumber(knownRemaining) <= tonumber(knownLimit) and knownLeft > 0 and knownLeft <= ${LONGEST_PERIOD_MS} then
  if tonumber(knownReset) > reset and knownReset ~= basis then return 0 end
  if tonumber(knownReset) == reset and tonumber(knownLimit) == limit and tonumber(knownRemaining) <= remaining then return 0 end
end
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. ARGV[2] .. ' ' .. ARGV[3], 'PX', left)
return 1
`
const READING = /^\d+ \d+ \d+$/
const KIND = 'quota:'
const COMMAND_TIMEOUT_MS = 250

/** Shares readings between replicas. While Redis is down, each replica uses its own. */
export class RedisQuotaStore implements QuotaStore {
  readonly #link: RedisLink
  readonly #script: RunScript

  constructor (link: RedisLink) {
    this.#link = link
    this.#script = link.within(COMMAND_TIMEOUT_MS)
  }

  async peek (account: string): Promise<QuotaReading | undefined> {
    const known = await this.#run(PEEK, account)
    if (!Array.isArray(known)) return undefined
    const [text, leftMs] = known as [string, number] // what the script returns
    const [limit = 0, remaining = 0, resetsAtMs = 0] = READING.test(text) ? text.split(' ').map(Number) : []
    const reading = { limit, remaining, resetsAtMs, leftMs }
    return isPlausible(reading) ? reading : undefined
  }

  async put (account: string, reading: QuotaReading, basis: number | undefined): Promise<void> {
    const { limit, remaining, resetsAtMs, leftMs } = reading
    await this.#run(PUT, account, limit, remaining, resetsAtMs, Math.ceil(leftMs), basis ?? '')
  }

  async #run (
    script: string, account: string, ...parameters: ReadonlyArray<string | number>
  ): Promise<unknown> {
    // A Redis that hangs does not delay every call.
    if (this.#link.isDown) return undefined
    return this.#script(script, KIND + account, ...parameters).catch(() => undefined)
  }
}
