import { GatewayError, type ErrorCode, type UpstreamAnswer } from '../../errors.ts'
import type { ProxyError } from '../../net/outbound.ts'
import type { CloudinaryEnvironment } from '../../schemas/environment.ts'
import type { AnswerShape } from './answer-shapes.ts'
import { untilDateMs } from './account/quota-reading.ts'
import { TransportError, type UpstreamReply } from './transport.ts'

/** A JSON answer of Cloudinary that is only relayed: bytes as received. */
export interface Relayed {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

/** An answer whose JSON was read here, too. */
export interface ReadAnswer extends Relayed {
  readonly value: Readonly<Record<string, unknown>>
}

/** Party that vouched for the request: the gateway with its secret, or the caller with a signature. */
export type Vouched = 'gateway' | 'caller'

export interface AnswerContext {
  readonly environment: Pick<CloudinaryEnvironment, 'name' | 'apiKey' | 'apiSecret'>
  readonly nowMs: number
  readonly vouched?: Vouched
}

/** A caller's signature is compared with our own secret before anything is sent. */
const REFUSED_ALTHOUGH_IT_FITS = 'The signature fits the API secret that the gateway has, but Cloudinary refuses it: the account has another secret by now, or takes signatures of another algorithm or version.'
const REFUSED_ADVICE = 'If `POST /signature` made it, the credentials of this environment are probably out of date; `/readyz` tells within seconds. Another signer should sign as the account is set.'

const RELAYED_HEADERS = ['x-request-id', 'x-featureratelimit-limit', 'x-featureratelimit-remaining', 'x-featureratelimit-reset']
const MAX_MESSAGE = 1000
/** How much of each end of an answer is looked at. */
const END_BYTES = 64
const DEFAULT_WAIT_SECONDS = 60
const MAX_WAIT_SECONDS = 24 * 3600

/**
 * Returns the wait that a refusal asks for, from `Retry-After` or Cloudinary's own header; undefined without
 * one.
 */
export function askedWaitSeconds (headers: UpstreamReply['headers'], nowMs: number): number | undefined {
  const inSeconds = headers['retry-after']
  if (inSeconds !== undefined && /^\d{1,9}$/.test(inSeconds)) return Math.min(Math.max(Number(inSeconds), 1), MAX_WAIT_SECONDS)
  for (const date of [inSeconds, headers['x-featureratelimit-reset']]) {
    const waitMs = untilDateMs(date, headers, nowMs)
    if (waitMs !== undefined) return Math.ceil(waitMs / 1000)
  }
  return undefined
}

/** Returns the seconds that a caller should wait after a refusal; a minute unless it says otherwise. */
export function retryAfterSeconds (headers: UpstreamReply['headers'], nowMs: number): number {
  return askedWaitSeconds(headers, nowMs) ?? DEFAULT_WAIT_SECONDS
}

/** Takes the secret out of a text, however it was written there. */
export function scrub (text: string, { apiKey, apiSecret }: AnswerContext['environment']): string {
  const secret = apiSecret.reveal()
  const pair = Buffer.from(`${apiKey}:${secret}`)
  let clean = text
  for (const form of [pair.toString('base64'), pair.toString('base64url'), encodeURIComponent(secret), secret]) {
    clean = clean.replaceAll(form, '[secret]')
  }
  return clean.slice(0, MAX_MESSAGE)
}

/** True when the bytes are a JSON object from end to end, as far as its two ends tell. Relayed JSON is not parsed. */
function looksLikeObject (body: Buffer): boolean {
  const start = body.toString('latin1', 0, END_BYTES).trimStart()
  const end = body.subarray(-END_BYTES).toString('latin1').trimEnd()
  return start.startsWith('{') && end.endsWith('}')
}

/** Parses an answer that we need to read ourselves. Undefined when it is not a JSON object. */
export function jsonObject (body: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body.toString())
    // Checked just before: neither null nor an array nor a plain value.
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  } catch {}
  return undefined
}

/** Cloudinary's own words, `{"error":{"message":"..."}}`, or undefined when it did not say any. */
function messageOf (body: Buffer): string | undefined {
  const error = jsonObject(body)?.error
  const message = typeof error === 'object' && error !== null && 'message' in error ? error.message : error
  return typeof message === 'string' && message !== '' ? message : undefined
}

function upstreamOf (reply: UpstreamReply, message: string | undefined): UpstreamAnswer {
  const requestId = reply.headers['x-request-id']
  return { status: reply.status, ...(message !== undefined && { message }), ...(requestId !== undefined && { request_id: requestId.slice(0, 128) }) }
}

const CODE_BY_STATUS: Readonly<Record<number, ErrorCode>> = {
  400: 'upstream_rejected',
  403: 'upstream_forbidden',
  404: 'not_found',
  409: 'upstream_conflict',
  413: 'payload_too_large',
  420: 'quota_exhausted',
  423: 'asset_processing',
  429: 'rate_limited'
}

function codeOf (status: number, message: string | undefined): ErrorCode {
  // Cloudinary answers 420 for a missing add-on too; waiting does not help then.
  if (status === 420 && /subscription/i.test(message ?? '')) return 'upstream_forbidden'
  if (status >= 500 || status < 400) return 'upstream_failed'
  return CODE_BY_STATUS[status] ?? 'upstream_rejected'
}

/** A 401 to credentials of ours: not the caller's fault and not theirs to see in detail. */
function credentialsRejected (reply: UpstreamReply, message: string | undefined, environment: AnswerContext['environment']): GatewayError {
  // Its text shows the string that was signed; that is for the log.
  const told = message?.startsWith('Invalid Signature') ? undefined : message
  return new GatewayError(
    'credentials_rejected',
    `Cloudinary does not accept the credentials of the environment "${environment.name}"${told ? `: ${told}` : '.'}`,
    { upstream: upstreamOf(reply, told), ...(message !== undefined && { cause: new Error(message) }) }
  )
}

/** The error that a refusing or broken answer means to the caller. */
export function upstreamError (reply: UpstreamReply, context: AnswerContext): GatewayError {
  const raw = messageOf(reply.body)
  const message = raw === undefined ? undefined : scrub(raw, context.environment)
  if (reply.status === 401) {
    if (context.vouched === 'caller' && message?.startsWith('Invalid Signature')) {
      return new GatewayError('signature_mismatch', REFUSED_ALTHOUGH_IT_FITS, {
        upstream: upstreamOf(reply, message), members: { advice: REFUSED_ADVICE }
      })
    }
    return credentialsRejected(reply, message, context.environment)
  }
  const code = codeOf(reply.status, message)
  const upstream = upstreamOf(reply, message)
  if (code === 'upstream_failed') {
    const said = reply.status >= 300 && reply.status < 400 ? 'Cloudinary answered with a redirect.' : `Cloudinary failed with status ${reply.status}.`
    return new GatewayError(code, said, { upstream })
  }
  const waits = code === 'quota_exhausted' || code === 'rate_limited' || code === 'asset_processing'
  const seconds = code === 'asset_processing' && reply.headers['retry-after'] === undefined ? 5 : retryAfterSeconds(reply.headers, context.nowMs)
  return new GatewayError(code, message ?? `Cloudinary answered with status ${reply.status}.`, {
    upstream,
    ...(waits && { headers: { 'retry-after': String(seconds) } })
  })
}

function brokenAnswer (reply: UpstreamReply, what: string): GatewayError {
  return new GatewayError('upstream_failed', `Cloudinary's answer is ${what}.`, { upstream: upstreamOf(reply, undefined) })
}

/**
 * Passes a good answer on as it came.
 * @throws {GatewayError} for every other one.
 */
export function relayed (reply: UpstreamReply, context: AnswerContext): Relayed {
  if (reply.status < 200 || reply.status > 299) throw upstreamError(reply, context)
  if (reply.headers['content-encoding'] !== undefined) throw brokenAnswer(reply, 'encoded, which was not asked for')
  if (reply.body.length === 0) throw brokenAnswer(reply, 'empty')
  if (!looksLikeObject(reply.body)) throw brokenAnswer(reply, 'not a JSON object')
  // Official clients take a body with an error for a failure, whatever its status.
  if (reply.body.subarray(0, 16).toString('latin1').replace(/\s/g, '').startsWith('{"error":')) {
    throw messageOf(reply.body) === undefined
      ? brokenAnswer(reply, 'an error without a reason')
      : upstreamError({ ...reply, status: 400 }, context)
  }
  const headers: Record<string, string> = {}
  for (const name of RELAYED_HEADERS) {
    const value = reply.headers[name]
    if (value !== undefined) headers[name] = value
  }
  return { status: reply.status, headers, body: reply.body }
}

/**
 * Reads a good answer.
 * @throws {GatewayError} as `relayed` does, and for one that is not JSON or not of the shape that was due.
 */
export function readAnswer (reply: UpstreamReply, context: AnswerContext, shape: AnswerShape): ReadAnswer {
  const answer = relayed(reply, context)
  const value = jsonObject(answer.body)
  if (value === undefined) throw brokenAnswer(reply, 'not valid JSON')
  const fault = shape(value)
  if (fault !== undefined) throw brokenAnswer(reply, fault)
  return { ...answer, value }
}

/** Fields after the file are judged while the body is sent; what the validator says of them is for the caller to read. */
function throwValidation (cause: unknown): void {
  if (cause instanceof Error && 'validation' in cause) throw cause
}

/** Blames the proxy without its address, which is for the log only. */
function blameProxy (error: TransportError): GatewayError {
  const { reason, status } = error.cause as ProxyError // as for every such failure
  const members = {
    advice: 'Check the proxy of the gateway and its variables (`HTTPS_PROXY`, `api_proxy`); the log has its address.'
  }
  if (reason === 'timeout') {
    return new GatewayError(
      'upstream_timeout',
      'The proxy between the gateway and Cloudinary did not answer in time.',
      { cause: error, members }
    )
  }
  const what = reason === 'refused' ? `refused the connection (${status}${status === 401 || status === 407 ? ', wrong or missing credentials of the proxy' : ''})` : 'cannot be reached'
  return new GatewayError('upstream_failed', `The proxy between the gateway and Cloudinary ${what}.`, {
    cause: error, members
  })
}

/**
 * What a request without a complete answer means to the caller. Errors that are ours already stay as they are.
 * @throws {Error} what the validator said of the body, for the error handler to word.
 */
export function transportFailure (error: unknown): GatewayError {
  if (error instanceof GatewayError) return error
  if (!(error instanceof TransportError)) return new GatewayError('internal', 'Something unexpected happened.', { cause: error })
  const options = { cause: error }
  switch (error.fault) {
    case 'aborted': return new GatewayError('client_closed', 'The caller went away before the answer was there.', options)
    case 'body':
      throwValidation(error.cause)
      return error.cause instanceof GatewayError ? error.cause : new GatewayError('internal', 'The body could not be read.', options)
    case 'connect_timeout': return new GatewayError('upstream_timeout', 'Cloudinary could not be reached in time.', options)
    case 'proxy': return blameProxy(error)
    case 'timeout': return new GatewayError('upstream_timeout', 'Cloudinary did not answer in time.', options)
    case 'unreachable': return new GatewayError('upstream_failed', 'Cloudinary cannot be reached.', options)
    case 'tls': return new GatewayError('upstream_failed', 'The encrypted connection to Cloudinary could not be made.', options)
    case 'cut': return new GatewayError('upstream_failed', 'Cloudinary closed the connection before its answer was complete.', options)
    case 'too_large': return new GatewayError('upstream_failed', 'Cloudinary\'s answer is larger than this gateway accepts.', options)
    case 'broken': return new GatewayError('upstream_failed', 'Cloudinary\'s answer is not valid HTTP.', options)
  }
}
