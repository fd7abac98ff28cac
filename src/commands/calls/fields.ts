import { UsageError, wholeNumber, type OptionTable } from '../usage.ts'
import type { OptionValues } from './call.ts'

/** How the text of an option becomes the value of a field. A list has commas; a map is given pair by pair. */
export type FieldKind = 'text' | 'number' | 'list' | 'map' | 'switch'
export type FieldTable = Readonly<Record<string, FieldKind>>

/** Which kind of asset is meant. */
export const KIND: FieldTable = { 'resource-type': 'text', type: 'text' }
/** What an upload or a signature may hold. Everything else is given with `--field`. */
export const UPLOAD: FieldTable = {
  ...KIND,
  'public-id': 'text',
  folder: 'text',
  'asset-folder': 'text',
  'display-name': 'text',
  tags: 'list',
  context: 'map',
  metadata: 'map',
  preset: 'text',
  overwrite: 'switch',
  'use-filename': 'switch',
  'unique-filename': 'switch'
}
export const TRANSFORMATION: FieldTable = {
  width: 'text',
  height: 'text',
  crop: 'text',
  gravity: 'text',
  'aspect-ratio': 'text',
  quality: 'text',
  radius: 'text',
  effect: 'text',
  background: 'text',
  'fetch-format': 'text'
}

/** Names of options that differ from those of their fields. */
const RENAMED: Readonly<Record<string, string>> = { preset: 'upload_preset' }
const MOST = 9_999_999_999

/** The options that the fields are given with, and `--field` for every other one. */
export function optionsFor (fields: FieldTable): OptionTable {
  const entries = Object.entries(fields).map(([name, kind]) =>
    [name, { type: kind === 'switch' ? 'boolean' : 'string', multiple: kind === 'map' || kind === 'list' }] as const)
  return { ...Object.fromEntries(entries), field: { type: 'string', short: 'f', multiple: true } }
}

/** @throws {UsageError} when the text is no `name=value`. */
export function pairOf (option: string, text: string): [name: string, value: string] {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? []
  if (name === undefined || value === undefined) throw new UsageError(`--${option} must be like name=value`)
  return [name, value]
}

/** @throws {UsageError} for a name that is given twice: only the last would count. */
export function pairsOf (option: string, given: OptionValues[string] = []): Record<string, string> {
  const pairs = [given].flat().map((text) => pairOf(option, String(text)))
  const names = pairs.map(([name]) => name)
  const twice = names.find((name, index) => names.indexOf(name) < index)
  if (twice !== undefined) throw new UsageError(`--${option} names '${twice}' twice`)
  return Object.fromEntries(pairs)
}

const partsOf = (text: string): string[] =>
  text.split(',').map((part) => part.trim()).filter((part) => part !== '')

function valueOf (option: string, kind: FieldKind, value: NonNullable<OptionValues[string]>): unknown {
  switch (kind) {
    case 'list': return partsOf([value].flat().join(','))
    case 'map': return pairsOf(option, value)
    case 'number': return wholeNumber(`--${option}`, String(value), MOST)
    default: return value
  }
}

/** Numbers, lists, objects, true and false are read as JSON; anything else is text. */
function freeValue (text: string): unknown {
  if (!/^(?:-?\d|true$|false$|[[{])/.test(text)) return text
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** Returns the fields that stand in options of their own. */
export function namedFields (values: OptionValues, table: FieldTable): Record<string, unknown> {
  return Object.fromEntries(Object.entries(table).flatMap(([option, kind]) => {
    const value = values[option]
    const field = RENAMED[option] ?? option.replaceAll('-', '_')
    return value === undefined ? [] : [[field, valueOf(option, kind, value)]]
  }))
}

/** Returns the fields that the options give, those of `--field` included. */
export function givenFields (values: OptionValues, table: FieldTable): Record<string, unknown> {
  const named = namedFields(values, table)
  const free = Object.entries(pairsOf('field', values['field']))
  const twice = free.find(([name]) => Object.hasOwn(named, name))
  if (twice !== undefined) throw new UsageError(`'${twice[0]}' is given with --field and with its own option`)
  return { ...named, ...Object.fromEntries(free.map(([name, text]) => [name, freeValue(text)])) }
}
