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
/** So often it is looked whether the network is back, without being told of it. */
const OFFLINE_MS = 5000

/** What the uploads of one uploader share. */
export interface Shared { readonly options: UploaderOptions, readonly gateway: Gateway, readonly turn: Turns }

/** Bytes of the file that go in one request. */
export interface Piece {
  readonly start: number
  readonly end: number
  /** The upload that this is a chunk of. Sent again under the same id, it cannot become a second asset. */
  readonly chunkOf?: string
}

/** Returns a name that no other upload has. */
export const newId = (): string => crypto.getRandomValues(new Uint32Array(4)).join('-')

interface Running extends Transfer {
  /** What may be whole and is not recognised as the same must not be sent twice: its answer is waited for. */
  readonly mustEnd: () => boolean
}

/** Sends the requests of one upload, each when it may go, and again where that can do no harm. */
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
  /** For listeners that nobody takes away before. */
  readonly #untilEnd = { signal: this.#ended.signal }
  readonly #id = newId()
  #signed: Signed | undefined
  #running: Running | undefined
  #isPaused = false
  /** Tells a paused upload to go on. */
  #goOn: (() => void) | undefined
  #leave: (() => void) | undefined
  /** Where the page's policy for content lets nothing go. */
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

  /** Lets the next file go, and hears of its own signal no longer. */
  end (): void {
    this.#ended.abort()
    this.#giveWay()
  }

  #giveWay (): void {
    this.#leave?.()
    this.#leave = undefined
  }

  /** Waits for a resume, a slot, a network and a form that is good: whatever is missing. */
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
      // Some browsers say so of a machine that has a loopback alone: the page's own server knows better.
      } else if (!navigator.onLine && !await answers(location.origin, this.#signal)) {
        this.tell('waiting')
        await wait(OFFLINE_MS, this.#signal, (done) => { addEventListener('online', done, this.#untilEnd) })
      // Another form could choose another public_id, and what is sent again would be another asset.
      } else if (this.#signed && (this.unclear || this.#signed.isFresh())) return this.#signed.form
      else await this.#sign()
    }
  }

  /** Sends one request until it is answered well. */
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
      if (body && outcome.status > 0 && outcome.status < 300 && (concludes(body) || !this.#isLast(piece))) return body
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
      // What is refused at once looks like an answer that was lost: a file is not risked on a server that is away.
      do await again(failure, unclear ? asUnknown(failure) : failure, piece.start)
      while (failure.status === 0 && this.#isForGateway && !await answers(outcome.url, this.#signal))
    }
  }

  get #isForGateway (): boolean { return this.#shared.options.via === 'gateway' }

  #patience () {
    return createPatience(this.#options.retries ?? this.#shared.options.retries ?? RETRIES, this.tell, this.#signal)
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
    // A browser sends a request again by itself when a kept connection breaks: this tells that it is the same.
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

  /** The file comes last: so it is known how many of its bytes have left. */
  #body (form: SignedForm, { start, end, chunkOf }: Piece): FormData {
    const body = new FormData()
    const { file } = this
    const { resource_type: kind, fields } = form
    for (const [name, value] of Object.entries(fields)) body.append(name, value)
    if (this.#isForGateway && typeof kind === 'string') body.append('resource_type', kind)
    if (typeof file === 'string') body.append('file', file)
    else body.append('file', chunkOf ? file.slice(start, end) : file, (file as File).name) // Blobs have none, which is allowed
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

  /** A file that was changed or removed fails as a network does. */
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

/** The whole request may have arrived, and nobody has said that it was refused. */
function mayBeStored ({ status, mayBeWhole }: Outcome, { code, problem, outcome, retryable }: UploadError): boolean {
  if (problem) return outcome === 'unknown' || code === 'outcome_unknown'
  // A file that cannot be read and a page that forbids the connection are no matter of time: nothing has left.
  return mayBeWhole && (status > 0 ? status < 400 || status >= 500 : retryable)
}
