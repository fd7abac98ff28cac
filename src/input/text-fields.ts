import type { TSchema } from '@sinclair/typebox'
import { invalidRequest, pointerTo, type Fault } from '../errors.ts'
import { BLANK } from '../schemas/habits.ts'
import { allows, isList, shapeOf, type Shape } from './fields/shape.ts'
import { INEXACT, isExact, jsonFaults } from './strict-json.ts'
import { emptied, isBlank, meant } from './fields/tidied.ts'

type Properties = Readonly<Record<string, TSchema | object>>

/** Names that could reach the prototype of an ordinary object when some later code copies them. */
export const FORBIDDEN_NAMES: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])
const INTEGER = /^[+-]?\d{1,15}$/
const NUMBER = /^[+-]?\d{1,15}(?:\.\d{1,15})?$/
const ANY_NUMBER = /^[+-]?\d+(?:\.\d*)?(?:e[+-]?\d+)?$/i

/** Fault of text that begins like JSON: an unclosed bracket, an extra comma, single quotes. */
const NOT_JSON = 'looks like JSON but is not: check its quotes, commas and brackets'

const looksLikeJson = (text: string): boolean => /^\s*[[{]/.test(text)

/** Collects the faults of one field, or of what stands at `below` in it: all are judged before anything is thrown. */
type Report = (message: string, below?: string) => undefined
/** Where it only matters that something is wrong: nothing is read then. */
const noReport: Report = () => undefined

function parseJson (text: string, report: Report): unknown {
  try {
    const value = JSON.parse(text, (name, value: unknown) => {
      if (FORBIDDEN_NAMES.has(name)) throw new TypeError(`"${name}" is not a usable name`)
      return value
    }) as unknown // JSON.parse returns any
    return checked(text, value, report)
  } catch (error) {
    // The parser's own message differs from one version to the next.
    return report(error instanceof TypeError ? error.message : NOT_JSON)
  }
}

/** The value that `JSON.parse` made of a text, unless it is not what the text says. */
function checked (text: string, value: unknown, report: Report): unknown {
  const faults = jsonFaults(text, value)
  for (const { pointer, message } of faults) report(message, pointer)
  return faults.length > 0 ? undefined : value
}

/** Items that are read of a list: one more than it may have, for which the validator refuses it. */
const enough = (most: number | undefined): number | undefined => most === undefined ? undefined : most + 1

/** Cuts at every `separator` that no backslash escapes, into no more than `limit` parts; the rest is left out. */
function splitUnescaped (text: string, separator: string, limit = Infinity): string[] {
  const parts: string[] = []
  let start = 0
  for (let index = 0; index < text.length && parts.length < limit; index++) {
    if (text[index] === '\\' && (text[index + 1] === '=' || text[index + 1] === '|')) index++
    else if (text[index] === separator) {
      parts.push(text.slice(start, index))
      start = index + 1
    }
  }
  if (parts.length < limit) parts.push(text.slice(start))
  return parts
}

const unescape = (text: string): string => text.replace(/\\([=|])/g, '$1')

/** `["red","green"]` among metadata values is a list; what only begins like one stays text. */
function mapValue (text: string, shape: Shape, report: Report): unknown {
  const value = unescape(text)
  if (!allows(shape, 'array') || !value.startsWith('[')) return value
  try {
    return checked(value, JSON.parse(value), report)
  } catch {
    return value
  }
}

/** Cloudinary's `k=v|k2=v2`, where a backslash before `=` or `|` makes them part of the value. */
function readMap (text: string, shape: Shape, report: Report): unknown {
  if (looksLikeJson(text)) return parseJson(text, report)
  const values = typeof shape.additionalProperties === 'object' ? shape.additionalProperties : {}
  const map: Record<string, unknown> = {}
  const pairs = splitUnescaped(text, '|', enough(shape.maxProperties))
  const given = pairs.filter((pair) => pair.trim() !== '')
  // Separators alone are no empty map.
  for (const pair of given.length > 0 || text.trim() === '' ? given : pairs) {
    const [name = '', ...rest] = splitUnescaped(pair, '=')
    if (rest.length === 0) return report(`must be a JSON object or name=value pairs joined by "|"; "${pair.slice(0, 60)}" has no "="`)
    if (FORBIDDEN_NAMES.has(name)) return report(`"${name}" is not a usable name`)
    if (Object.hasOwn(map, name)) return report(`names "${name.slice(0, 60)}" twice`)
    const reportValue: Report = (message, below = '') => report(message, pointerTo(name) + below)
    map[name] = mapValue(rest.join('='), values, reportValue)
  }
  return map
}

/** Splits text at a separator and drops blank parts: `a,b,` has two. */
function partsOf (text: string, separator: string, limit = Infinity): string[] {
  const parts: string[] = []
  for (let start = 0; start <= text.length && parts.length < limit;) {
    const found = text.indexOf(separator, start)
    const end = found < 0 ? text.length : found
    const part = text.slice(start, end).trim()
    if (part !== '') parts.push(part)
    start = end + 1
  }
  return parts
}

/** Reads an item that is a list itself, such as four numbers. A blank in the middle is a missing number. */
function readTuple (text: string, shape: Shape | undefined, report: Report): unknown[] {
  const values = text.endsWith(',') ? text.slice(0, -1) : text
  return values.split(',', enough(shape?.maxItems)).map((value) => readScalar(value.trim(), shape?.items, report))
}

/** Comma-separated; a list of transformations is piped, because commas and slashes belong to them; a list of lists has both. */
function splitList (text: string, shape: Shape, report: Report): unknown[] {
  if (text.trim() === '') return []
  const { items, maxItems } = shape
  const separator = isListOfLists(shape) || allows(items, 'object') ? '|' : ','
  const parts = partsOf(text, separator, enough(maxItems))
  // Separators alone are no empty list, which could clear what was there: the validator refuses blank items.
  if (parts.length === 0) return text.split(separator, enough(maxItems)).map((part) => part.trim())
  return isListOfLists(shape) ? parts.map((part) => readTuple(part, items, report)) : parts
}

/** Repeated fields of a list of lists: each holds one, or each holds one number of a single one. */
function readLists (texts: readonly string[], { items }: Shape, report: Report): unknown[] {
  if (texts.every((text) => NUMBER.test(text.trim()))) return texts.map((text) => readScalar(text.trim(), items?.items, report))
  return texts.map((text) => looksLikeJson(text) ? parseJson(text, report) : readTuple(text, items, report))
}

const isListOfLists = ({ items }: Shape): boolean => allows(items, 'array') && !allows(items, 'string')

function readList (given: string | readonly string[], shape: Shape, report: Report): unknown {
  if (typeof given !== 'string' && isListOfLists(shape)) return readLists(given, shape, report)
  if (typeof given !== 'string' && !allows(shape.items, 'object')) return given
  if (typeof given !== 'string') return given.map((text) => looksLikeJson(text) ? parseJson(text, report) : text)
  if (/^\s*\[/.test(given)) return parseJson(given, report)
  if (allows(shape.items, 'object') && looksLikeJson(given)) return [parseJson(given, report)]
  return splitList(given, shape, report)
}

function readScalar (text: string, shape: Shape | undefined, report: Report): unknown {
  if (allows(shape, 'boolean') && !allows(shape, 'string')) {
    const word = text.toLowerCase()
    if (word === 'true' || word === '1') return true
    if (word === 'false' || word === '0') return false
  }
  if (shape?.type !== 'integer' && shape?.type !== 'number') return text
  // The validator would make a number of any text that looks like one.
  if (ANY_NUMBER.test(text) && !isExact(text)) return report(INEXACT)
  if ((shape.type === 'integer' ? INTEGER : NUMBER).test(text)) return Number(text)
  return text
}

function readField (given: unknown, shape: Shape, report: Report): unknown {
  if (typeof given === 'string' && shape.type === 'string') return given
  const texts = Array.isArray(given) && given.every((each) => typeof each === 'string') ? given as string[] : undefined // checked just before
  if (typeof given !== 'string' && !texts) return given
  if (isList(shape)) return readList(texts ?? given as string, shape, report) // one, by the line above
  if (texts && allows(shape, 'array')) return texts
  if (texts && texts.length !== 1) return report(`must be one value, not a list of ${texts.length}`)
  const text = texts?.[0] ?? given as string
  if (shape.type === 'object') return readMap(text, shape, report)
  if (allows(shape, 'object') && looksLikeJson(text)) return parseJson(text, report)
  return readScalar(text, shape, report)
}

/**
 * Stands for `null` until the validator has refused it. The validator would make `false`, 0 or '' of null itself, and a
 * field that some tool sends as null because it is not set would then say something.
 */
export const NO_VALUE = Symbol('null')

/** Where no list belongs, the validator takes the only item of one for the value. */
const takesList = (shape: Shape): boolean => shape.type === undefined || allows(shape, 'array')

/** Is there `null` where the schema knows what belongs there? What it leaves open may be null. */
function holdsNull (value: unknown, shape: Shape | undefined): boolean {
  if (shape === undefined || typeof value !== 'object') return false
  if (value === null) return shape.type !== undefined && !allows(shape, 'null')
  if (Array.isArray(value)) return takesList(shape) ? value.some((item) => holdsNull(item, shape.items)) : value.includes(null)
  const members = value as Readonly<Record<string, unknown>> // an object, so its members can be read
  for (const name of Object.keys(members)) if (holdsNull(members[name], shapeOf(shape, name))) return true
  return false
}

/** The value with each such `null` marked; the same value where there is none, as hardly anybody sends one. */
function marked (value: unknown, shape: Shape | undefined): unknown {
  if (shape === undefined || !holdsNull(value, shape)) return value
  if (value === null) return NO_VALUE
  if (Array.isArray(value)) return value.map((item) => takesList(shape) ? marked(item, shape.items) : item ?? NO_VALUE)
  return Object.fromEntries(Object.entries(value as object).map(([name, member]) => [name, marked(member, shapeOf(shape, name))])) // it holds something
}

/** Fault of a field that may not be left blank. */
const NOT_BLANK = 'is blank: leave it out, or give it a value'

/** Reads one field; undefined when it counts as not given. */
function readValue (given: unknown, shape: Shape, report: Report, exact: boolean): unknown {
  const value = exact ? given : meant(given, shape)
  if (value === undefined) return undefined
  if (shape[BLANK] === 'refused' && isBlank(value)) return report(NOT_BLANK)
  const read = readField(emptied(value, shape), shape, report)
  // Text that has become a list or a map has members with spellings of their own.
  return marked(emptied(exact || read === value ? read : meant(read, shape), shape), shape)
}

/** True when every field is already as it should be, which is so for most JSON bodies. */
function isRead (properties: Properties, fields: Readonly<Record<string, unknown>>, exact: boolean): boolean {
  return Object.keys(fields).every((name) => {
    if (!Object.hasOwn(properties, name)) return !name.endsWith('[]') && !FORBIDDEN_NAMES.has(name)
    const value = fields[name]
    const shape = properties[name] as Shape // TypeBox schemas are plain JSON Schema
    return value !== undefined && readValue(value, shape, noReport, exact) === value
  })
}

/** How fields are read. */
export interface ReadOptions {
  /** Leaves blanks and spellings as they came: whoever judges the fields must see what will be signed. */
  readonly exact?: boolean
}

/**
 * Reads text fields (query, multipart, urlencoded form) as the schema's properties want them. A list is
 * repeated fields (also `tags[]`), a JSON array, or comma-separated text; a map is a JSON object or
 * `k=v|k2=v2`; booleans are true, false, 1, 0. A blank field and `null` count as not given, unless the
 * schema says otherwise. A body that is not an object, values that are not text, and names that the schema
 * does not know are left for the validator, `null` inside a field as NO_VALUE.
 * @throws {GatewayError} `invalid_request` that names every field that cannot be read.
 */
export function readTextFields (
  properties: Properties, fields: Readonly<Record<string, unknown>>, { exact = false }: ReadOptions = {}
): Record<string, unknown> {
  // JSON can be anything, whatever the type of `fields` says.
  if (fields as unknown === null || Array.isArray(fields) || typeof fields !== 'object') return fields
  if (isRead(properties, fields, exact)) return fields
  const faults: Fault[] = []
  const read: Record<string, unknown> = {}
  for (const [given, value] of Object.entries(fields)) {
    const isListName = given.endsWith('[]') && !Object.hasOwn(properties, given)
    const name = isListName && Object.hasOwn(properties, given.slice(0, -2)) ? given.slice(0, -2) : given
    const report: Report = (message, below = '') => {
      faults.push({ pointer: pointerTo(name) + below, message })
    }
    if (FORBIDDEN_NAMES.has(name)) report('is not a usable name')
    else if (Object.hasOwn(read, name)) report(`is given twice, as "${name}" and "${name}[]"`)
    else if (!Object.hasOwn(properties, name)) read[name] = value
    else {
      const values = isListName && typeof value === 'string' ? [value] : value
      const result = readValue(values, properties[name] as Shape, report, exact) // as above
      if (result !== undefined) read[name] = result
    }
  }
  if (faults.length > 0) throw invalidRequest(faults)
  return read
}
