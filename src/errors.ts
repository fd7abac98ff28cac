/**
 * Every failure a caller can meet: its HTTP status, a short title and what to do about it.
 * Codes are contract: add freely, never rename. `/docs/errors` shows this table.
 */
export const ERRORS = {
  invalid_request: { status: 400, title: 'Invalid request', advice: 'Correct the fields named in `errors` and send the request again.' },
  invalid_multipart: { status: 400, title: 'Invalid multipart body', advice: 'Let your HTTP client build the multipart body and its boundary.' },
  upstream_rejected: { status: 400, title: 'Cloudinary refused the request', advice: 'Read `upstream.message`: it is Cloudinary\'s own reason.' },
  unauthorized: { status: 401, title: 'Not authenticated', advice: 'Send a valid key: `Authorization: Bearer <key>`.' },
  signature_mismatch: { status: 401, title: 'Signature mismatch', advice: 'Send exactly the fields that were signed, as text, and nothing else beside `file`.' },
  signature_expired: { status: 401, title: 'Signature expired', advice: 'Ask `POST /signature` for a new one; a signature lives for at most an hour.' },
  forbidden: { status: 403, title: 'Not allowed', advice: 'Use a key that is allowed to do this, or ask the operator of the gateway for the permission.' },
  origin_not_allowed: { status: 403, title: 'Origin not allowed', advice: 'List the origin of the page in `CORS_ORIGINS`, such as `https://www.example.com`.' },
  upstream_forbidden: { status: 403, title: 'Cloudinary forbids it', advice: 'Check the plan and the role of this environment\'s API key.' },
  not_found: { status: 404, title: 'Asset not found', advice: 'Check `public_id`, `resource_type`, `type` and the environment; `found_under` tells where it does exist.' },
  route_not_found: { status: 404, title: 'No such route', advice: 'See `/docs` for the routes.' },
  method_not_allowed: { status: 405, title: 'Method not allowed', advice: 'Use a method named in the `Allow` header.' },
  request_timeout: { status: 408, title: 'Request too slow', advice: 'Send the body without pauses.' },
  upstream_conflict: { status: 409, title: 'Already exists', advice: 'Choose another name, or allow overwriting.' },
  idempotency_in_progress: { status: 409, title: 'Idempotency key in use', advice: 'Wait for the first request with this `Idempotency-Key` to end.' },
  outcome_unknown: { status: 409, title: 'Outcome unknown', advice: 'Check whether the asset exists before you send it again, then with a new `Idempotency-Key`.' },
  payload_too_large: { status: 413, title: 'Too large', advice: 'Send a smaller file or body, or raise the limit.' },
  uri_too_long: { status: 414, title: 'URL too long', advice: 'Shorten the path. Long queries fit into the POST form of the route.' },
  unsupported_media_type: { status: 415, title: 'Unsupported media type', advice: 'Send a `Content-Type` that the route takes, without `Content-Encoding`.' },
  expectation_failed: { status: 417, title: 'Expectation failed', advice: 'Only `Expect: 100-continue` is understood.' },
  misdirected_request: { status: 421, title: 'Misdirected request', advice: 'Send the request to the host that its URL names.' },
  idempotency_key_reused: { status: 422, title: 'Idempotency key reused', advice: 'Use a new `Idempotency-Key` for each new request.' },
  param_not_allowed: { status: 422, title: 'Parameter not allowed', advice: 'Omit the parameters named in `errors`, or send the values that it allows.' },
  url_not_allowed: { status: 422, title: 'URL not allowed', advice: 'Use a public URL that the policy of this gateway allows, or send the bytes of the file.' },
  asset_processing: { status: 423, title: 'Asset is being processed', advice: 'Ask again in a few seconds.' },
  rate_limited: { status: 429, title: 'Too many requests', advice: 'Send the request again after the seconds in `Retry-After`.' },
  quota_exhausted: { status: 429, title: 'Cloudinary quota used up', advice: 'Send the request again after the seconds in `Retry-After`.' },
  headers_too_large: { status: 431, title: 'Headers too large', advice: 'Send fewer or shorter headers.' },
  client_closed: { status: 499, title: 'Caller closed the connection', advice: 'Nothing was stored; send the request again.' },
  internal: { status: 500, title: 'Internal error', advice: 'Report the `request_id`; the log of the gateway has the cause.' },
  credentials_rejected: { status: 502, title: 'Credentials rejected', advice: 'Correct the credentials of this environment. Those in `_FILE` variables are read again when the file changes; others need a restart.' },
  upstream_failed: { status: 502, title: 'Cloudinary failed', advice: 'Try again; if it lasts, see Cloudinary\'s status page.' },
  integrity_failed: { status: 502, title: 'Stored bytes differ', advice: 'What was stored is named in `stored`: look at it, delete it, and upload again, with another `Idempotency-Key` if you sent one.' },
  auth_unavailable: { status: 503, title: 'Authentication unavailable', advice: 'Send the request again after the seconds in `Retry-After`. If it lasts, check that the gateway reaches `AUTH_JWKS_URL`.' },
  overloaded: { status: 503, title: 'Too busy', advice: 'Send the request again after the seconds in `Retry-After`.' },
  upstream_unavailable: { status: 503, title: 'Cloudinary unavailable', advice: 'Send the request again after the seconds in `Retry-After`.' },
  upstream_timeout: { status: 504, title: 'Cloudinary too slow', advice: 'Try again.' },
  http_version_unsupported: { status: 505, title: 'HTTP version not supported', advice: 'Use HTTP/1.1.' }
} as const satisfies Record<string, { status: number, title: string, advice: string }>

export type ErrorCode = keyof typeof ERRORS

/** One fault in the input. `pointer` is a JSON pointer into what the caller sent, e.g. `/tags/0`. */
export interface Fault {
  pointer: string
  message: string
}

/** What Cloudinary answered, as far as a caller may see it. */
export interface UpstreamAnswer {
  status: number
  message?: string
  request_id?: string
}

export interface GatewayErrorOptions extends ErrorOptions {
  errors?: readonly Fault[]
  upstream?: UpstreamAnswer
  /** Answer headers that belong to this failure: `Retry-After`, `Allow`. */
  headers?: Readonly<Record<string, string>>
  /** Further members of the problem document, e.g. `found_under`; an `advice` replaces that of the code. */
  members?: Readonly<Record<string, unknown>>
}

/** Codes after which the very same request may succeed without any change to it. */
const RETRYABLE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'request_timeout', 'idempotency_in_progress', 'asset_processing', 'rate_limited', 'quota_exhausted', 'client_closed',
  'upstream_failed', 'auth_unavailable', 'overloaded', 'upstream_unavailable', 'upstream_timeout'
])

/** `message` is for the caller; what broke inside travels as `cause` and reaches only the log. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError'
  readonly code: ErrorCode
  readonly errors: readonly Fault[]
  readonly upstream: UpstreamAnswer | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly members: Readonly<Record<string, unknown>>

  constructor (code: ErrorCode, message: string, options: GatewayErrorOptions = {}) {
    super(message, options)
    this.code = code
    this.errors = options.errors ?? []
    this.upstream = options.upstream
    this.headers = options.headers ?? {}
    this.members = options.members ?? {}
  }

  get statusCode (): number { return ERRORS[this.code].status }
  get advice (): string {
    // What cannot be read as a request at all has no fields to point at.
    if (this.code === 'invalid_request' && this.errors.length === 0) return 'Correct what `detail` says and send the request again.'
    return ERRORS[this.#mayHaveStored ? 'outcome_unknown' : this.code].advice
  }

  get retryable (): boolean { return RETRYABLE.has(this.code) && !this.#mayHaveStored }

  /** The same request could store a second asset. */
  get #mayHaveStored (): boolean { return this.members['outcome'] === 'unknown' }

  /** The same failure, told otherwise. */
  but ({ message = this.message, ...changes }: GatewayErrorOptions & { message?: string }): GatewayError {
    const { code, cause, errors, upstream, headers, members } = this
    return new GatewayError(code, message, { cause, errors, headers, members, ...(upstream && { upstream }), ...changes })
  }
}

/** When places or memory that are taken now are likely to be free. */
const BUSY_SECONDS = '5'

/** A 503 that asks the caller to come back in a few seconds. */
export function overloaded (message: string, options: GatewayErrorOptions = {}): GatewayError {
  return new GatewayError('overloaded', message, { headers: { 'retry-after': BUSY_SECONDS }, ...options })
}

/** JSON pointer (RFC 6901) to the member of that name. */
export const pointerTo = (name: string): string => `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`

/** What nobody reads is not worth its bytes. */
const MOST_FAULTS = 100

/** One fault as a sentence; without a pointer the message has a subject of its own. */
function told ({ pointer, message }: Fault): string {
  return pointer === '' ? message.replace(/^./, (first) => first.toUpperCase()) : `${pointer}: ${message}`
}

/** A 400 that names each fault, up to a hundred; the first one is repeated in `detail` for people who read only that. */
export function invalidRequest (errors: readonly Fault[], options: GatewayErrorOptions = {}): GatewayError {
  const first = errors[0]
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : ''
  const detail = first ? `${told(first)}${more}` : 'The request is not valid.'
  const listed = errors.length > MOST_FAULTS ? [...errors.slice(0, MOST_FAULTS), { pointer: '', message: 'has further faults, which are not listed' }] : errors
  return new GatewayError('invalid_request', detail, { ...options, errors: listed })
}

/** A refusal that names each fault; the first one is repeated in `detail`. `errors` must not be empty. */
export function refusal (code: ErrorCode, errors: readonly Fault[]): GatewayError {
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : ''
  return new GatewayError(code, `${errors[0]?.pointer} ${errors[0]?.message}${more}.`, { errors })
}

/** The same failure with its pointers put below another one. */
export function movedBelow (pointer: string, error: GatewayError): GatewayError {
  const { message, errors } = error
  const moved = errors.map((fault) => ({ ...fault, pointer: `${pointer}${fault.pointer}` }))
  return error.but({ message: message.startsWith('/') ? `${pointer}${message}` : message, errors: moved })
}

/**
 * Runs `read` on something that stands at a pointer.
 * @throws what `read` throws, with the pointers of a GatewayError put below that pointer.
 */
export function below<T> (pointer: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw error instanceof GatewayError ? movedBelow(pointer, error) : error
  }
}
