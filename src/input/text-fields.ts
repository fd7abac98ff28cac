import type { TSchema } from '@sinclair/typebox'
import { invalidRequest, pointerTo, type Fault } from '../errors.ts'
import { INEXACT, isExact, jsonFaults } from './strict-json.ts'

type Properties = Readonly<Record<string, TSchema | object>>

/** The few keywords that decide how text is read. */
interface Shape {
  readonly type?: string | readonly string[]
  readonly items?: Shape
  readonly maxItems?: number
  readonly maxProperties?: number
  readonly properties?: Readonly<Record<string, Shape>>
  readonly additionalProperties?: boolean | Shape
}

// Names that could reach the prototype of an ordinary object when some later code copies them.
const FORBIDDEN_NAMES: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])
const INTEGER = /^[+-]?\d{1,15}$/
const NUMBER = /^[+-]?\d{1,15}(?:\.\d{1,15})?$/
const ANY_NUMBER = /^[+-]?\d+(?:\.\d*)?(?:e[+-]?\d+)?$/i

const allows = (shape: Shape | undefined, type: string): boolean =>
  shape?.type === type || (Array.isArray(shape?.type) && shape.type.includes(type))
/** A list, even where one of its items may stand for it. Where text is a value of its own, it is none. */
const isList = (shape: Shape): boolean => allows(shape, 'array') && !allows(shape, 'string')
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
    return report(error instanceof TypeError ? error.message : `looks like JSON but is not: ${(error as Error).message}`) // the parser throws Errors only
  }
}

/** The value that `JSON.parse` made of a text, unless it is not what the text says. */
function checked (text: string, value: unknown, report: Report): unknown {
  const faults = jsonFaults(text, value)
  for (const { pointer, message } of faults) report(message, pointer)
  return faults.length > 0 ? undefined : value
}

/** Of a list that is too long no more is read than shows that it is: the validator refuses it by its length. */
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
  for (const pair of text === '' ? [] : splitUnescaped(text, '|', enough(shape.maxProperties))) {
    const [name = '', ...rest] = splitUnescaped(pair, '=')
    if (rest.length === 0) return report(`must be a JSON object or name=value pairs joined by "|"; "${pair.slice(0, 60)}" has no "="`)
    if (FORBIDDEN_NAMES.has(name)) return report(`"${name}" is not a usable name`)
    if (Object.hasOwn(map, name)) return report(`names "${name.slice(0, 60)}" twice`)
    const reportValue: Report = (message, below = '') => report(message, pointerTo(name) + below)
    map[name] = mapValue(rest.join('='), values, reportValue)
  }
  return map
}

/** Comma-separated; a list of transformations is piped, because commas and slashes belong to them; a list of lists has both. */
function splitList (text: string, { items, maxItems }: Shape, report: Report): unknown[] {
  if (text.trim() === '') return []
  if (allows(items, 'array') && !allows(items, 'string')) {
    return text.split('|', enough(maxItems)).map((part) => {
      return part.split(',', enough(items?.maxItems)).map((value) => readScalar(value.trim(), items?.items, report))
    })
  }
  return text.split(allows(items, 'object') ? '|' : ',', enough(maxItems)).map((part) => part.trim())
}

function readList (given: string | readonly string[], shape: Shape, report: Report): unknown {
  if (typeof given !== 'string' && !allows(shape.items, 'object')) return given
  if (typeof given !== 'string') return given.map((text) => looksLikeJson(text) ? parseJson(text, report) : text)
  if (/^\s*\[/.test(given)) return parseJson(given, report)
  if (allows(shape.items, 'object') && looksLikeJson(given)) return [parseJson(given, report)]
  return splitList(given, shape, report)
}

function readScalar (text: string, shape: Shape | undefined, report: Report): unknown {
  if (allows(shape, 'boolean') && !allows(shape, 'string')) {
    if (text === 'true' || text === '1') return true
    if (text === 'false' || text === '0') return false
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

/** What a member of a map should be. */
function shapeOf ({ properties, additionalProperties: rest }: Shape, name: string): Shape | undefined {
  if (properties && Object.hasOwn(properties, name)) return properties[name]
  return typeof rest === 'object' ? rest : undefined
}

/** Is there `null` where the schema knows what belongs there? What it leaves open may be null. */
function holdsNull (value: unknown, shape: Shape | undefined): boolean {
  if (shape === undefined || typeof value !== 'object') return false
  if (value === null) return shape.type !== undefined && !allows(shape, 'null')
  if (Array.isArray(value)) return value.some((item) => holdsNull(item, shape.items))
  const members = value as Readonly<Record<string, unknown>> // an object, so its members can be read
  for (const name of Object.keys(members)) if (holdsNull(members[name], shapeOf(shape, name))) return true
  return false
}

/** The value with each such `null` marked; the same value where there is none, as hardly anybody sends one. */
function marked (value: unknown, shape: Shape | undefined): unknown {
  if (shape === undefined || !holdsNull(value, shape)) return value
  if (value === null) return NO_VALUE
  if (Array.isArray(value)) return value.map((item) => marked(item, shape.items))
  return Object.fromEntries(Object.entries(value as object).map(([name, member]) => [name, marked(member, shapeOf(shape, name))])) // it holds something
}

/** True when every field is already as it should be, which is so for most JSON bodies. */
function isRead (properties: Properties, fields: Readonly<Record<string, unknown>>): boolean {
  return Object.keys(fields).every((name) => {
    if (!Object.hasOwn(properties, name)) return !name.endsWith('[]') && !FORBIDDEN_NAMES.has(name)
    const value = fields[name]
    const shape = properties[name] as Shape // TypeBox schemas are plain JSON Schema
    return value !== undefined && readField(value, shape, noReport) === value && !holdsNull(value, shape)
  })
}

/**
 * Reads text fields (query, multipart, urlencoded form) as the schema's properties want them. A list is repeated fields
 * (also `tags[]`), a JSON array, or comma-separated text; a map is a JSON object or `k=v|k2=v2`; booleans are
 * true, false, 1, 0. A body that is not an object, values that are not text, and names that the schema does not know
 * are left for the validator, `null` in a field as NO_VALUE.
 * @throws {GatewayError} `invalid_request` that names every field that cannot be read.
 */
export function readTextFields (properties: Properties, fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  // JSON can be anything, whatever the type of `fields` says.
  if (fields as unknown === null || Array.isArray(fields) || typeof fields !== 'object') return fields
  if (isRead(properties, fields)) return fields
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
    else {
      const shape = Object.hasOwn(properties, name) ? properties[name] as Shape : undefined // TypeBox schemas are plain JSON Schema
      const values = isListName && typeof value === 'string' ? [value] : value
      read[name] = shape ? marked(readField(values, shape, report), shape) : value
    }
  }
  if (faults.length > 0) throw invalidRequest(faults)
  return read
}
