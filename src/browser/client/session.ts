import { asUnknown, concludes, objectIn, refusal } from './answers.ts'
import { answers, type Destination, type Gateway } from './gateway.ts'
import { createMeter, type Tell } from './meter.ts'
import { createPatience } from './patience.ts'
import type { Signed } from './signed.ts'
import { transfer, type Outcome, type Transfer } from './transfer.ts'
import type { SignedForm, UploaderOptions, UploadOptions } from './types.ts'
import { lost, UploadError } from './upload-error.ts'
import { FOREVER_MS, wait, type Turns } from './waiting.ts'

const RETRIES = 5
const STALL_MS = 30_000
/** Interval between checks for the network, in case the browser does not report its return. */
const OFFLINE_MS = 5000

/** State that the uploads of one uploader share. */
export interface Shared { readonly options: UploaderOptions, readonly gateway: Gateway, readonly turn: Turns }

/** The bytes of the file that one request sends. */
export interface Piece {
  readonly start: number
  readonly end: number
  /** ID of the chunked upload. A chunk that is sent again under the same ID cannot become a second asset. */
  readonly chunkOf?: string
}

/** Returns a name that no other upload has. */
export const newId = (): string => crypto.getRandomValues(new Uint32Array(4)).join('-')

interface Running extends Transfer {
  /**
   * True when the request may have arrived whole and must not be sent twice, so its answer has to be awaited.
   */
  readonly mustEnd: () => boolean
}

/** Sends the requests of one upload, and repeats those that are safe to repeat. */
export class Session {
  readonly file: Blob | string
  readonly size: number
  readonly tell: Tell
  /** True when a request that failed may have stored the asset. */
  unclear = false
  readonly #shared: Shared
  readonly #options: UploadOptions
  readonly #aborter = new AbortController()
  readonly #signal = this.#aborter.signal
  readonly #ended = new AbortController()
  /** Removes listeners at the end of the upload. */
  readonly #untilEnd = { signal: this.#ended.signal }
  readonly #id = newId()
  #signed: Signed | undefined
  #running: Running | undefined
  #isPaused = false
  /** Tells a paused upload to go on. */
  #goOn: (() => void) | undefined
  #leave: (() => void) | undefined
  /** What the page's content security policy has blocked last. */
  #forbidden = ''

  constructor (file: Blob | string, options: UploadOptions, shared: Shared) {
    this.file = file
    this.size = typeof file === 'string' ? 0 : file.size
    this.tell = createMeter(this.size, options.onProgress)
    this.#shared = shared
    this.#options = options
    const { signal } = options
    const abort = (): void => { this.abort(signal?.reason) }
    if (signal?.aborted) abort()
    signal?.addEventListener('abort', abort, this.#untilEnd)
    addEventListener('securitypolicyviolation', ({ disposition, blockedURI }) => {
      if (disposition === 'enforce') this.#forbidden = blockedURI
    }, this.#untilEnd)
  }

  pause (): void {
    if (this.#ended.signal.aborted) return
    this.#isPaused = true
    if (this.#running?.mustEnd()) return
    this.tell('paused')
    this.#running?.stop()
  }

  resume (): void {
    this.#isPaused = false
    this.#goOn?.()
  }

  abort (reason: unknown = new DOMException('The upload was aborted.', 'AbortError')): void {
    this.unclear ||= Boolean(this.#running?.mustEnd())
    this.#aborter.abort(reason)
    this.#running?.stop()
  }

  get isAborted (): boolean { return this.#signal.aborted }

  /** Gives its turn to the next file, and removes its listeners. */
  end (): void {
    this.#ended.abort()
    this.#giveWay()
  }

  #giveWay (): void {
    this.#leave?.()
    this.#leave = undefined
  }

  /** Waits until the upload is not paused, has a turn, a network and a fresh form, and returns the form. */
  async ready (): Promise<SignedForm> {
    for (;;) {
      this.#signal.throwIfAborted()
      if (this.#isPaused) {
        this.#giveWay()
        this.tell('paused')
        await wait(FOREVER_MS, this.#signal, (done) => { this.#goOn = done })
      } else if (!this.#leave) {
        this.tell('waiting')
        this.#leave = await this.#shared.turn(this.#signal)
      // Browsers report a machine with only a loopback interface as offline, so the page's own server is
      // asked.
      } else if (!navigator.onLine && !await answers(location.origin, this.#signal)) {
        this.tell('waiting')
        await wait(OFFLINE_MS, this.#signal, (done) => { addEventListener('online', done, this.#untilEnd) })
      // A new form could have another public_id, and the repeated file would become a second asset.
      } else if (this.#signed && (this.unclear || this.#signed.isFresh())) return this.#signed.form
      else await this.#sign()
    }
  }

  /** Sends one request until it succeeds or cannot be repeated. */
  async send (piece: Piece): Promise<Record<string, unknown>> {
    const again = this.#patience()
    let isRenewed = false
    for (;;) {
      const form = await this.ready()
      const destination = await this.#shared.gateway.destination(form, this.#signal)
      this.#signal.throwIfAborted()
      if (this.#isPaused) continue
      const outcome = await this.#once(form, piece, destination)
      const body = objectIn(outcome.text)
      const isGood = body && outcome.status > 0 && outcome.status < 300
      if (isGood && (concludes(body) || !this.#isLast(piece))) return body
      this.#signal.throwIfAborted()
      if (outcome.end === 'stopped') continue
      const failure = await this.#failureOf(outcome, form)
      if (failure.code === 'signature_expired' && !isRenewed && !this.unclear) {
        isRenewed = true
        this.#signed = undefined
        continue
      }
      this.unclear ||= this.#isLast(piece) && mayBeStored(outcome, failure)
      const { unclear } = this
      if (unclear && !piece.chunkOf && !form.fields['public_id']) throw asUnknown(failure)
      // A refused connection looks like a lost answer, so the file is not sent again until the server
      // responds.
      do await again(failure, unclear ? asUnknown(failure) : failure, piece.start)
      while (failure.status === 0 && this.#isForGateway && !await answers(outcome.url, this.#signal))
    }
  }

  get #isForGateway (): boolean { return this.#shared.options.via === 'gateway' }

  #patience () {
    return createPatience(
      this.#options.retries ?? this.#shared.options.retries ?? RETRIES, this.tell, this.#signal
    )
  }

  #isLast ({ end }: Piece): boolean { return end === this.size }

  async #sign (): Promise<void> {
    const again = this.#patience()
    for (;;) {
      this.tell('signing')
      try {
        this.#signed = await this.#shared.gateway.sign(this.#options.fields ?? {}, this.file, this.#signal)
        return
      } catch (error) {
        if (!(error instanceof UploadError)) throw error
        await again(error, error)
      }
    }
  }

  async #once (form: SignedForm, piece: Piece, { url, headers }: Destination): Promise<Outcome> {
    const { tell } = this
    const { stallMs = STALL_MS } = this.#shared.options
    const { start, end, chunkOf } = piece
    const isLast = this.#isLast(piece)
    // Browsers repeat a request by themselves when a reused connection breaks. The ID marks it as the same.
    headers.set(this.#isForGateway ? 'Idempotency-Key' : 'X-Unique-Upload-Id', chunkOf ?? this.#id)
    if (end > 0 && !this.#isForGateway) headers.set('Content-Range', `bytes ${start}-${end - 1}/${this.size}`)
    tell('uploading', start)
    const running = transfer({
      url,
      headers,
      form: this.#body(form, piece),
      bytes: end - start,
      stallMs,
      onLoaded: (bytes) => { tell('uploading', start + bytes) },
      onSent: () => { if (isLast) tell('processing', end) }
    })
    const mustEnd = (): boolean => isLast && (chunkOf ? running.isEnding() : running.mayBeWhole())
    this.#running = { ...running, mustEnd }
    try {
      return await running.done
    } finally {
      this.#running = undefined
    }
  }

  /** Builds the form. The file comes last, so that progress tells how many of its bytes have left. */
  #body (form: SignedForm, { start, end, chunkOf }: Piece): FormData {
    const body = new FormData()
    const { file } = this
    const { resource_type: kind, fields } = form
    for (const [name, value] of Object.entries(fields)) body.append(name, value)
    if (this.#isForGateway && typeof kind === 'string') body.append('resource_type', kind)
    if (typeof file === 'string') body.append('file', file)
    // A Blob has no name, which `append` allows.
    else body.append('file', chunkOf ? file.slice(start, end) : file, (file as File).name)
    return body
  }

  async #failureOf (outcome: Outcome, form: SignedForm): Promise<UploadError> {
    const { host } = new URL(outcome.url)
    if (outcome.status === 0) {
      if (outcome.end === 'stalled') return lost(host, 'was silent for too long')
      if (outcome.url === this.#forbidden) return lost(host, 'is forbidden by this page', false)
      return await this.#unreadable() ?? lost(host, 'could not be reached, or the connection was lost')
    }
    const error = refusal(outcome)
    if (error.code !== 'signature_mismatch' || error.problem) return error
    return await this.#shared.gateway.explained(error, form.fields, this.#signal)
  }

  /** Returns an error if the file was changed or removed, which browsers report as a network failure. */
  async #unreadable (): Promise<UploadError | undefined> {
    const { file, size } = this
    if (typeof file === 'string') return undefined
    const end = await (size > 0 ? file.slice(size - 1) : file).arrayBuffer().catch(() => undefined)
    return end?.byteLength === Math.min(size, 1)
      ? undefined
      : new UploadError({
        code: 'file_unreadable',
        detail: 'The file was changed or removed after it was chosen.',
        advice: 'Choose it again.'
      })
  }
}

/** True when the whole request may have arrived, and no answer rules out that the file is stored. */
function mayBeStored (
  { status, mayBeWhole }: Outcome, { code, problem, outcome, retryable }: UploadError
): boolean {
  if (problem) return outcome === 'unknown' || code === 'outcome_unknown'
  // Nothing has left the browser when the file cannot be read or the page forbids the connection.
  return mayBeWhole && (status > 0 ? status < 400 || status >= 500 : retryable)
}
