import { objectIn, refusal, asUnknown } from './answers.ts'
import { answers, type Gateway } from './gateway.ts'
import { Meter } from './meter.ts'
import { Patience } from './patience.ts'
import { Signed } from './signed.ts'
import { Transfer, type Outcome } from './transfer.ts'
import type { SignedForm, UploaderOptions, UploadOptions } from './types.ts'
import { UploadError } from './upload-error.ts'
import { event, FOREVER_MS, type Slots } from './waiting.ts'

const RETRIES = 5
const STALL_MS = 30_000
const OFFLINE_MS = 600_000

/** What the uploads of one uploader share. */
export interface Shared { readonly options: UploaderOptions, readonly gateway: Gateway, readonly slots: Slots }

/** Bytes of the file that go in one request. */
export interface Piece {
  readonly start: number
  readonly end: number
  /** The upload that this is a chunk of. Sent again under the same id, it cannot become a second asset. */
  readonly chunkOf?: string
}

/** Returns a name that no other upload has. */
export const newId = (): string => crypto.getRandomValues(new Uint32Array(4)).join('-')

interface Running {
  readonly transfer: Transfer
  readonly isLast: boolean
  /** What may be whole and is not recognised as the same must not be sent twice: its answer is waited for. */
  readonly mustEnd: () => boolean
}

/** Later chunks would go to another place than the first ones did. */
export class Moved extends Error {}

/** A request that got no answer. */
function lost (host: string, what: string): UploadError {
  return new UploadError({
    code: 'network_failed',
    detail: `${host} ${what}.`,
    advice: 'Check the network and try again. If it fails at once each time, something in the browser forbids the connection: ' +
      'a blocker, or the Content-Security-Policy of the page.',
    retryable: true
  })
}

/** Sends the requests of one upload, each when it may go, and again where that can do no harm. */
export class Session {
  readonly file: Blob | string
  readonly size: number
  readonly meter: Meter
  /** True when a request that failed may have stored the asset. */
  unclear = false
  readonly #shared: Shared
  readonly #options: UploadOptions
  readonly #aborter = new AbortController()
  readonly #signal = this.#aborter.signal
  readonly #ended = new AbortController()
  readonly #id = newId()
  #signed: Signed | undefined
  #running: Running | undefined
  /** Tells a paused upload to go on. */
  #paused: EventTarget | undefined
  #leave: (() => void) | undefined
  #target: string | undefined

  constructor (file: Blob | string, options: UploadOptions, shared: Shared) {
    this.file = file
    this.size = typeof file === 'string' ? 0 : file.size
    this.meter = new Meter(this.size, options.onProgress)
    this.#shared = shared
    this.#options = options
    const { signal } = options
    const abort = (): void => { this.abort(signal?.reason) }
    if (signal?.aborted) abort()
    signal?.addEventListener('abort', abort, { signal: this.#ended.signal })
  }

  pause (): void {
    this.#paused ??= new EventTarget()
    if (this.#running?.mustEnd()) return
    this.meter.tell('paused')
    this.#running?.transfer.stop()
  }

  resume (): void {
    const paused = this.#paused
    this.#paused = undefined
    paused?.dispatchEvent(new Event('resume'))
  }

  abort (reason: unknown = new DOMException('The upload was aborted.', 'AbortError')): void {
    if (this.#running?.isLast && this.#running.transfer.isEnding) this.unclear = true
    this.#aborter.abort(reason)
    this.#running?.transfer.stop()
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
    const { slots } = this.#shared
    for (;;) {
      this.#signal.throwIfAborted()
      if (this.#paused) {
        this.#giveWay()
        this.meter.tell('paused')
        await event(this.#paused, 'resume', FOREVER_MS, this.#signal)
      } else if (!this.#leave) {
        if (slots.isFull) this.meter.tell('waiting')
        this.#leave = await slots.take(this.#signal)
      } else if (navigator.onLine === false) {
        this.meter.tell('waiting')
        if (!await event(globalThis, 'online', OFFLINE_MS, this.#signal)) throw lost('The network', 'has been away for ten minutes')
      } else if (this.#signed?.isFresh) return this.#signed.form
      else await this.#sign()
    }
  }

  /** Sends one request until it is answered well. */
  async send (piece: Piece): Promise<Record<string, unknown>> {
    const patience = new Patience(this.#retries)
    let [isRenewed, failure]: [boolean, UploadError | undefined] = [false, undefined]
    let sentId: string | undefined
    for (;;) {
      const form = await this.ready()
      const publicId = form.fields['public_id']
      // Another ID would be another asset.
      if (this.unclear && failure && !piece.chunkOf && publicId !== sentId) throw asUnknown(failure)
      sentId = publicId
      const { url, outcome } = await this.#once(form, piece)
      const body = objectIn(outcome.text)
      if (body && outcome.status > 0 && outcome.status < 300) return body
      this.#signal.throwIfAborted()
      if (outcome.stopped) continue
      failure = await this.#failureOf(outcome, url, form)
      if (failure.code === 'signature_expired' && !isRenewed) {
        isRenewed = true
        this.#signed = undefined
        continue
      }
      this.unclear ||= this.#isLast(piece) && mayBeStored(outcome, failure)
      const isHarmless = !this.unclear || piece.chunkOf !== undefined || publicId !== undefined
      do {
        if (!isHarmless || !patience.allows(failure)) throw this.unclear ? asUnknown(failure) : failure
        this.meter.tell('retrying', piece.start, failure)
        await patience.pause(failure, this.#signal)
        // What is refused at once looks like an answer that was lost: a file is not risked on a server that is away.
      } while (failure.status === 0 && this.#isForGateway && !await answers(url, this.#signal))
    }
  }

  get #isForGateway (): boolean { return this.#shared.options.via === 'gateway' }

  get #retries (): number { return this.#options.retries ?? this.#shared.options.retries ?? RETRIES }

  #isLast ({ end }: Piece): boolean { return end === this.size }

  async #sign (): Promise<void> {
    const patience = new Patience(this.#retries)
    const { gateway } = this.#shared
    for (;;) {
      this.meter.tell('signing')
      try {
        const { form, date } = await gateway.sign(this.#options.fields ?? {}, this.file, this.#signal)
        this.#signed = new Signed(form, date)
        return
      } catch (error) {
        if (!(error instanceof UploadError) || !patience.allows(error)) throw error
        this.meter.tell('retrying', undefined, error)
        await patience.pause(error, this.#signal)
      }
    }
  }

  async #once (form: SignedForm, piece: Piece): Promise<{ url: string, outcome: Outcome }> {
    const { options: { stallMs = STALL_MS }, gateway } = this.#shared
    const { start, end, chunkOf } = piece
    const { url, headers, credentials } = await gateway.destination(form)
    const isLast = this.#isLast(piece)
    this.#target ??= url
    if (chunkOf && this.#target !== url) throw new Moved()
    // A browser sends a request again by itself when a kept connection breaks: this tells Cloudinary that it is the same.
    const range = this.size === 0 || this.#isForGateway
      ? {}
      : { 'X-Unique-Upload-Id': chunkOf ?? this.#id, 'Content-Range': `bytes ${start}-${end - 1}/${this.size}` }
    this.#signal.throwIfAborted()
    const { meter } = this
    meter.tell('uploading', start)
    const transfer = new Transfer({
      url,
      headers: { ...headers, ...range },
      credentials,
      form: this.#body(form, piece),
      bytes: typeof this.file === 'string' ? undefined : end - start,
      stallMs,
      onLoaded: (bytes) => { meter.tell('uploading', start + bytes) },
      onSent: () => { if (isLast) meter.tell('processing', end) }
    })
    const mustEnd = (): boolean => isLast && (chunkOf ? transfer.isEnding : transfer.mayBeWhole)
    this.#running = { transfer, isLast, mustEnd }
    try {
      return { url, outcome: await transfer.done }
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
    if (this.#isForGateway && typeof kind === 'string' && !body.has('resource_type')) body.append('resource_type', kind)
    if (typeof file === 'string') body.append('file', file)
    else body.append('file', chunkOf ? file.slice(start, end) : file, (file as File).name ?? 'blob') // Blobs have none
    return body
  }

  async #failureOf (outcome: Outcome, url: string, form: SignedForm): Promise<UploadError> {
    const { host } = new URL(url)
    if (outcome.status === 0) {
      if (outcome.stalled) return lost(host, 'took or sent nothing for too long')
      return await this.#unreadable() ?? lost(host, 'could not be reached, or the connection was lost')
    }
    const error = refusal(outcome, url)
    if (error.code !== 'signature_mismatch' || error.problem) return error
    return await this.#shared.gateway.explained(error, form.fields, this.#signal)
  }

  /** A file that was changed or removed fails as a network does. */
  async #unreadable (): Promise<UploadError | undefined> {
    if (typeof this.file === 'string' || this.size === 0) return undefined
    return await this.file.slice(this.size - 1).arrayBuffer().then(() => undefined, () => new UploadError({
      code: 'file_unreadable',
      detail: 'The file cannot be read: it was changed or removed after it was chosen.',
      advice: 'Choose the file again.'
    }))
  }
}

/** The whole request may have arrived, and nobody has said that it was refused. */
function mayBeStored ({ status, mayBeWhole }: Outcome, { problem, outcome }: UploadError): boolean {
  if (problem) return outcome === 'unknown'
  return mayBeWhole && !(status >= 400 && status < 500)
}
