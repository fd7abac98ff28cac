import { EventEmitter, once } from 'node:events'
import { onFault, openRedis, probeKeysOf, type RedisClient, type RedisPlace } from './connection.ts'
import { refusalOf, type RedisRefusal } from './refusal.ts'

/** Called when Redis stops working, and when it works again. */
export interface LinkWatchers {
  readonly onDown?: ((error: unknown) => void) | undefined
  readonly onUp?: (() => void) | undefined
}

export interface RedisLinkOptions extends RedisPlace, LinkWatchers {
  /** Time between two probes of a Redis that works, and of one that does not. */
  readonly beatMs?: { readonly up: number, readonly down: number }
  /** A connection is closed when nothing has arrived for so long: its other end may be gone silently. */
  readonly silenceMs?: number
}

/** Runs a script for one key, and returns what it answers. */
export type RunScript = (
  script: string, key: string, ...parameters: ReadonlyArray<string | number>
) => Promise<unknown>

/**
 * Runs every command that the stores use: a replica, a Redis with full memory, or a user without rights may
 * still answer some of them.
 */
const PROBE = `
redis.call('TIME')
redis.call('SET', KEYS[1], '1')
redis.call('GET', KEYS[1])
redis.call('PTTL', KEYS[1])
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'a', '1')
redis.call('HGET', KEYS[1], 'a')
redis.call('HMGET', KEYS[1], 'a')
redis.call('HDEL', KEYS[1], 'b')
redis.call('PEXPIRE', KEYS[1], 1000)
return redis.call('DEL', KEYS[1])
`
const PROBE_TIMEOUT_MS = 1_000
const BEAT_MS = { up: 5_000, down: 1_000 }
const SILENCE_MS = 5_000
const START_MS = 2_000

/** What Redis, or a script, says of one value that it cannot use. All others can be used. */
const ABOUT_A_VALUE = /\bWRONGTYPE\b|attempt to (?:compare|perform arithmetic|index|concatenate|call)/

function isAboutAValue (error: unknown): boolean {
  return error instanceof Error && ABOUT_A_VALUE.test(error.message)
}

/** Settles as `answer` does, or rejects after `timeoutMs`. */
async function withTimeout<T> (answer: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => { reject(new Error(`Redis has not answered within ${timeoutMs} ms.`)) }, timeoutMs
    )
  })
  try {
    return await Promise.race([answer, late])
  } finally {
    clearTimeout(timer)
  }
}

/**
 * The process's one connection to Redis. No command waits long: without a connection it fails at once, while
 * reconnecting goes on in the background. The link probes Redis by itself, so that `isDown` is right without
 * traffic.
 */
export class RedisLink {
  readonly #redis: RedisClient
  readonly #watchers: LinkWatchers
  readonly #beatMs: { readonly up: number, readonly down: number }
  readonly #events = new EventEmitter()
  readonly #probeKeys: readonly string[]
  #state: 'starting' | 'up' | 'down' | 'closed' = 'starting'
  #refusal: RedisRefusal | undefined
  #beat: NodeJS.Timeout | undefined

  constructor ({ onDown, onUp, beatMs = BEAT_MS, silenceMs = SILENCE_MS, ...place }: RedisLinkOptions) {
    this.#watchers = { onDown, onUp }
    this.#beatMs = beatMs
    this.#redis = openRedis(place, silenceMs)
    this.#probeKeys = probeKeysOf(this.#redis)
    onFault(this.#redis, (error) => { this.#fail(error) })
    this.#redis.on('ready', () => { this.#probe() })
  }

  /** True while commands fail, and until the first successful probe. */
  get isDown (): boolean { return this.#state !== 'up' }

  /** Returns a function that runs scripts, and rejects when Redis does not answer within `timeoutMs`. */
  within (timeoutMs: number): RunScript {
    return async (script, key, ...parameters) => {
      try {
        return await withTimeout(this.#redis.eval(script, 1, key, ...parameters), timeoutMs)
      } catch (error) {
        if (!isAboutAValue(error)) this.#fail(error)
        throw error
      }
    }
  }

  /**
   * Resolves when Redis works, or after `timeoutMs`, so that start-up does not hang.
   * @throws {RedisRefusal} when Redis answers that it will never work with this configuration.
   */
  async ready (timeoutMs = START_MS): Promise<void> {
    if (!this.isDown) return
    try {
      await once(this.#events, 'settled', { signal: AbortSignal.timeout(timeoutMs) })
    } catch {
      this.#fail(new Error(`Redis has not answered within ${timeoutMs} ms.`))
    }
    if (this.isDown && this.#refusal) throw this.#refusal
  }

  close (): void {
    this.#state = 'closed'
    clearTimeout(this.#beat)
    this.#redis.disconnect()
  }

  async #probe (): Promise<void> {
    const run = this.within(PROBE_TIMEOUT_MS)
    // `within` notes failures, as for any other script.
    await Promise.all(this.#probeKeys.map((key) => run(PROBE, key))).then(() => { this.#recover() }, () => {})
    this.#probeLater()
  }

  #probeLater (): void {
    clearTimeout(this.#beat)
    if (this.#state === 'closed') return
    this.#beat = setTimeout(
      () => { this.#probe() }, this.isDown ? this.#beatMs.down : this.#beatMs.up
    ).unref()
  }

  #fail (error: unknown): void {
    if (this.#state === 'closed') return
    const before = this.#state
    const refusal = refusalOf(error)
    // A refusal that comes after other failures is news.
    const isNews = before !== 'down' || (refusal !== undefined && this.#refusal === undefined)
    this.#refusal ??= refusal
    if (!isNews) return
    this.#state = 'down'
    // The planned probe would come after the longer pause of a Redis that works.
    if (before === 'up') this.#probeLater()
    // At start `ready` throws it.
    if (before === 'starting' && refusal) this.#events.emit('settled')
    else this.#watchers.onDown?.(refusal ?? error)
  }

  #recover (): void {
    if (this.#state !== 'starting' && this.#state !== 'down') return
    const wasDown = this.#state === 'down'
    this.#state = 'up'
    this.#refusal = undefined
    if (wasDown) this.#watchers.onUp?.()
    this.#events.emit('settled')
  }
}
