import { objectIn, refusal, type Answer } from './answers.ts'
import type { ErrorItem, Fields, Rules, SignedForm, UploaderOptions } from './types.ts'
import { UploadError, type UploadErrorOptions } from './upload-error.ts'
import { bounded, wait } from './waiting.ts'

/** For the whole of a call. */
const CALL_MS = 60_000
const PROBE_MS = 5000

interface Call { url: URL, body?: unknown, signal: AbortSignal }

const here = (): string => globalThis.document?.baseURI ?? location.href

/** One finding as a sentence that names its field. */
const told = ({ pointer = '', message }: ErrorItem): string => `${pointer.slice(1)} ${message}`.trim()

/** Returns what `sign` comes to; nobody waits for one that never ends. */
async function inTime<T> (work: T | Promise<T>, signal: AbortSignal): Promise<T> {
  const settled = Promise.resolve(work)
  if (await wait(CALL_MS, signal, (done) => { settled.then(done, done) })) return await settled
  throw new UploadError({ code: 'network_failed', detail: '`sign` has not answered for a minute.', retryable: true })
}

/** Returns an absolute URL; relative ones begin at the page. */
export const absolute = (url: string | URL): URL => new URL(url, here())

/** Whether a server answers at all, to a question that needs no permission to be asked. */
export async function answers (url: string | URL, signal: AbortSignal): Promise<boolean> {
  const options = { mode: 'no-cors', method: 'HEAD', cache: 'no-store' } as const
  return await bounded(PROBE_MS, signal, async (signal) => await fetch(url, { ...options, signal }))
    .then(() => true, () => false)
}

/** The gateway, or the page's own back end in its place. */
export class Gateway {
  readonly #options: UploaderOptions
  /** Calls in a row that failed at a server which does answer. */
  #failures = 0

  constructor (options: UploaderOptions) { this.#options = options }

  /** Returns the address of another route: as it was given, or beside that of signatures. */
  urlOf (given: string | URL | undefined, path: string): URL | undefined {
    if (given !== undefined) return absolute(given)
    if (this.#options.signatureUrl === undefined) return undefined
    const base = absolute(this.#options.signatureUrl)
    const url = new URL(path, base)
    url.search = base.search
    return url
  }

  /** @throws {UploadError} when there is no form. */
  async sign (fields: Fields, file: Blob | string, signal: AbortSignal): Promise<{ form: SignedForm, date: string | undefined }> {
    const { sign, signatureUrl = '' } = this.#options
    const url = absolute(signatureUrl)
    const { form, date } = sign
      ? { form: await inTime(sign(fields, file, { signal }), signal), date: undefined }
      : await this.#ask<SignedForm>({ url, body: fields, signal })
    if (typeof form?.upload_url === 'string' && typeof form.fields === 'object') return { form, date }
    throw new UploadError({
      code: 'unexpected_answer',
      detail: `${sign ? '`sign`' : url.href} answered no signed form: it has no upload_url or no fields.`,
      advice: 'Answer the whole body that POST /signature of the gateway answers.'
    })
  }

  /** Returns the refusal of a signature with the reason for it, where the gateway can tell. */
  async explained (error: UploadError, fields: Record<string, string>, signal: AbortSignal): Promise<UploadError> {
    const url = this.urlOf(this.#options.explainUrl, 'signature/explain')
    if (!url) return error
    try {
      const { form: { findings: errors = [] } } = await this.#ask<{ findings?: ErrorItem[] }>({ url, body: { fields }, signal })
      if (errors.length === 0) return error
      return new UploadError({ ...error as UploadErrorOptions, errors, detail: errors.map(told).join(' ') }) // its own members
    } catch {
      return error
    }
  }

  async rules (signal: AbortSignal): Promise<Rules> {
    const url = this.urlOf(this.#options.rulesUrl, 'signature/rules')
    if (!url) throw new TypeError('rules() needs signatureUrl or rulesUrl')
    return (await this.#ask<Rules>({ url, signal })).form
  }

  /** Where a form is sent to, with what: the gateway gets the caller's headers, and Cloudinary never does. */
  async destination (form: SignedForm): Promise<{ url: string, headers: Record<string, string>, credentials: boolean }> {
    const { via, directUploadUrl, signatureUrl, credentials } = this.#options
    const url = via === 'gateway' && this.urlOf(directUploadUrl, 'direct-upload')
    if (!url) return { url: form.upload_url, headers: {}, credentials: false }
    const isOwn = signatureUrl !== undefined && absolute(signatureUrl).origin === url.origin
    return { url: url.href, headers: isOwn ? await this.#headers() : {}, credentials: credentials === 'include' }
  }

  async #headers (): Promise<Record<string, string>> {
    const { headers = {} } = this.#options
    return typeof headers === 'function' ? await headers() : headers
  }

  async #ask<T> ({ url, body, signal }: Call): Promise<{ form: T, date: string | undefined }> {
    const { credentials = 'same-origin' } = this.#options
    const own = await this.#headers()
    const init: RequestInit = { headers: own, credentials, cache: 'no-store' }
    if (body !== undefined) {
      Object.assign(init, { method: 'POST', body: JSON.stringify(body), headers: { ...own, 'content-type': 'application/json' } })
    }
    let answer: Answer
    try {
      answer = await bounded(CALL_MS, signal, async (signal) => {
        const response = await fetch(url, { ...init, signal })
        const header = (name: string): string | undefined => response.headers.get(name) ?? undefined
        return { status: response.status, text: await response.text(), header }
      })
    } catch {
      signal.throwIfAborted()
      throw await this.#unreachable(url, signal)
    }
    this.#failures = 0
    const form = objectIn(answer.text)
    if (answer.status >= 300 || !form) throw refusal(answer, url.href)
    return { form: form as T, date: answer.header('date') } // as the gateway documents it
  }

  /** A server that answers, but not to this page, has not been told of the page's origin. */
  async #unreachable (url: URL, signal: AbortSignal): Promise<UploadError> {
    const isForeign = url.origin !== location.origin
    // One failure may be a connection that was lost.
    const refused = isForeign && await answers(url, signal) && this.#failures++ > 0
    return new UploadError({
      code: refused ? 'origin_not_allowed' : 'network_failed',
      detail: refused
        ? `${url.host} does not let pages of ${location.origin} call it.`
        : `${url.host} could not be reached.`,
      advice: isForeign
        ? `Check the address, and that CORS_ORIGINS of the gateway lists ${location.origin}.`
        : 'Check the network and try again.',
      retryable: !refused
    })
  }
}
