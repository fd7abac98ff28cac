import { objectIn, refusal, type Answer } from './answers.ts'
import { signedForm, type Signed } from './signed.ts'
import type { Fields, Rules, SignedForm, UploaderOptions } from './types.ts'
import { lost, UploadError, type ErrorItem, type UploadErrorOptions } from './upload-error.ts'
import { bounded } from './waiting.ts'

/** Time limit of a whole call. */
const CALL_MS = 60_000

/** Returns a finding as a sentence that names its field. */
const told = ({ pointer = '', message }: ErrorItem): string => `${pointer.slice(1)} ${message}`.trim()

/** Returns an absolute URL; relative ones begin at the page. */
export const absolute = (url: string | URL): URL => new URL(new Request(url).url)

/** Resolves with true when a server answers at all. The request needs no CORS permission. */
export function answers (url: string, signal: AbortSignal): Promise<boolean> {
  return bounded(CALL_MS, signal, (signal) => fetch(url, { mode: 'no-cors', method: 'HEAD', signal }))
    .then(() => true, () => false)
}

/** Where a form is sent, and with which headers. */
export interface Destination { readonly url: string, readonly headers: Headers }

/** The gateway, or the page's own back end in its place. */
export class Gateway {
  readonly #options: UploaderOptions
  /** Consecutive failed calls to a server that does answer. */
  #failures = 0

  constructor (options: UploaderOptions) { this.#options = options }

  /** Returns the address of another route: the given one, or one beside `signatureUrl`. */
  #urlOf (given: string | URL | undefined, path: string): URL {
    const { signatureUrl } = this.#options
    if (given !== undefined) return absolute(given)
    if (signatureUrl === undefined) throw new TypeError(`Give signatureUrl, or the address of ${path}`)
    const base = absolute(signatureUrl)
    return new URL(path + base.search, base)
  }

  /** Requests a signed form. @throws {UploadError} when there is none. */
  async sign (fields: Fields, file: Blob | string, signal: AbortSignal): Promise<Signed> {
    const { sign, signatureUrl = '' } = this.#options
    const { body, date } = sign
      ? { body: await bounded(CALL_MS, signal, (signal) => sign(fields, file, { signal })) }
      : await this.#ask<SignedForm>(absolute(signatureUrl), signal, fields)
    if (body?.upload_url && body.fields) return signedForm(body, date)
    throw new UploadError({
      code: 'unexpected_answer',
      detail: 'The signed form lacks upload_url or fields.',
      advice: 'Answer as POST /signature of the gateway does.'
    })
  }

  /** Returns the refusal of a signature with the reason for it, where the gateway can tell. */
  async explained (
    error: UploadError, fields: Record<string, string>, signal: AbortSignal
  ): Promise<UploadError> {
    try {
      const url = this.#urlOf(this.#options.explainUrl, 'signature/explain')
      const { body: { findings: errors } } = await this.#ask<{ findings: ErrorItem[] }>(
        url, signal, { fields }
      )
      const detail = errors.map(told).join(' ') || error.detail
      return new UploadError({ ...error as UploadErrorOptions, errors, detail }) // its own members
    } catch {
      return error
    }
  }

  async rules (signal: AbortSignal): Promise<Rules> {
    return (await this.#ask<Rules>(this.#urlOf(this.#options.rulesUrl, 'signature/rules'), signal)).body
  }

  /** Returns where to send a form. The gateway gets the caller's headers, Cloudinary never does. */
  async destination (form: SignedForm, signal: AbortSignal): Promise<Destination> {
    const { via, directUploadUrl, signatureUrl = 'data:' } = this.#options
    if (via !== 'gateway') return { url: absolute(form.upload_url).href, headers: new Headers() }
    const { href: url, origin } = this.#urlOf(directUploadUrl, 'direct-upload')
    const isOwn = absolute(signatureUrl).origin === origin
    return { url, headers: isOwn ? await this.#headers(signal) : new Headers() }
  }

  async #headers (signal: AbortSignal): Promise<Headers> {
    const { headers } = this.#options
    return new Headers(typeof headers === 'function' ? await bounded(CALL_MS, signal, headers) : headers)
  }

  async #ask<T> (
    url: URL, signal: AbortSignal, body?: unknown
  ): Promise<{ body: T, date?: string | undefined }> {
    const headers = await this.#headers(signal)
    const init: RequestInit = { headers, credentials: this.#options.credentials ?? 'same-origin' }
    if (body) {
      init.method = 'POST'
      init.body = JSON.stringify(body)
      headers.set('content-type', 'application/json')
    }
    let answer: Answer
    try {
      answer = await bounded(CALL_MS, signal, async (signal) => {
        const response = await fetch(url, { ...init, signal })
        const header = (name: string): string | undefined => response.headers.get(name) ?? undefined
        return { url: url.href, status: response.status, text: await response.text(), header }
      })
    } catch {
      signal.throwIfAborted()
      throw await this.#unreachable(url, signal)
    }
    this.#failures = 0
    const value = objectIn(answer.text)
    if (answer.status >= 300 || !value) throw refusal(answer)
    return { body: value as T, date: answer.header('date') } // as the gateway documents it
  }

  /**
   * Returns the failure of a call. A server that answers, but not this page, does not list the page's origin.
   */
  async #unreachable ({ href, host, origin }: URL, signal: AbortSignal): Promise<UploadError> {
    const own = location.origin
    // A single failure may be a lost connection.
    if (origin === own || !await answers(href, signal) || this.#failures++ === 0) {
      return lost(host, 'could not be reached')
    }
    return new UploadError({
      code: 'origin_not_allowed',
      detail: `${host} does not let pages of ${own} call it.`,
      advice: `List ${own} in CORS_ORIGINS of the gateway.`
    })
  }
}
