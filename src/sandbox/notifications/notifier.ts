import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CloudSettings } from '../clouds.ts'
import type { RandomSource } from '../random.ts'
import type { Store } from '../store/store.ts'
import { post } from './post.ts'

/** A global notification address, as the Admin API shows it. */
export interface Trigger {
  id: string
  uri: string
  uri_type: 'webhook'
  event_type: string
  additive: boolean
  product_environment_id: string
  created_at: string
  updated_at: string
}

/** One that is on its way, as it is kept until it has arrived or is given up. */
interface Letter {
  address: string
  body: string
  /** When the first try was due. */
  firstMs: number
  /** How many have failed. */
  tries: number
}

export interface NotifierOptions {
  store: Store
  clock: () => number
  random: RandomSource
  allowPrivate: boolean
  /** For one answer. */
  timeoutMs: number
  /** When each further try comes, counted from the first one. */
  retryAfterMs: readonly number[]
  /** Hears why a notification could not be kept or forgotten; one that nobody answers is no such failure. */
  onError: (error: unknown) => void
  /** Waits, and no longer once the signal ends it; a clock of somebody's own is as good. */
  wait?: (ms: number, signal: AbortSignal) => Promise<unknown>
}

/**
 * Sends signed notifications: to the address that a call names, else to the triggers of its cloud. What is not answered with
 * 200 is tried again: the same body, signed for the time at which it is sent; also by a later process. Source: Cloudinary,
 * "notifications": 20 seconds for an answer, three more tries 3, 6 and 9 minutes after the first.
 */
export class Notifier {
  readonly #options: NotifierOptions
  #closing = new AbortController()
  readonly #running = new Set<Promise<void>>()

  constructor (options: NotifierOptions) { this.#options = options }

  /**
   * @param address of the call itself, if it named one.
   * @param facts what the notification says besides its type, time and request.
   */
  notify (cloud: CloudSettings, type: string, address: string | undefined, facts: Record<string, unknown>): void {
    const triggers = this.#options.store.cloud(cloud.cloudName).documents<Trigger>('trigger').map(([, trigger]) => trigger)
      .filter((trigger) => (trigger.event_type === type || trigger.event_type === 'all') && (address === undefined || trigger.additive))
    const addresses = new Set([...address === undefined ? [] : [address], ...triggers.map(({ uri }) => uri)])
    if (addresses.size === 0) return
    const { clock, random } = this.#options
    const time = new Date(clock()).toISOString().slice(0, 19)
    const request = random.hex(32)
    const body = JSON.stringify({ notification_type: type, timestamp: `${time}+00:00`, request_id: request, ...facts, signature_key: cloud.apiKey })
    for (const [index, address] of [...addresses].entries()) this.#track(this.#send(cloud, `${request}-${index}`, { address, body, firstMs: clock(), tries: 0 }))
  }

  /** Goes on with what an earlier process did not get rid of. Tries that came due since are made up for by one. */
  resume (clouds: readonly CloudSettings[]): void {
    const { store, clock } = this.#options
    for (const cloud of clouds) {
      for (const [name, letter] of store.cloud(cloud.cloudName).documents<Letter>('notification')) {
        this.#track(this.#deliver(cloud, name, letter, Math.max(0, clock() - letter.firstMs)))
      }
    }
  }

  /** Resolves when everything on its way has arrived or was given up. */
  async settle (): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running)
  }

  /** Lets go of what is still on its way; a later process goes on with it. What is notified afterwards goes out again. */
  async abandon (): Promise<void> {
    this.#closing.abort()
    await this.settle()
    this.#closing = new AbortController()
  }

  async #send (cloud: CloudSettings, name: string, letter: Letter): Promise<void> {
    await this.#options.store.cloud(cloud.cloudName).putDocument('notification', name, letter)
    await this.#deliver(cloud, name, letter)
  }

  async #deliver (cloud: CloudSettings, name: string, letter: Letter, passedMs = 0): Promise<void> {
    const { store, retryAfterMs, wait = waitFor } = this.#options
    const { signal } = this.#closing
    const room = store.cloud(cloud.cloudName)
    const times = [0, ...retryAfterMs]
    const first = Math.max(letter.tries, times.findLastIndex((afterMs) => afterMs <= passedMs))
    let lastMs = passedMs
    for (const [index, afterMs] of times.entries()) {
      if (index < first) continue
      if (afterMs > lastMs) await wait(afterMs - lastMs, signal)
      if (signal.aborted) return
      lastMs = Math.max(lastMs, afterMs)
      const delivered = await this.#post(cloud, letter, signal)
      if (signal.aborted) return
      if (delivered) break
      await room.putDocument('notification', name, { ...letter, tries: index + 1 } satisfies Letter)
    }
    await room.removeDocument('notification', name)
  }

  /** @returns whether it was answered with 200. */
  async #post (cloud: CloudSettings, { address, body }: Letter, signal: AbortSignal): Promise<boolean> {
    const { clock, allowPrivate, timeoutMs } = this.#options
    const timestamp = String(Math.floor(clock() / 1000))
    // A plain digest, not an HMAC: that is how it is.
    const hash = createHash(cloud.signatureAlgorithm ?? 'sha1')
    const signature = hash.update(body + timestamp + cloud.apiSecret, 'utf8').digest('hex')
    const headers = { 'x-cld-timestamp': timestamp, 'x-cld-signature': signature }
    return await post(address, { headers, body, allowPrivate, timeoutMs, signal }).catch(() => 0) === 200
  }

  #track (delivery: Promise<void>): void {
    const settled = delivery.catch(this.#options.onError).finally(() => { this.#running.delete(settled) })
    this.#running.add(settled)
  }
}

function waitFor (ms: number, signal: AbortSignal): Promise<unknown> {
  // Only the signal makes it fail, and whoever waited looks at that.
  return sleep(ms, undefined, { signal, ref: false }).catch(() => {})
}
