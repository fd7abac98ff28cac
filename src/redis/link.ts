import { once } from 'node:events'
import { Redis } from 'ioredis'
import type { Secret } from '../secret.ts'

/** To be told once when the link fails, and once when it is back. */
export interface LinkWatchers {
  readonly onFault?: ((error: unknown) => void) | undefined
  readonly onRecovery?: (() => void) | undefined
}

/** Which Redis, and what the name of every key in it begins with. */
export interface RedisPlace {
  readonly url: Secret
  readonly prefix: string
}

export interface RedisLinkOptions extends RedisPlace, LinkWatchers {
  /** Longest wait for the answer to one command. */
  readonly commandTimeoutMs: number
}

/**
 * One connection to Redis that nobody ever waits long for: a command without a connection fails at once, and reconnecting
 * goes on behind it for as long as it takes.
 */
export class RedisLink {
  readonly #redis: Redis
  readonly #watchers: LinkWatchers
  #isDown = false

  constructor ({ url, prefix, commandTimeoutMs, onFault, onRecovery }: RedisLinkOptions) {
    this.#watchers = { onFault, onRecovery }
    this.#redis = new Redis(url.reveal(), {
      // Set on the connection, so that no key can be written without the prefix.
      keyPrefix: prefix,
      commandTimeout: commandTimeoutMs,
      connectTimeout: 2_000,
      maxRetriesPerRequest: 0,
      enableOfflineQueue: false,
      retryStrategy: (attempt) => Math.min(attempt * 100, 2_000)
    })
    // Reconnecting is ioredis's business; an error without a listener would end the process.
    this.#redis.on('error', (error) => { this.fail(error) })
  }

  /** Runs `listener` each time the connection is there. */
  onReady (listener: () => void): void { this.#redis.on('ready', listener) }

  /** What the script answers for one key. */
  run (script: string, key: string, ...parameters: ReadonlyArray<string | number>): Promise<unknown> {
    return this.#redis.eval(script, 1, key, ...parameters)
  }

  /** The link is of no use now. */
  fail (error: unknown): void {
    if (this.#isDown) return
    this.#isDown = true
    this.#watchers.onFault?.(error)
  }

  /** The link is of use again. */
  recover (): void {
    if (!this.#isDown) return
    this.#isDown = false
    this.#watchers.onRecovery?.()
  }

  /** Resolves when Redis is connected, or has not been within `timeoutMs`: start-up does not hang on it. */
  async ready (timeoutMs = 2_000): Promise<void> {
    if (this.#redis.status === 'ready') return
    await once(this.#redis, 'ready', { signal: AbortSignal.timeout(timeoutMs) }).catch(() => {})
  }

  close (): void { this.#redis.disconnect() }
}
