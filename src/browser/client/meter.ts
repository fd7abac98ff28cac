import type { Progress, UploadState } from './types.ts'
import type { UploadError } from './upload-error.ts'

/** Speed is that of the last few seconds. */
const WINDOW_MS = 5000

/** Tells the page how far an upload is; without `loaded`, as far as before. */
export type Tell = (state: UploadState, loaded?: number, error?: UploadError) => void

/** Measures an upload of `total` bytes. */
export function createMeter (total: number, listener: ((progress: Progress) => void) | undefined): Tell {
  let samples: Array<[time: number, loaded: number]> = []
  let last = 0
  return (state, loaded = last, error) => {
    const now = performance.now()
    if (state !== 'uploading' || loaded < last) samples = []
    samples = [...samples.filter(([time]) => time > now - WINDOW_MS), [now, loaded]]
    last = loaded
    const [[then, before] = [now, loaded]] = samples
    const bytesPerSecond = now > then ? Math.round((loaded - before) * 1000 / (now - then)) : 0
    const secondsLeft = bytesPerSecond > 0 ? Math.ceil((total - loaded) / bytesPerSecond) : null
    try {
      listener?.({ state, loaded, total, bytesPerSecond, secondsLeft, error })
    } catch (thrown) {
      // The page's fault, and not the upload's.
      setTimeout(() => { throw thrown })
    }
  }
}
