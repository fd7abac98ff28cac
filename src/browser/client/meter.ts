import type { Progress, UploadState } from './types.ts'
import type { UploadError } from './upload-error.ts'

/** Time over which the speed is averaged. */
const WINDOW_MS = 5000

/** Reports progress to the page; `loaded` defaults to the value before. */
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
      // A listener that throws must not fail the upload.
      setTimeout(() => { throw thrown })
    }
  }
}
