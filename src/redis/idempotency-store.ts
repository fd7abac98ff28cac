import { randomUUID } from 'node:crypto'
import { GatewayError, overloaded } from '../errors.ts'
import {
  KEPT_MS,
  type Claim,
  type Hold,
  type IdempotencyRecord,
  type IdempotencyStore
} from '../idempotency/record.ts'
import type { RedisLink, RunScript } from './link.ts'

/**
 * A key is a hash: who `owner` is, until when its `lease` runs (milliseconds, by Redis's clock), and the `record`, which
 * is there once the last byte may have gone out. Without a record all of it goes with the lease.
 */
const CLOCK = 'local time = redis.call("TIME") local now = time[1] * 1000 + math.floor(time[2] / 1000)\n'
/** owner, lease in ms. Answers 1: yours, 0: in progress, text: the record. */
const CLAIM = `${CLOCK}
local lease, record = unpack(redis.call('HMGET', KEYS[1], 'lease', 'record'))
if lease and tonumber(lease) > now then return 0 end
if record then return record end
redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'lease', now + ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
`
/**
 * owner, lease in ms, record or nothing, expiry in ms. A failover or a FLUSHALL may have lost the key: it is
 * put back, so that a repeated request does not store a second asset.
 */
const RENEW = `${CLOCK}
local owner, record = unpack(redis.call('HMGET', KEYS[1], 'owner', 'record'))
if owner and owner ~= ARGV[1] then return 0 end
if not owner and ARGV[3] ~= '' then
  record = ARGV[3]
  redis.call('HSET', KEYS[1], 'record', record)
end
redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'lease', now + ARGV[2])
redis.call('PEXPIRE', KEYS[1], record and ARGV[4] or ARGV[2])
return 1
`
/** owner, lease in ms, record, expiry in ms. Works for a key that ran out meanwhile, not for one that somebody else took. */
const SEAL = `${CLOCK}
local owner = redis.call('HGET', KEYS[1], 'owner')
if owner and owner ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'lease', now + ARGV[2], 'record', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 1
`
/** owner, record, expiry in ms. */
const SETTLE = `
local owner = redis.call('HGET', KEYS[1], 'owner')
if owner and owner ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'record', ARGV[2])
redis.call('HDEL', KEYS[1], 'lease')
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
`
/** owner. */
const RELEASE = `
if redis.call('HGET', KEYS[1], 'owner') ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
`
const KIND = 'idempotency:'
const COMMAND_TIMEOUT_MS = 1_000

export interface RedisStoreOptions {
  /** How long a key stays in progress when its process has died. Renewed three times in that span. */
  readonly leaseMs?: number
}

/**
 * Keys of all replicas. While Redis is out of reach, requests with a key are refused: an upload that cannot be told from
 * a repeated one could store a second asset. None waits longer than a second.
 */
export class RedisIdempotencyStore implements IdempotencyStore {
  readonly #runScript: RunScript
  readonly #leaseMs: number

  constructor (link: RedisLink, { leaseMs = 30_000 }: RedisStoreOptions = {}) {
    this.#leaseMs = leaseMs
    this.#runScript = link.within(COMMAND_TIMEOUT_MS)
  }

  async claim (name: string): Promise<Claim> {
    const owner = randomUUID()
    const found = await this.#run(CLAIM, name, owner, this.#leaseMs).catch((error: unknown) => {
      // Redis may do it later all the same. This stands behind it on the same connection; without one the lease runs out.
      this.#run(RELEASE, name, owner).catch(() => {})
      throw error
    })
    if (found === 0) return { state: 'in_progress' }
    // The script answers text only where SEAL or SETTLE put a record.
    if (typeof found === 'string') return { state: 'known', record: JSON.parse(found) as IdempotencyRecord }
    return { state: 'held', hold: this.#hold(name, owner) }
  }

  async close (): Promise<void> {} // the link is not its own

  #hold (name: string, owner: string): Hold {
    const leaseMs = this.#leaseMs
    let sealed = ''
    // A renewal that fails is no harm yet: `seal` finds out whether the key is still ours.
    const renewal = setInterval(() => {
      this.#run(RENEW, name, owner, leaseMs, sealed, KEPT_MS).catch(() => {})
    }, leaseMs / 3).unref()
    let ended = false
    const end = (): void => {
      clearInterval(renewal)
      ended = true
    }
    return {
      seal: async (record) => {
        // A body may end after its upload has failed; its key may be somebody else's by now.
        if (ended) throw new GatewayError('client_closed', 'The upload is over.')
        const text = JSON.stringify(record)
        const ours = await this.#run(SEAL, name, owner, leaseMs, text, KEPT_MS)
        if (ours === 0) throw new GatewayError('idempotency_in_progress', 'Another request took over this Idempotency-Key while Redis was out of reach.')
        sealed = text
      },
      settle: async (record) => {
        end()
        await this.#run(SETTLE, name, owner, JSON.stringify(record), KEPT_MS)
      },
      release: async () => {
        end()
        await this.#run(RELEASE, name, owner)
      }
    }
  }

  async #run (script: string, name: string, ...parameters: ReadonlyArray<string | number>): Promise<unknown> {
    try {
      return await this.#runScript(script, KIND + name, ...parameters)
    } catch (cause) {
      throw overloaded(
        'The memory of Idempotency-Keys is out of reach, so this upload cannot be told from a repeated one.',
        { cause }
      )
    }
  }
}
