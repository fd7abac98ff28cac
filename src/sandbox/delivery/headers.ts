import { decoded } from '../decoded.ts'
import type { AssetRecord } from '../assets/asset.ts'
import { contentType } from '../transformation/output-formats.ts'
import type { Component } from '../transformation/parser.ts'
import { flagTexts } from '../transformation/parser.ts'

export type Headers = Record<string, string>

/** What is delivered: the original or a derived asset. */
export interface Delivered {
  readonly blob: string
  readonly bytes: number
  readonly etag: string
  readonly format: string | undefined
  readonly width?: number
  readonly height?: number
  readonly modifiedMs: number
}

export interface HeaderFacts {
  readonly record: AssetRecord
  readonly delivered: Delivered
  readonly components: readonly Component[]
  readonly isNegotiated: boolean
  readonly isProtected: boolean
  readonly ignored: readonly string[]
  readonly requestId: string
}

const MONTH_SECONDS = 2_592_000
/** Documents that a browser would run: they may hold scripts, and here they share their origin with the sandbox's own page. */
const ACTIVE = new Set(['text/html', 'image/svg+xml', 'application/xml'])

/** Headers of every success, as the live service sends them. */
export function successHeaders (facts: HeaderFacts): Headers {
  const { record, delivered, isNegotiated, isProtected, ignored, components } = facts
  const type = contentType(delivered.format)
  const disposition = attachment(record, components, delivered.format)
  return {
    'content-type': type.startsWith('text/') ? `${type}; charset=utf-8` : type,
    etag: `"${delivered.etag}"`,
    'last-modified': new Date(delivered.modifiedMs).toUTCString(),
    'accept-ranges': 'bytes',
    'cache-control': `${isNegotiated || isProtected ? 'private' : 'public'}, no-transform, immutable, max-age=${MONTH_SECONDS}`,
    ...(isNegotiated && { vary: 'Accept' }),
    'access-control-allow-origin': '*',
    'access-control-expose-headers': 'Content-Length,ETag,Server-Timing,X-Content-Type-Options',
    'timing-allow-origin': '*',
    'x-content-type-options': 'nosniff',
    'strict-transport-security': 'max-age=604800',
    server: 'Cloudinary',
    'server-timing': `content-info;desc="${contentInfo(record, delivered)}"`,
    'x-request-id': facts.requestId,
    ...(disposition !== undefined && { 'content-disposition': disposition }),
    ...(ACTIVE.has(type) && { 'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox" }),
    ...(ignored.length > 0 && { 'x-sandbox-ignored': headerText(ignored.join(', ')) }),
    ...customHeaders(record)
  }
}

/** Headers of every failure: the body is empty, the reason stands here alone. */
export function failureHeaders (message: string, requestId: string): Headers {
  return {
    'content-type': 'image/gif',
    'content-disposition': 'inline',
    'content-length': '0',
    'cache-control': 'private, no-transform, max-age=0, no-cache',
    pragma: 'no-cache',
    'x-cld-error': headerText(message),
    'access-control-allow-origin': '*',
    'access-control-expose-headers': 'X-Cld-Error,Content-Length,Content-Disposition,Server-Timing,Vary',
    server: 'Cloudinary',
    'x-request-id': requestId
  }
}

/** Text that a header can carry: everything but printable ASCII is percent-encoded, and it has an end. */
export function headerText (text: string): string {
  return Array.from(text.slice(0, 1000), (character) => /^[ -~]$/.test(character)
    ? character
    : Array.from(Buffer.from(character), (byte) => `%${byte.toString(16).padStart(2, '0').toUpperCase()}`).join('')).join('')
}

function contentInfo (record: AssetRecord, delivered: Delivered): string {
  const size = (prefix: string, { width, height }: { width?: number, height?: number }) => width === undefined || height === undefined ? [] : [`${prefix}width=${width}`, `${prefix}height=${height}`]
  return [
    ...size('', delivered),
    `bytes=${delivered.bytes}`,
    `format=\\"${delivered.format ?? ''}\\"`,
    ...size('o', record),
    `obytes=${record.bytes}`,
    `oformat=\\"${record.format ?? ''}\\"`
  ].join(',')
}

/** `fl_attachment[:name]`. The name arrives with its dot escaped twice. Source: Cloudinary, "transformation_reference", fl_attachment. */
function attachment (record: AssetRecord, components: readonly Component[], format: string | undefined): string | undefined {
  const flag = components.flatMap(flagTexts).find((text) => /^attachment(?::|$)/.test(text))
  if (flag === undefined) return undefined
  const given = flag.slice('attachment:'.length)
  const last = record.public_id.slice(record.public_id.lastIndexOf('/') + 1)
  const name = given === '' ? (record.resource_type === 'raw' ? last : record.original_filename ?? last) : decoded(given) ?? given
  const full = record.resource_type === 'raw' && given === '' ? name : format === undefined ? name : `${name}.${format}`
  return `attachment; filename="${headerText(full).replaceAll(/["\\]/g, '_')}"`
}

/** `headers` of the upload: lines `Name: value`. Only names that cannot change how the answer is read. */
function customHeaders (record: AssetRecord): Headers {
  const lines = record.headers?.split('\n') ?? []
  const pairs = lines.map((line) => /^(X-Robots-Tag|Link)\s*:\s*([ -~]+)$/i.exec(line.trim())).filter((match) => match !== null)
  return Object.fromEntries(pairs.map(([, name = '', value = '']) => [name.toLowerCase(), value]))
}
