/**
 * Waits until `begin` calls its argument, which it does later, and for at most `ms`. `begin` may return what ends its own
 * work.
 * @returns whether it was called in time.
 * @throws the reason of the signal, as soon as it is aborted.
 */
export function wait (ms: number, signal: AbortSignal, begin?: (done: () => void) => unknown): Promise<boolean> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    const end = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', abort)
      if (typeof stop === 'function') stop()
    }
    const finish = (value: boolean): void => {
      end()
      resolve(value)
    }
    const abort = (): void => {
      end()
      reject(signal.reason)
    }
    const timer = setTimeout(finish, ms, false)
    signal.addEventListener('abort', abort)
    const stop = begin?.(() => { finish(true) })
  })
}

/** The longest that a timer can take. */
export const FOREVER_MS = 2 ** 31 - 1

/** Calls `work` with a signal that is aborted with the given one, or after `ms`. */
export async function bounded<T> (ms: number, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  signal.throwIfAborted()
  const aborter = new AbortController()
  const abort = (): void => { aborter.abort() }
  const timer = setTimeout(abort, ms)
  signal.addEventListener('abort', abort)
  try {
    return await work(aborter.signal)
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', abort)
  }
}

/** Waits for an event, as `wait` does. */
export function event (target: EventTarget, name: string, ms: number, signal: AbortSignal): Promise<boolean> {
  return wait(ms, signal, (done) => {
    target.addEventListener(name, done)
    return () => { target.removeEventListener(name, done) }
  })
}

/** Lets a number of files be sent at once; the others wait in their order. */
export class Slots {
  #free: number
  readonly #waiting = new Set<() => void>()

  constructor (count: number) { this.#free = count }

  get isFull (): boolean { return this.#free === 0 }

  /** @returns what gives the slot back. */
  async take (signal: AbortSignal): Promise<() => void> {
    if (this.#free > 0) this.#free--
    else {
      await wait(FOREVER_MS, signal, (done) => {
        this.#waiting.add(done)
        return () => this.#waiting.delete(done)
      })
    }
    return () => {
      const [next] = this.#waiting
      if (next) next()
      else this.#free++
    }
  }
}
