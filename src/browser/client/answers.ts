import { UploadError, type Problem, type UploadErrorOptions } from './upload-error.ts'

/** An answer as it came. `header` takes names in lower case. */
export interface Answer {
  readonly url: string
  readonly status: number
  readonly text: string
  readonly header: (name: string) => string | undefined
}

type Body = Record<string, unknown>

/** Returns the JSON object of an answer, or undefined. */
export function objectIn (text: string): Body | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return Object(value) === value ? value as Body : undefined
  } catch {
    return undefined
  }
}

/** True when a 200 names an asset, or says what is still to come. Proxies answer 200 as well. */
export const concludes = ({ public_id: id, done, status }: Body): boolean =>
  Boolean(id) || done === false || status === 'pending'

const ADVICE: Record<string, string> = {
  signature_mismatch: 'Send the fields exactly as they were signed.',
  signature_expired: 'Check the clock of the server that signs.',
  payload_too_large: 'Choose a smaller file.',
  upstream_rejected: 'Change the file or the fields.'
}
const LATER = 'Try again later.'

function codeOf (status: number, message: string): string {
  if (message.startsWith('Invalid Signature')) return 'signature_mismatch'
  if (message.startsWith('Stale request')) return 'signature_expired'
  if ([420, 429].includes(status)) return 'rate_limited'
  if (status === 413) return 'payload_too_large'
  return status >= 500 ? 'upstream_failed' : 'upstream_rejected'
}

/** Makes an error of a failed answer: a problem document, an error of Cloudinary, or the page of a proxy. */
export function refusal ({ url, status, text, header }: Answer): UploadError {
  const body = objectIn(text) as Problem & { error?: unknown } | undefined // each member is looked at
  const { message = body?.error } = Object(body?.error) as { message?: unknown }
  const told = header('x-cld-error') ?? message
  const common = {
    status,
    retryable: [408, 420, 429].includes(status) || status >= 500,
    retryAfterSeconds: Number(header('retry-after')) || 0,
    requestId: header('x-request-id')
  }
  // Members of the document replace what is derived from the status.
  if (body?.code && body.detail) {
    return new UploadError({ ...common, retryable: false, ...body, problem: body, requestId: body.request_id })
  }
  if (typeof told === 'string') {
    const code = codeOf(status, told)
    return new UploadError({ ...common, code, detail: told, advice: ADVICE[code] ?? LATER })
  }
  return new UploadError({
    ...common,
    code: 'unexpected_answer',
    detail: `${new URL(url).host} answered ${status} unexpectedly.`,
    advice: `Check the address. ${LATER}`
  })
}

/**
 * Returns the same failure for an upload that may have been stored: sending the file again could store it
 * twice.
 */
export function asUnknown (error: UploadError): UploadError {
  return new UploadError({
    ...error as UploadErrorOptions, // its own members
    detail: `${error.detail} The file may have been stored all the same.`,
    advice: 'Look whether the asset exists before you send the file again.',
    retryable: false,
    outcome: 'unknown'
  })
}

/**
 * Compares the stored size of a raw file with what was sent. Images may be transformed on arrival, and with
 * `overwrite: false` the answer describes the asset that was there before.
 * @throws {UploadError} `integrity_failed` when they differ.
 */
export function checkStored ({ resource_type: kind, bytes, existing }: Body, size: number): void {
  if (kind !== 'raw' || bytes === size || bytes === undefined || existing) return
  throw new UploadError({
    code: 'integrity_failed',
    detail: `${size} bytes were sent, ${bytes} stored.`,
    advice: 'Delete the asset and send the file again.'
  })
}
