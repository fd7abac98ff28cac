import type { Progress, UploadState } from './types.ts'
import type { UploadError } from './upload-error.ts'

/** Speed is that of the last few seconds. */
const WINDOW_MS = 5000

/** Tells the page how far an upload is. */
export class Meter {
  readonly #total: number
  readonly #listener: ((progress: Progress) => void) | undefined
  #samples: Array<[time: number, loaded: number]> = []
  #loaded = 0

  constructor (total: number, listener: ((progress: Progress) => void) | undefined) {
    this.#total = total
    this.#listener = listener
  }

  tell (state: UploadState, loaded = this.#loaded, error?: UploadError): void {
    const total = this.#total
    const now = performance.now()
    if (state !== 'uploading' || loaded < this.#loaded) this.#samples = []
    this.#samples.push([now, loaded])
    this.#samples = this.#samples.filter(([time]) => time >= now - WINDOW_MS)
    this.#loaded = loaded
    const [[then, before] = [now, loaded]] = this.#samples
    const bytesPerSecond = now > then ? Math.round((loaded - before) * 1000 / (now - then)) : 0
    const secondsLeft = bytesPerSecond > 0 ? Math.ceil((total - loaded) / bytesPerSecond) : null
    try {
      this.#listener?.({ state, loaded, total, bytesPerSecond, secondsLeft, ...error && { error } })
    } catch (thrown) {
      // The page's fault, and not the upload's.
      setTimeout(() => { throw thrown })
    }
  }
}
