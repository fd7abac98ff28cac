import { lost } from './upload-error.ts'

/**
 * Waits until `begin` calls its argument, but for at most `ms`. The call must not be synchronous. `begin` may
 * return a function that cleans up.
 * @returns whether it was called in time.
 * @throws the reason of the signal, as soon as it is aborted.
 */
export function wait (
  ms: number, signal: AbortSignal, begin?: (done: () => void) => (() => unknown) | void
): Promise<boolean> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    const end = (settle: () => void): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', abort)
      stop?.()
      settle()
    }
    const abort = (): void => { end(() => { reject(signal.reason) }) }
    const timer = setTimeout(() => { end(() => { resolve(false) }) }, ms)
    signal.addEventListener('abort', abort)
    const stop = begin?.(() => { end(() => { resolve(true) }) })
  })
}

/** Longest delay that a timer accepts. */
export const FOREVER_MS = 2 ** 31 - 1

/**
 * Returns the result of `work`, which gets a signal that is aborted with the given one, after `ms`, or when
 * it has ended.
 * @throws {UploadError} `network_failed` after `ms`.
 */
export async function bounded<T> (
  ms: number, signal: AbortSignal, work: (signal: AbortSignal) => T | Promise<T>
): Promise<T> {
  const aborter = new AbortController()
  try {
    signal.throwIfAborted()
    const working = Promise.resolve(work(aborter.signal))
    if (await wait(ms, signal, (done) => { working.then(done, done) })) return await working
    throw lost('The server', 'was silent for too long')
  } finally {
    aborter.abort()
  }
}

/** Waits for a turn. Returns a function that passes it on. */
export type Turns = (signal: AbortSignal) => Promise<() => void>

/** Lets a number of files be sent at once; the others wait in their order. */
export function createTurns (count: number): Turns {
  const waiting = new Set<() => void>()
  let free = count
  return async (signal) => {
    if (free > 0) free--
    else {
      await wait(FOREVER_MS, signal, (done) => {
        waiting.add(done)
        return () => waiting.delete(done)
      })
    }
    return () => {
      const [next] = waiting
      if (next) next()
      else free++
    }
  }
}
