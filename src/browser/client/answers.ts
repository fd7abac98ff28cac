import type { Problem } from './types.ts'
import { UploadError, type UploadErrorOptions } from './upload-error.ts'

/** An answer as it came. `header` takes names in lower case. */
export interface Answer {
  readonly status: number
  readonly text: string
  readonly header: (name: string) => string | undefined
}

type Body = Record<string, unknown>

/** Returns the JSON object of an answer, or undefined. */
export function objectIn (text: string): Body | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value as Body : undefined
  } catch {
    return undefined
  }
}

function secondsIn (header: string | undefined): number | undefined {
  if (header === undefined) return undefined
  const seconds = Number(header)
  if (seconds >= 0) return seconds
  const date = Date.parse(header)
  return date > 0 ? Math.max(0, (date - Date.now()) / 1000) : undefined
}

const isPassing = (status: number): boolean => status === 408 || status === 420 || status === 429 || status >= 500

const ADVICE: Record<string, string> = {
  signature_mismatch: 'Send exactly the fields that were signed, and ask for a new signature when one of them changes.',
  signature_expired: 'Check the clock of the server that signs.',
  rate_limited: 'Try again later.',
  upstream_failed: 'Try again later.',
  payload_too_large: 'Choose a smaller file.'
}

function cloudinaryCode (status: number, message: string): string {
  if (message.startsWith('Invalid Signature')) return 'signature_mismatch'
  if (message.startsWith('Stale request')) return 'signature_expired'
  if (status === 420 || status === 429) return 'rate_limited'
  if (status === 413) return 'payload_too_large'
  return status >= 500 ? 'upstream_failed' : 'upstream_rejected'
}

function ofCloudinary (status: number, message: string): UploadErrorOptions {
  const code = cloudinaryCode(status, message)
  return { code, detail: message, advice: ADVICE[code] ?? 'Change the file or the fields as the message says.' }
}

function ofGateway (problem: Problem): UploadErrorOptions {
  const { code, detail, advice, errors, retryable, request_id: requestId, outcome } = problem
  return {
    code,
    detail,
    problem,
    requestId,
    ...advice && { advice },
    ...errors && { errors },
    ...retryable && { retryable },
    ...outcome === 'unknown' && { outcome }
  }
}

/** Makes an error of an answer that is no success: a problem document, Cloudinary's own form, or a page of some proxy. */
export function refusal ({ status, text, header }: Answer, url: string): UploadError {
  const body = objectIn(text)
  const told = body?.['error']
  const { message = told } = Object(told) as { message?: unknown }
  const cloudinary = header('x-cld-error') ?? (typeof message === 'string' ? message : undefined)
  const options = typeof body?.['code'] === 'string' && typeof body['detail'] === 'string'
    ? ofGateway(body as Problem)
    : cloudinary !== undefined
      ? ofCloudinary(status, cloudinary)
      : {
          code: 'unexpected_answer',
          detail: `${new URL(url).host} answered ${status} with something that is not its own.`,
          advice: 'Check the address and what stands before it, such as a proxy. Try again later.'
        }
  return new UploadError({
    status,
    retryable: isPassing(status) && options.problem === undefined,
    retryAfterSeconds: secondsIn(header('retry-after')),
    requestId: header('x-request-id'),
    ...options
  })
}

/** The same failure, when an attempt may have stored the asset: whoever sends the file again may store it twice. */
export function asUnknown (error: UploadError): UploadError {
  return new UploadError({
    ...error as UploadErrorOptions, // its own members
    detail: `${error.detail} The file may have been stored all the same.`,
    advice: 'Look whether the asset exists before you send the file again. With a public_id of your own it can be sent again safely.',
    retryable: false,
    outcome: 'unknown'
  })
}
