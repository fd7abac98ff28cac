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
  /** Reason why the client ended the request: no progress for too long, or `stop`. */
  readonly end: 'stalled' | 'stopped' | undefined
  /** True when the whole body may have left the browser. */
  readonly mayBeWhole: boolean
}

export interface Transfer {
  readonly done: Promise<Outcome>
  /** True when the browser has reported all of the body but the last MiB as sent. */
  readonly isEnding: () => boolean
  readonly mayBeWhole: () => boolean
  readonly stop: () => void
}

const ANSWER_FACTOR = 10
const MIB = 2 ** 20
/** Shortest time over which speed is measured: faster bytes have only filled buffers. */
const SAMPLE_MS = 100

function answerOf (request: XMLHttpRequest, url: string): Answer {
  const { status, responseText: text } = request
  // Browsers log an error when a page asks for a header that is not exposed.
  const headers = request.getAllResponseHeaders()
  return { url, status, text, header: (name) => new RegExp(`^${name}: *(.*)`, 'im').exec(headers)?.[1] }
}

/** Tracks how much of a body has left, and the highest speed seen. */
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
  // Browsers report progress about every 100 ms, and not at all for fast requests. The rest has certainly not
  // left only if a quarter of a second at the highest speed seen would not have been enough for it.
  return { isEnding: () => left <= MIB, mayBeWhole: () => left <= MIB || loaded === 0 || left <= peak / 4 }
}

/** Sends one request. It is an XMLHttpRequest because fetch does not report upload progress. */
export function transfer (
  { url, form, bytes, headers, stallMs, onLoaded, onSent }: TransferOptions
): Transfer {
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
