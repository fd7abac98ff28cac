import { BLANK, SPELLING, type Spelling } from '../../schemas/habits.ts'
import { allows, shapeOf, type Shape } from './shape.ts'

const FOLDER_EDGE = /[\s/]/
/** A comma at an end is one too many, as in any list. */
const TRANSFORMATION_EDGE = /[\s/,]/

/** True for an ASCII character that is not a blank, as most texts begin and end with. */
const isPlainAt = (text: string, index: number): boolean => {
  const code = text.charCodeAt(index)
  return code > 0x20 && code < 0x7f
}

/** Trims in a loop: a pattern for the end of a text takes quadratic time on a long run of blanks. */
function withoutEdges (text: string, edge: RegExp): string {
  let start = 0
  let end = text.length
  while (start < end && edge.test(text.charAt(start))) start++
  while (end > start && edge.test(text.charAt(end - 1))) end--
  return text.slice(start, end)
}

const SPELLINGS: Readonly<Record<Spelling, (text: string) => string>> = {
  folder: (text) => withoutEdges(text, FOLDER_EDGE),
  transformation: (text) => withoutEdges(text, TRANSFORMATION_EDGE),
  extension: (text) => text.trim().replace(/^\./, '').toLowerCase(),
  version: (text) => text.trim().replace(/^v(?=\d)/i, '')
}

const isBlankText = (text: string): boolean => !isPlainAt(text, 0) && text.trim() === ''

/** True for what counts as not given: `null`, and text of nothing but blanks. */
export function isBlank (value: unknown): boolean {
  return value === null || (typeof value === 'string' && isBlankText(value))
}

function tidiedList (list: readonly unknown[], items: Shape | undefined): readonly unknown[] {
  return list.some((item) => tidied(item, items) !== item) ? list.map((item) => tidied(item, items)) : list
}

/** Turns a blank that may not stand into empty text, which the schema refuses. */
function refused (value: unknown, shape: Shape | undefined): unknown {
  return shape?.[BLANK] === 'refused' && typeof value === 'string' && isBlankText(value) ? '' : value
}

type Members = Readonly<Record<string, unknown>>

/** Drops blank settings, as blank fields are dropped. A member whose name the schema leaves open is kept. */
function tidiedMembers (members: Members, shape: Shape): Members {
  let read: Record<string, unknown> | undefined
  for (const name of Object.keys(members)) {
    const member = members[name]
    const known = shapeOf(shape, name)
    const value = refused(tidied(member, known), known)
    const isSetting = known !== undefined && shape.properties?.[name] === known
    const isDropped = isSetting && isBlank(value) && known[BLANK] === undefined
    if (value === member && !isDropped) continue
    read ??= { ...members }
    if (isDropped) delete read[name]
    else read[name] = value
  }
  return read ?? members
}

const changing = new WeakMap<Shape, boolean>()

/** True when a value of this shape can have another spelling or a blank setting. Computed once a schema. */
function canChange (shape: Shape | undefined): boolean {
  if (shape === undefined) return false
  const known = changing.get(shape)
  if (known !== undefined) return known
  const { items, properties, additionalProperties: rest } = shape
  const can = shape[SPELLING] !== undefined || properties !== undefined || canChange(items) || (typeof rest === 'object' && canChange(rest))
  changing.set(shape, can)
  return can
}

/** Spells a value as the schema wants it, without blank settings. Returns the same value if it fits. */
export function tidied (value: unknown, shape: Shape | undefined): unknown {
  if (shape === undefined || value === null || !canChange(shape)) return value
  if (typeof value === 'string') return shape[SPELLING] === undefined ? value : SPELLINGS[shape[SPELLING]](value)
  if (Array.isArray(value)) return tidiedList(value, shape.items)
  return typeof value === 'object' ? tidiedMembers(value as Members, shape) : value // an object, so its members can be read
}

/**
 * Reads a field as it is meant: spelled as the schema wants it, without blank repetitions. Returns undefined
 * when the field counts as not given.
 */
export function meant (given: unknown, shape: Shape): unknown {
  const value = tidied(given, shape)
  const rule = shape[BLANK]
  if (rule === undefined && Array.isArray(value) && value.some((item) => typeof item === 'string' && isBlankText(item))) {
    const left = value.filter((item) => typeof item !== 'string' || !isBlankText(item))
    return left.length > 0 ? left : undefined
  }
  const isKept = value === null ? rule === 'refused' || shape.type === undefined || allows(shape, 'null') : rule !== undefined
  return isBlank(value) && !isKept ? undefined : value
}

/** Turns an empty list into a map where a map belongs, and the reverse: some languages mix them up. */
export function emptied (value: unknown, shape: Shape): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return shape.type === 'object' && value.length === 0 ? {} : value
  const isWordList = shape.type === 'array' && allows(shape.items, 'string') && !allows(shape.items, 'object')
  return isWordList && Object.keys(value).length === 0 ? [] : value
}
