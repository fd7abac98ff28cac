import type { Answer } from './answers.ts'

export interface TransferOptions {
  readonly url: string
  readonly form: FormData
  /** Size of the file part, which is the last one. Undefined: there are no bytes to follow. */
  readonly bytes: number | undefined
  readonly headers: Record<string, string>
  /** Whether cookies go along to another origin. */
  readonly credentials: boolean
  readonly stallMs: number
  readonly onLoaded: (bytes: number) => void
  readonly onSent: () => void
}

/** The answer to a request; its status is 0 when there was none. */
export interface Outcome extends Answer {
  readonly stalled: boolean
  /** It was ended by `stop`. */
  readonly stopped: boolean
  /** Whether the whole body may have left the browser. */
  readonly mayBeWhole: boolean
}

const ANSWER_FACTOR = 10
const MIB = 2 ** 20
/** Bytes that went into buffers in less time tell nothing of the line. */
const SAMPLE_MS = 100

/** One request with a body. fetch does not tell how much of that has left, so this is an XMLHttpRequest. */
export class Transfer {
  readonly done: Promise<Outcome>
  readonly #request = new XMLHttpRequest()
  #sent = false
  #stalled = false
  #stopped = false
  #loaded = 0
  #total = 0
  /** Highest speed so far, in bytes per second. */
  #peak = 0
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor (options: TransferOptions) {
    this.done = new Promise((resolve) => {
      const { url, form, bytes, headers, stallMs, onSent } = options
      const request = this.#request
      this.#total = bytes ?? 0
      request.onloadend = () => {
        clearTimeout(this.#timer)
        resolve(this.#outcome())
      }
      if (bytes !== undefined) this.#follow(request.upload, bytes, options)
      request.open('POST', url)
      request.withCredentials = options.credentials
      for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value)
      this.#watch(bytes === undefined ? stallMs * ANSWER_FACTOR : stallMs)
      request.send(form)
      if (bytes === undefined) onSent()
    })
  }

  /** Whether the body has left, as far as the browser has told, or nearly so. */
  get isEnding (): boolean { return this.#sent || this.#total - this.#loaded <= MIB }

  /**
   * Whether the whole body may have left. Browsers report every tenth of a second or so, and nothing at all of what was
   * fast: it has not left for certain only when the rest could not have gone in a quarter of a second, at the highest
   * speed seen.
   */
  get mayBeWhole (): boolean {
    return this.isEnding || this.#loaded === 0 || this.#total - this.#loaded <= this.#peak / 4
  }

  stop (): void {
    this.#stopped = true
    this.#request.abort()
  }

  #follow (upload: XMLHttpRequestUpload, bytes: number, { stallMs, onLoaded, onSent }: TransferOptions): void {
    let [since, before] = [performance.now(), 0]
    upload.onprogress = ({ loaded, total }) => {
      const now = performance.now()
      this.#peak = Math.max(this.#peak, (loaded - before) * 1000 / Math.max(SAMPLE_MS, now - since))
      if (now - since >= SAMPLE_MS) [since, before] = [now, loaded]
      this.#loaded = loaded
      this.#total = total
      if (!this.#sent) this.#watch(stallMs)
      onLoaded(Math.max(0, bytes - (total - loaded)))
    }
    upload.onload = () => {
      this.#sent = true
      this.#watch(stallMs * ANSWER_FACTOR)
      onSent()
    }
  }

  /** Ends the request unless something is heard of it in time. */
  #watch (ms: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#stalled = true
      this.#request.abort()
    }, ms)
  }

  #outcome (): Outcome {
    const { status, responseText: text } = this.#request
    // Asking for a header that is not exposed would put a complaint on the console.
    const lines = this.#request.getAllResponseHeaders().split('\r\n')
    const header = (name: string): string | undefined =>
      lines.find((line) => line.toLowerCase().startsWith(`${name}:`))?.slice(name.length + 1).trim()
    return { status, text, header, stalled: this.#stalled, stopped: this.#stopped, mayBeWhole: this.mayBeWhole }
  }
}
