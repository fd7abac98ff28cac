/** When a place may be free again. */
export const RETRY_AFTER_SECONDS = '5'

/** Gives something back; a second call does nothing. */
export type Release = () => void

export function once (action: () => void): Release {
  let done = false
  return () => {
    if (done) return
    done = true
    action()
  }
}
