import type { FastifyError } from 'fastify'
import { GatewayError, invalidRequest, type ErrorCode } from '../../errors.ts'
import { validationFaults, type PlaceOf } from './validation-faults.ts'
import { UPLOAD_ADVICE } from '../../input/body-type.ts'

/** Fastify's and its plugins' own errors, by their code. */
const BY_CODE: Readonly<Record<string, { code: ErrorCode, detail: string }>> = {
  FST_ERR_CTP_EMPTY_JSON_BODY: { code: 'invalid_request', detail: 'The body is empty, but Content-Type says that it is JSON.' },
  FST_ERR_CTP_INVALID_JSON_BODY: { code: 'invalid_request', detail: 'The body is not valid JSON.' },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: { code: 'invalid_request', detail: 'The body is not as long as Content-Length says.' },
  FST_ERR_BAD_URL: { code: 'invalid_request', detail: 'The path is not valid: a "%" must be followed by two hex digits (send "%25" for a percent sign).' },
  FST_ERR_MAX_PARAM_LENGTH: { code: 'uri_too_long', detail: 'A part of the path is too long.' },
  FST_ERR_VALIDATION: { code: 'invalid_request', detail: 'The request is not valid.' }
}

/** Where only a status is known. */
const BY_STATUS: Readonly<Record<number, ErrorCode>> = {
  400: 'invalid_request',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'route_not_found',
  405: 'method_not_allowed',
  408: 'request_timeout',
  413: 'payload_too_large',
  414: 'uri_too_long',
  415: 'unsupported_media_type',
  429: 'rate_limited',
  431: 'headers_too_large',
  503: 'overloaded'
}

/** Facts about a refused request. */
export interface RefusedInput {
  /** Content-Length, when there is one. */
  announced: string | undefined
  limit: number
  /** Whether it was read as a urlencoded form, which many clients announce for bytes of any kind. */
  isForm?: boolean
  /** Media types that the route takes; none when it takes no body. */
  takes: readonly string[]
  /** Where a field belongs that stands elsewhere; undefined for a name that the route does not know. */
  placeOf: PlaceOf
}

function tooLarge ({ announced, limit, isForm }: RefusedInput, cause: Error): GatewayError {
  const size = announced === undefined ? `more than ${limit}` : announced
  if (!isForm) return new GatewayError('payload_too_large', `The body has ${size} bytes; the limit for JSON is ${limit}.`, { cause })
  return new GatewayError('payload_too_large', `The body has ${size} bytes; the limit for a urlencoded form is ${limit}.`, { cause, members: { advice: UPLOAD_ADVICE } })
}

/** A body without any Content-Type is refused for its type, too. */
function wrongMediaType ({ takes }: RefusedInput, cause: Error): GatewayError {
  if (takes.length === 0) return new GatewayError('unsupported_media_type', 'This route takes no body.', { cause })
  const types = takes.join(', ')
  // RFC 9110, section 15.5.16: this header tells programs the same.
  return new GatewayError('unsupported_media_type', `This route takes ${types}, named in Content-Type.`, { cause, headers: { accept: types } })
}

/** Makes a GatewayError of anything thrown. What nobody foresaw is `internal` and keeps its cause for the log alone. */
export function toGatewayError (error: unknown, input: RefusedInput): GatewayError {
  if (error instanceof GatewayError) return error
  if (!(error instanceof Error)) return new GatewayError('internal', 'Something unexpected happened.', { cause: error })
  // Errors of Fastify carry these members; on any other error they are undefined.
  const { code, statusCode, validation, validationContext } = error as Partial<FastifyError> & Error
  // No cause: it carries the schema and all that was sent, which has no place in a log.
  if (validation) return invalidRequest(validationFaults(validation, validationContext, input.placeOf))
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return tooLarge(input, error)
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return wrongMediaType(input, error)
  const known = code === undefined ? undefined : BY_CODE[code]
  if (known) return new GatewayError(known.code, known.detail, { cause: error })
  const byStatus = statusCode === undefined ? undefined : BY_STATUS[statusCode]
  if (byStatus) return new GatewayError(byStatus, error.message, { cause: error })
  return new GatewayError('internal', 'Something unexpected happened.', { cause: error })
}
