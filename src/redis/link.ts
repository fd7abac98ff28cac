import { EventEmitter, once } from 'node:events'
import { Redis } from 'ioredis'
import type { Secret } from '../secret.ts'

/** Called when Redis stops being of use, and when it is of use again. */
export interface LinkWatchers {
  readonly onDown?: ((error: unknown) => void) | undefined
  readonly onUp?: (() => void) | undefined
}

/** Which Redis, and what the name of every key in it begins with. */
export interface RedisPlace {
  readonly url: Secret
  readonly prefix: string
}

export interface RedisLinkOptions extends RedisPlace, LinkWatchers {
  /** Time between two looks at a Redis that works, and at one that does not. */
  readonly beatMs?: { readonly up: number, readonly down: number }
  /** A connection is given up when nothing has arrived for so long: its other end may be gone without a word. */
  readonly silenceMs?: number
}

/** Runs a script for one key, and returns what it answers. */
export type RunScript = (
  script: string, key: string, ...parameters: ReadonlyArray<string | number>
) => Promise<unknown>

/** Writes, as every user of the link does: a replica or a full memory still answers who only reads. */
const PROBE = 'return redis.call("SET", KEYS[1], "1", "PX", 1000)'
const PROBE_KEY = 'probe'
const PROBE_TIMEOUT_MS = 1_000
const BEAT_MS = { up: 5_000, down: 1_000 }
const CONNECT_TIMEOUT_MS = 2_000
const SILENCE_MS = 5_000

/** Settles as `answer` does, or rejects after `timeoutMs`. */
async function within<T> (answer: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => { reject(new Error(`Redis has not answered within ${timeoutMs} ms.`)) }, timeoutMs)
  })
  try {
    return await Promise.race([answer, late])
  } finally {
    clearTimeout(timer)
  }
}

/**
 * The one connection of this process to Redis. Nobody ever waits long for it: a command without a connection
 * fails at once, and reconnecting goes on for as long as it takes. The link looks at Redis by itself, so that
 * `isDown` is true also while nobody asks for anything.
 */
export class RedisLink {
  readonly #redis: Redis
  readonly #watchers: LinkWatchers
  readonly #beatMs: { readonly up: number, readonly down: number }
  readonly #events = new EventEmitter()
  readonly #probe = this.within(PROBE_TIMEOUT_MS)
  #state: 'starting' | 'up' | 'down' | 'closed' = 'starting'
  #beat: NodeJS.Timeout | undefined

  constructor ({ url, prefix, onDown, onUp, beatMs = BEAT_MS, silenceMs = SILENCE_MS }: RedisLinkOptions) {
    this.#watchers = { onDown, onUp }
    this.#beatMs = beatMs
    this.#redis = new Redis(url.reveal(), {
      // Set on the connection, so that no key can be written without the prefix.
      keyPrefix: prefix,
      connectTimeout: CONNECT_TIMEOUT_MS,
      socketTimeout: silenceMs,
      maxRetriesPerRequest: 0,
      enableOfflineQueue: false,
      // The probe looks at more, and needs no right to INFO.
      enableReadyCheck: false,
      disableClientInfo: true,
      retryStrategy: (attempt) => Math.min(attempt * 100, 2_000)
    })
    // Reconnecting is ioredis's business; an error without a listener would end the process.
    this.#redis.on('error', (error) => { this.#fail(error) })
    this.#redis.on('ready', () => { this.#look() })
  }

  /** True while commands fail, and until the first one has succeeded. */
  get isDown (): boolean { return this.#state !== 'up' }

  /** Returns what runs scripts, each of which rejects when Redis has not answered within `timeoutMs`. */
  within (timeoutMs: number): RunScript {
    return async (script, key, ...parameters) => {
      try {
        const answer = await within(this.#redis.eval(script, 1, key, ...parameters), timeoutMs)
        this.#recover()
        return answer
      } catch (error) {
        this.#fail(error)
        throw error
      }
    }
  }

  /** Resolves when Redis is of use, or has not been within `timeoutMs`: start-up does not hang on it. */
  async ready (timeoutMs = 2_000): Promise<void> {
    if (!this.isDown) return
    try {
      await once(this.#events, 'up', { signal: AbortSignal.timeout(timeoutMs) })
    } catch {
      this.#fail(new Error(`Redis has not answered within ${timeoutMs} ms.`))
    }
  }

  close (): void {
    this.#state = 'closed'
    clearTimeout(this.#beat)
    this.#redis.disconnect()
  }

  #look (): void {
    // What comes of it is noted by `within`, as for any other script.
    this.#probe(PROBE, PROBE_KEY).catch(() => {}).finally(() => {
      if (this.#state === 'closed') return
      clearTimeout(this.#beat)
      const pauseMs = this.isDown ? this.#beatMs.down : this.#beatMs.up
      this.#beat = setTimeout(() => { this.#look() }, pauseMs).unref()
    })
  }

  #fail (error: unknown): void {
    if (this.#state === 'down' || this.#state === 'closed') return
    this.#state = 'down'
    this.#watchers.onDown?.(error)
    // Not after the pause of a Redis that works.
    clearTimeout(this.#beat)
    this.#beat = setTimeout(() => { this.#look() }, this.#beatMs.down).unref()
  }

  #recover (): void {
    if (this.#state === 'up' || this.#state === 'closed') return
    const wasDown = this.#state === 'down'
    this.#state = 'up'
    if (wasDown) this.#watchers.onUp?.()
    this.#events.emit('up')
  }
}
