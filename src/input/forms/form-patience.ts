import { steadyClock } from '../../clock.ts'
import { GatewayError } from '../../errors.ts'
import { incomingFailure } from './form-failures.ts'
import type { FormWatch } from './form-watch.ts'
import { slowness } from './slow-sender.ts'

export interface PatienceOptions {
  /** Longest wait for the next part, in milliseconds. */
  readonly idleTimeoutMs: number
  /**
   * Longest time for all that stands before the file, in milliseconds: parts that come one by one could go on for
   * long.
   */
  readonly fieldsTimeoutMs?: number
  /** Slowest average speed of what is not the file. */
  readonly minBytesPerSecond?: number
  readonly watch?: FormWatch | undefined
  /** Measures durations, in milliseconds. */
  readonly now?: () => number
}

/** Bounds the wait for a form: for one part of it, and for all the fields before or after the file. */
export class FormPatience {
  readonly #options: PatienceOptions
  readonly #now: () => number
  /** Time at which the file must have begun. */
  #fileDueMs = Infinity
  /** Time spent waiting for these fields, and the bytes that had come before them. */
  #waitedMs = 0
  #bytesBefore = 0

  constructor (options: PatienceOptions) {
    this.#options = options
    this.#now = options.now ?? steadyClock
  }

  /** Waits for fields before the file as long as `read` takes. */
  async beforeFile<T> (read: () => Promise<T>): Promise<T> {
    this.#fileDueMs = this.#now() + (this.#options.fieldsTimeoutMs ?? Infinity)
    try {
      return await read()
    } finally {
      this.#fileDueMs = Infinity
    }
  }

  /** Begins the wait for the fields after the file. */
  afterFile (): void {
    this.#waitedMs = 0
    this.#bytesBefore = this.#options.watch?.bytes ?? 0
  }

  /** The failure of fields that come too slowly, each in time. */
  get slowness (): GatewayError | undefined {
    const { watch, minBytesPerSecond = 0 } = this.#options
    const bytes = (watch?.bytes ?? 0) - this.#bytesBefore
    return slowness('form', { bytes, waitedMs: this.#waitedMs }, minBytesPerSecond)
  }

  /** @throws {GatewayError} `request_timeout`, or what the failure of `wait` means to the caller. */
  async for<T> (wait: Promise<T>): Promise<T> {
    const { idleTimeoutMs, fieldsTimeoutMs } = this.#options
    const sinceMs = this.#now()
    const leftMs = Math.ceil(this.#fileDueMs - sinceMs)
    const late = leftMs < idleTimeoutMs
      ? `The fields before the file did not come within ${fieldsTimeoutMs} ms.`
      : `The next part of the body did not come within ${idleTimeoutMs} ms.`
    let timer: NodeJS.Timeout | undefined
    const tooSlow = new Promise<never>((_resolve, reject) => {
      const refuse = (): void => { reject(new GatewayError('request_timeout', late)) }
      timer = setTimeout(refuse, Math.min(leftMs, idleTimeoutMs))
    })
    return Promise.race([wait, tooSlow])
      .catch((error: unknown) => { throw this.#options.watch?.failure ?? incomingFailure(error) })
      .finally(() => {
        clearTimeout(timer)
        this.#waitedMs += this.#now() - sinceMs
      })
  }
}
