import type { IncomingHttpHeaders } from 'node:http'
import { GatewayError } from '../errors.ts'

/** True when a body follows the headers, as far as they tell. */
export function announcesBody (headers: IncomingHttpHeaders): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

/** Type and subtype as they are registered, so without wildcards. Source: RFC 6838, section 4.2. */
const MEDIA_TYPE = /^[a-z\d][\w!#$&^.+-]*\/[a-z\d][\w!#$&^.+-]*$/
const URLENCODED = 'application/x-www-form-urlencoded'
const JSON_TYPE = 'application/json'
/** `text/json`, `application/problem+json`, `application/x-ndjson`: their text may be meant as fields. */
const JSON_LIKE = /\/.*json/

/** Names that programs send where a type or a subtype is missing. */
const PLACEHOLDER = /(?:^|\/)(?:x-)?(?:undefined|null|unknown|none|nan)(?:\/|$)/
/** Names that forms are given beside their right ones. */
const FORM_LIKE = /form-?data|form-?encoded|url-?encoded|www-form|multi-?part/
const BOUNDARY = /;\s*boundary\s*=/i

/** What to do with a body of files whose type is not taken. */
export const UPLOAD_ADVICE = 'Send fields with a URL or a data URI as `application/json`, a file as `multipart/form-data`, or bytes under their own media type, ' +
  'such as `application/octet-stream`: curl sends a form unless it is told `-H \'Content-Type: application/octet-stream\' --data-binary @file`. ' +
  'Text and JSON are stored as they are with `?resource_type=raw`.'
/** Advice for a data URI that is too long to be held. */
export const STREAM_ADVICE = 'Send the file in a `multipart/form-data` form, as bytes or as a data URI: there it streams, however large.'

/** A body of text that is parsed as a whole. */
export type TextKind = 'json' | 'form'

const KIND_NAMES: Readonly<Record<TextKind, string>> = { json: 'JSON', form: 'a urlencoded form' }

export interface TooLargeText {
  /** Undefined where counting stopped at the limit. */
  readonly bytes: number | string | undefined
  readonly limit: number
  readonly what?: string
  readonly advice?: string | undefined
  readonly cause?: Error
}

/** The 413 for a body that is parsed: it names the size and the limit. */
export function textTooLarge (kind: TextKind, { bytes, limit, what = 'The body', advice, cause }: TooLargeText): GatewayError {
  const message = `${what} has ${bytes ?? `more than ${limit}`} bytes; the limit for ${KIND_NAMES[kind]} is ${limit}.`
  return new GatewayError('payload_too_large', message, { cause, ...(advice !== undefined && { members: { advice } }) })
}

/** The 413 for the text of an upload, with advice. */
export function uploadTextTooLarge (kind: TextKind, text: TooLargeText): GatewayError {
  return textTooLarge(kind, { ...text, advice: kind === 'form' ? `${UPLOAD_ADVICE} ${STREAM_ADVICE}` : STREAM_ADVICE })
}

/** Type and subtype in lower case, without parameters; undefined when there is no Content-Type. */
export function mediaTypeOf (headers: IncomingHttpHeaders): string | undefined {
  return headers['content-type']?.replace(/;.*/s, '').trim().toLowerCase()
}

/** True for a body that is read as a urlencoded form. */
export const isUrlencoded = (headers: IncomingHttpHeaders): boolean => mediaTypeOf(headers) === URLENCODED

/** True for a body in parts, of whatever kind. */
export const isMultipart = (headers: IncomingHttpHeaders): boolean => mediaTypeOf(headers)?.startsWith('multipart/') === true

/** True for a body that is text around the text of a file. */
export const isTextBody = (headers: IncomingHttpHeaders): boolean => [JSON_TYPE, URLENCODED].includes(mediaTypeOf(headers) ?? '')

/** True for a body that is read as fields, and so as text. */
export const isFieldBody = (headers: IncomingHttpHeaders): boolean => isMultipart(headers) || isTextBody(headers)

/** Types that clients set by default: `fetch` for text, curl for data, others for anything. */
const DEFAULT_TYPES: ReadonlySet<string> = new Set(['text/plain', URLENCODED, 'application/octet-stream'])

/** True when the type does not rule out JSON: no type, a default of clients, or another name of JSON. */
export function mayBeJson (headers: IncomingHttpHeaders): boolean {
  const type = mediaTypeOf(headers)
  return type === undefined || DEFAULT_TYPES.has(type) || JSON_LIKE.test(type) || PLACEHOLDER.test(type)
}

/** ASCII is UTF-8. */
const UTF8_NAMES: ReadonlySet<string> = new Set(['utf-8', 'utf8', 'us-ascii', 'ascii'])

/** The first charset in the parameters of a media type that is another than UTF-8. */
export function foreignCharset (contentType = ''): string | undefined {
  if (!/charset/i.test(contentType)) return undefined // nearly always, and at a tenth of the cost
  for (const [, quoted, bare = ''] of contentType.matchAll(/;\s*charset\s*=\s*(?:"([^"]*)"|([^;]*))/gi)) {
    const charset = (quoted ?? bare).trim()
    if (!UTF8_NAMES.has(charset.toLowerCase())) return charset
  }
  return undefined
}

/** Why it is unclear what a body of this type is meant to be, or undefined. */
function typeFault (headers: IncomingHttpHeaders, resourceType: unknown): string | undefined {
  const type = mediaTypeOf(headers)
  if (type === undefined) return 'The body has no Content-Type, so it is unclear what its bytes are.'
  if (!MEDIA_TYPE.test(type)) return `Content-Type ${JSON.stringify(type.slice(0, 60))} is not a media type.`
  // Judged by its boundary later.
  if (isMultipart(headers)) return undefined
  // Stored as bytes, a form would become a file with its framing in it.
  if (BOUNDARY.test(String(headers['content-type']))) return `${type} has no boundary; only multipart/form-data has one.`
  if (isTextBody(headers)) return undefined
  if (FORM_LIKE.test(type)) return `${type} is not read as a form; multipart/form-data and ${URLENCODED} are.`
  if (PLACEHOLDER.test(type)) return `${type} is what programs send when nobody chose a type, so it is unclear what the bytes are.`
  if (resourceType === 'raw') return undefined
  if (type === 'text/plain') return 'text/plain is what clients send when nobody chose a type; it counts as bytes only with resource_type=raw in the query.'
  if (JSON_LIKE.test(type)) return `${type} is not read as fields; it counts as bytes only with resource_type=raw in the query.`
  return undefined
}

/**
 * Refuses a body whose media type nobody chose: its JSON text would be stored as a file. `resourceType` is the
 * one in the query, where `raw` says that text is meant as bytes. `takes` lists the media types of the route.
 * @throws {GatewayError} `unsupported_media_type`, with advice.
 */
export function checkChosenType (
  headers: IncomingHttpHeaders,
  { resourceType, takes }: { resourceType: unknown, takes: readonly string[] }
): void {
  if (!announcesBody(headers)) return
  const message = typeFault(headers, resourceType)
  if (message === undefined) return
  throw new GatewayError('unsupported_media_type', message, { headers: { accept: takes.join(', ') }, members: { advice: UPLOAD_ADVICE } })
}
