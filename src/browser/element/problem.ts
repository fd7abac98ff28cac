import { UploadError } from '../client.ts'
import type { Words } from './words/words.ts'

/** A failure as a row or the field shows it. */
export interface Shown {
  /** What is wrong and what to do. */
  readonly sentence: string
  /** True when the same file may succeed unchanged. */
  readonly mayRetry: boolean
  /** Lines for whoever is asked for help. */
  readonly details: readonly string[]
}

/** Returns the problem of a file that was refused before any request. */
export const refused = (sentence: string): Shown => ({ sentence, mayRetry: false, details: [] })

const ended = (text: string): string => /[.!?…]$/.test(text) ? text : `${text}.`

/** Joins the server's words and advice, and adds the wrong field when they do not name it. */
function serverSentence ({ detail, advice, errors: [first] }: UploadError): string {
  const field = first?.pointer?.split('/').pop() ?? ''
  const isNamed = !first || detail.includes(field || first.message)
  const fault = isNamed ? '' : ` (${`${field} ${first.message}`.trim()})`
  return [ended(detail) + fault, advice].filter(Boolean).join(' ').replace(/^\/|`/g, '')
}

/** Puts a failure into words: those of the table, or in English the server's own. */
export function shown (error: unknown, words: Words): Shown {
  if (!(error instanceof UploadError)) {
    // A request that timed out is also a DOMException.
    const name = error instanceof DOMException ? 'error.network_failed' : 'error.'
    return { sentence: words.text(name), mayRetry: true, details: [String(error)] }
  }
  // Without a finding, the signature is right and Cloudinary rejects the gateway's credentials.
  const isOurs = error.code === 'signature_mismatch' && error.errors.length === 0
  const code = error.outcome ?? (isOurs ? 'credentials_rejected' : error.code)
  const own = words.error(code)
  const details = [
    `${words.text('code')}: ${error.code}`,
    error.requestId && `${words.text('request')}: ${error.requestId}`,
    error.detail,
    ...error.errors.map(({ pointer = '', message }) => `${pointer} ${message}`.trim())
  ]
  return {
    sentence: own ?? (serverSentence(error) || words.text('error.')),
    // A new key, a new session or a quieter network helps without a change to the file.
    mayRetry: error.outcome !== 'unknown' && (error.retryable || error.status === 0 || error.status === 401),
    details: details.filter((line) => line) as string[]
  }
}
