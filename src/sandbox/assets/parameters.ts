import { isoTime, type AccessRule, type AssetRecord } from './asset.ts'
import type { DeliveryTypeName } from './kinds.ts'
import { notImitated, SandboxError } from '../errors.ts'

/**
 * The parameters of a call, by name, in whichever form a client has sent them. Those who read calls provide
 * it.
 */
export interface CallParameters {
  /** Whether it was sent, and is not empty. */
  has (name: string): boolean
  /** As it was sent. */
  raw (name: string): unknown
  /** As text; undefined when it is empty. */
  text (name: string): string | undefined
  /** Text, even if it is empty; undefined only when it was not sent. */
  given (name: string): string | undefined
  flag (name: string, fallback?: boolean): boolean
  list (name: string): string[] | undefined
  /** @throws {SandboxError} 400 when it is not JSON. */
  json (name: string): unknown
}

const MAX_TAGS = 1000
const MAX_TAG_LENGTH = 255

/** Reads `tags` in the order in which they were sent, each once; undefined when they were not sent. */
export function readTags (fields: CallParameters, name = 'tags'): string[] | undefined {
  const tags = fields.list(name)?.flatMap((tag) => tag.split(',')).map((tag) => tag.trim()).filter((tag) => tag !== '')
  if (tags === undefined) return undefined
  if (tags.length > MAX_TAGS || tags.some((tag) => tag.length > MAX_TAG_LENGTH)) throw new SandboxError(400, `Too many tags or too long a tag. Maximum is ${MAX_TAGS} tags of ${MAX_TAG_LENGTH} characters.`)
  return [...new Set(tags)]
}

/**
 * Reads `a=1|b=2`; a literal `=` or `|` has a backslash before it, in `metadata` a quote as well, and any other
 * backslash stands for itself. Source: Cloudinary, "Upload API reference", "context" and "metadata".
 * @throws {SandboxError} 400 when a pair has no `=`.
 */
export function readPairs (fields: CallParameters, name: string): Record<string, string> | undefined {
  const raw = fields.raw(name)
  if (typeof raw === 'object' && raw !== null && !Array.isArray(raw)) {
    return Object.fromEntries(Object.entries(raw).map(([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)]))
  }
  const text = fields.given(name)
  return text === undefined ? undefined : parsePairs(text, name)
}

export function parsePairs (text: string, name: string): Record<string, string> {
  const pairs: Record<string, string> = {}
  if (text === '') return pairs
  for (const part of text.match(/(?:\\[=|]|\\(?![=|])|[^\\|])+/g) ?? []) {
    const [, key, value] = /^((?:\\[=|]|\\(?![=|])|[^\\=])+)=([\s\S]*)$/.exec(part) ?? []
    if (key === undefined || value === undefined) throw new SandboxError(400, `Invalid value ${part} for parameter ${name}`)
    const escapes = name === 'metadata' ? /\\([=|"])/g : /\\([=|])/g
    pairs[key.replace(escapes, '$1').trim()] = value.replace(escapes, '$1')
  }
  return pairs
}

/** Marked areas of a picture: those that were sent. */
export function readAreas (
  fields: CallParameters
): Pick<AssetRecord, 'face_coordinates' | 'custom_coordinates' | 'regions'> {
  const faces = readCoordinates(fields, 'face_coordinates')
  const custom = readCoordinates(fields, 'custom_coordinates')
  const regions = readRegions(fields)
  return { ...faces && { face_coordinates: faces }, ...custom && { custom_coordinates: custom }, ...regions && { regions } }
}

/** `x,y,w,h` lists, divided by pipes. */
function readCoordinates (fields: CallParameters, name: string): number[][] | undefined {
  const text = fields.text(name)
  if (text === undefined) return undefined
  return text.split('|').map((group) => {
    const numbers = group.split(',').map(Number)
    if (numbers.length !== 4 || numbers.some((number) => !Number.isFinite(number))) throw new SandboxError(400, `Invalid value ${group} for parameter ${name}`)
    return numbers
  })
}

/** `access_control`: a JSON array of rules, at most one of them anonymous. Times are kept as all times are shown: in UTC. */
export function readAccessControl (fields: CallParameters): AccessRule[] | undefined {
  // An empty list takes all rules away. As text it is no different from a field that was left blank.
  if (!fields.has('access_control') && !Array.isArray(fields.raw('access_control'))) return undefined
  const value = fields.json('access_control')
  const rules = Array.isArray(value) ? value : [value]
  const valid = rules.every((rule) => typeof rule === 'object' && rule !== null && (rule.access_type === 'token' || rule.access_type === 'anonymous') &&
    [rule.start, rule.end].every((time) => time === undefined || time === null || !Number.isNaN(Date.parse(time))))
  if (!valid || rules.filter((rule) => rule.access_type === 'anonymous').length > 1) throw new SandboxError(400, 'Invalid value for parameter access_control')
  return rules.map(({ access_type: accessType, start, end }) => ({ access_type: accessType, ...start && { start: isoTime(Date.parse(start)) }, ...end && { end: isoTime(Date.parse(end)) } }))
}

/** `regions`: a JSON object of named lists of points. */
function readRegions (fields: CallParameters): Record<string, number[][]> | undefined {
  if (!fields.has('regions')) return undefined
  const value = fields.json('regions')
  const isPoint = (point: unknown) => Array.isArray(point) && point.length === 2 && point.every((number) => typeof number === 'number')
  const valid = typeof value === 'object' && value !== null && Object.values(value).every((points) => Array.isArray(points) && points.length >= 2 && points.every(isPoint))
  if (!valid) throw new SandboxError(400, 'Invalid value for parameter regions')
  // Checked point by point above.
  return value as Record<string, number[][]>
}

/** `type`: how an asset is stored and delivered. */
export function readDeliveryType (
  fields: CallParameters, name = 'type'
): DeliveryTypeName {
  return deliveryType(fields.text(name) ?? 'upload')
}

/**
 * Reads a delivery type. The vendor has many more: remote files (`fetch`), pictures of social networks
 * (`facebook`), and what it makes itself (`sprite`, `text`).
 * @throws {SandboxError} 400 that names any other type: a look-up would only find nothing.
 */
export function deliveryType (text: string): DeliveryTypeName {
  if (text === 'upload' || text === 'private' || text === 'authenticated') return text
  throw notImitated(`the delivery type ${text}`)
}

export function resourceType (text: string): 'image' | 'video' | 'raw' {
  if (text === 'image' || text === 'video' || text === 'raw') return text
  throw new SandboxError(400, `Invalid resource_type ${text}`)
}
