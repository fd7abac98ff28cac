import type { FastifyError } from 'fastify'
import { GatewayError, invalidRequest, type ErrorCode } from '../../errors.ts'
import { validationFaults, type PlaceOf } from './validation-faults.ts'
import { textTooLarge } from '../../input/body-type.ts'

/** Fastify's and its plugins' own errors, by their code. */
const BY_CODE: Readonly<Record<string, { code: ErrorCode, detail: string }>> = {
  FST_ERR_CTP_EMPTY_JSON_BODY: { code: 'invalid_request', detail: 'The body is empty, but Content-Type says that it is JSON.' },
  FST_ERR_CTP_INVALID_JSON_BODY: { code: 'invalid_request', detail: 'The body is not valid JSON.' },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: { code: 'invalid_request', detail: 'The body is not as long as Content-Length says.' },
  FST_ERR_BAD_URL: { code: 'invalid_request', detail: 'The path is not valid: a "%" must be followed by two hex digits (send "%25" for a percent sign).' },
  FST_ERR_MAX_PARAM_LENGTH: { code: 'uri_too_long', detail: 'A part of the path is too long.' },
  FST_ERR_VALIDATION: { code: 'invalid_request', detail: 'The request is not valid.' }
}

/** Answers to errors of which only the status is known. The framework's own message stays in the log. */
const BY_STATUS: Readonly<Record<number, { code: ErrorCode, detail: string }>> = {
  400: { code: 'invalid_request', detail: 'The request cannot be read.' },
  401: { code: 'unauthorized', detail: 'The request carries no valid key.' },
  403: { code: 'forbidden', detail: 'The request is not allowed.' },
  404: { code: 'route_not_found', detail: 'There is no such route.' },
  405: { code: 'method_not_allowed', detail: 'The route does not have this method.' },
  408: { code: 'request_timeout', detail: 'The request did not come in time.' },
  413: { code: 'payload_too_large', detail: 'The request is too large.' },
  414: { code: 'uri_too_long', detail: 'The URL is too long.' },
  415: { code: 'unsupported_media_type', detail: 'The route does not take this media type.' },
  429: { code: 'rate_limited', detail: 'There are too many requests.' },
  431: { code: 'headers_too_large', detail: 'The headers are too large.' },
  503: { code: 'overloaded', detail: 'The gateway is too busy for this request.' }
}

/** Facts about a refused request. */
export interface RefusedInput {
  /** Content-Length, when there is one. */
  announced: string | undefined
  limit: number
  /** Media types that the route takes; none when it takes no body. */
  takes: readonly string[]
  /** Where a field belongs that stands elsewhere; undefined for a name that the route does not know. */
  placeOf: PlaceOf
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
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return textTooLarge('json', { bytes: input.announced, limit: input.limit, cause: error })
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return wrongMediaType(input, error)
  const known = BY_CODE[code ?? ''] ?? BY_STATUS[statusCode ?? 0]
  if (known) return new GatewayError(known.code, known.detail, { cause: error })
  return new GatewayError('internal', 'Something unexpected happened.', { cause: error })
}
