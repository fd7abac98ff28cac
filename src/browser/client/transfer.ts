import type { Answer } from './answers.ts'

export interface TransferOptions {
  readonly url: string
  readonly form: FormData
  /** Size of the file part, which is the last one. */
  readonly bytes: number
  readonly headers: Headers
  readonly stallMs: number
  readonly onLoaded: (bytes: number) => void
  readonly onSent: () => void
}

/** The answer to a request; its status is 0 when there was none. */
export interface Outcome extends Answer {
  /** Why it was ended from here: nothing was heard of it for too long, or by `stop`. */
  readonly end: 'stalled' | 'stopped' | undefined
  /** Whether the whole body may have left the browser. */
  readonly mayBeWhole: boolean
}

export interface Transfer {
  readonly done: Promise<Outcome>
  /** Whether the body has left, as far as the browser has told, or nearly so. */
  readonly isEnding: () => boolean
  readonly mayBeWhole: () => boolean
  readonly stop: () => void
}

const ANSWER_FACTOR = 10
const MIB = 2 ** 20
/** Bytes that went into buffers in less time tell nothing of the line. */
const SAMPLE_MS = 100

function answerOf (request: XMLHttpRequest, url: string): Answer {
  const { status, responseText: text } = request
  // Asking for a header that is not exposed would put a complaint on the console.
  const headers = request.getAllResponseHeaders()
  return { url, status, text, header: (name) => new RegExp(`^${name}: *(.*)`, 'im').exec(headers)?.[1] }
}

/** Follows how much of a body has left, at which speed at most. */
function follow (upload: XMLHttpRequestUpload, size: number, onProgress: (left: number) => void) {
  let since = performance.now()
  let [before, loaded, left, peak] = [0, 0, size, 0]
  upload.addEventListener('progress', (event) => {
    const now = performance.now()
    loaded = event.loaded
    left = event.total - loaded
    peak = Math.max(peak, (loaded - before) * 1000 / Math.max(SAMPLE_MS, now - since))
    if (now - since >= SAMPLE_MS) [since, before] = [now, loaded]
    onProgress(left)
  })
  // Browsers report every tenth of a second or so, and nothing at all of what was fast: the rest has not left for certain
  // only when it could not have gone in a quarter of a second, at the highest speed seen.
  return { isEnding: () => left <= MIB, mayBeWhole: () => left <= MIB || loaded === 0 || left <= peak / 4 }
}

/** Sends one request with a body. fetch does not tell how much of that has left, so this is an XMLHttpRequest. */
export function transfer ({ url, form, bytes, headers, stallMs, onLoaded, onSent }: TransferOptions): Transfer {
  const request = new XMLHttpRequest()
  let timer: ReturnType<typeof setTimeout> | undefined
  let end: Outcome['end']
  const stop = (why: Outcome['end']): void => {
    end = why
    request.abort()
  }
  const watch = (ms: number): void => {
    clearTimeout(timer)
    timer = setTimeout(stop, ms, 'stalled')
  }
  const sent = (): void => {
    watch(stallMs * ANSWER_FACTOR)
    onSent()
  }
  const progress = follow(request.upload, bytes, (left) => {
    watch(stallMs)
    onLoaded(Math.max(0, bytes - left))
  })
  request.upload.onload = sent
  const done = new Promise<Outcome>((resolve) => {
    request.onloadend = () => {
      clearTimeout(timer)
      resolve({ ...answerOf(request, url), end, mayBeWhole: progress.mayBeWhole() })
    }
  })
  request.open('POST', url)
  headers.forEach((value, name) => { request.setRequestHeader(name, value) })
  watch(stallMs)
  request.send(form)
  return { done, ...progress, stop: () => { stop('stopped') } }
}
