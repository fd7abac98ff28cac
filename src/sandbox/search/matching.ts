import type { AssetRecord } from '../assets/asset.ts'
import { compareTexts } from '../store/sorted-set.ts'
import { textsOf, TIME_FIELDS, valuesOf, type FieldValue } from './asset-fields.ts'
import type { Comparison, Query } from './expression.ts'

export interface MatchOptions { nowMs: number, fixedFolders: boolean }

/** What can be searched for: an asset, a folder. A field that it has not has no values. */
export interface Searchable {
  valuesOf (field: string): readonly FieldValue[]
  /** Every text that a bare word is looked for in. */
  texts (): readonly string[]
}

/** Whether an asset is among what the query asks for. */
export function matches (query: Query, record: AssetRecord, { nowMs, fixedFolders }: MatchOptions): boolean {
  return fits(query, { valuesOf: (field) => valuesOf(record, field, fixedFolders), texts: () => textsOf(record) }, nowMs)
}

/** The same for anything. */
export function fits (query: Query, subject: Searchable, nowMs: number): boolean {
  switch (query.kind) {
    case 'all': return true
    case 'and': return query.parts.every((part) => fits(part, subject, nowMs))
    case 'or': return query.parts.some((part) => fits(part, subject, nowMs))
    case 'not': return !fits(query.part, subject, nowMs)
    case 'exists': return subject.valuesOf(query.field).length > 0
    case 'range': return inRange(query, subject, nowMs)
    case 'term': {
      const { field, comparison, value, prefix } = query
      if (field === undefined) return subject.texts().some((text) => hasToken(text, value, prefix))
      return subject.valuesOf(field).some((one) => TIME_FIELDS.has(field)
        ? matchesTime(Number(one), comparison, value, nowMs)
        : matchesValue(one, comparison, value, prefix))
    }
  }
}

function matchesValue (own: FieldValue, comparison: Comparison, value: string, prefix: boolean): boolean {
  if (typeof own === 'number') return compared(own - toNumber(value), comparison)
  if (comparison !== ':' && comparison !== '=') return compared(compareTexts(own, value), comparison)
  if (comparison === '=') return prefix ? own.startsWith(value) : own === value
  return hasToken(own, value, prefix)
}

/** `:` looks for whole words of a text, or for all of it, and does not mind the case. */
function hasToken (text: string, value: string, prefix: boolean): boolean {
  const [own, wanted] = [text.toLowerCase(), value.toLowerCase()]
  const fits = (one: string): boolean => prefix ? one.startsWith(wanted) : one === wanted
  return fits(own) || own.split(/[^\p{L}\p{N}]+/u).some(fits) || (!prefix && wanted.includes(' ') && own.includes(wanted))
}

function matchesTime (ownMs: number, comparison: Comparison, value: string, nowMs: number): boolean {
  const wanted = toTime(value, nowMs)
  if (!wanted) return false
  // A day or a relative time is a span: equal to it means inside it.
  if (comparison === ':' || comparison === '=') return ownMs >= wanted.startMs && ownMs <= wanted.endMs
  return compared(ownMs - (comparison === '>' || comparison === '<=' ? wanted.pointMs : wanted.startMs), comparison)
}

const UNITS_MS: Readonly<Record<string, number>> = { h: 3_600_000, d: 86_400_000, w: 7 * 86_400_000, m: 30 * 86_400_000, y: 365 * 86_400_000 }

function toTime (value: string, nowMs: number): { startMs: number, endMs: number, pointMs: number } | undefined {
  const [, count, unit = ''] = /^(\d+)([hdwmy])$/.exec(value) ?? []
  if (count !== undefined) {
    const startMs = nowMs - Number(count) * (UNITS_MS[unit] ?? 0)
    return { startMs, endMs: nowMs, pointMs: startMs }
  }
  const startMs = Date.parse(value)
  if (Number.isNaN(startMs)) return undefined
  const endMs = /^\d{4}-\d{2}-\d{2}$/.test(value) ? startMs + 86_399_999 : startMs + 999
  return { startMs, endMs, pointMs: endMs }
}

function inRange (query: Query & { kind: 'range' }, subject: Searchable, nowMs: number): boolean {
  const { field, from, to, fromIncluded, toIncluded } = query
  const isTime = TIME_FIELDS.has(field)
  const bound = (text: string, edge: 'startMs' | 'endMs') => isTime ? toTime(text, nowMs)?.[edge] ?? NaN : toNumber(text)
  return subject.valuesOf(field).some((own) => {
    const low = typeof own === 'number' ? own - bound(from, 'startMs') : compareTexts(own, from)
    const high = typeof own === 'number' ? own - bound(to, 'endMs') : compareTexts(own, to)
    return (from === '*' || compared(low, fromIncluded ? '>=' : '>')) && (to === '*' || compared(high, toIncluded ? '<=' : '<'))
  })
}

function compared (difference: number, comparison: Comparison): boolean {
  switch (comparison) {
    case '>': return difference > 0
    case '<': return difference < 0
    case '>=': return difference >= 0
    case '<=': return difference <= 0
    default: return difference === 0
  }
}

const SIZES: Readonly<Record<string, number>> = { '': 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 }

/** `1000`, `1.5`, `2mb`, `16:9`; anything else is not a number and equal to nothing. */
function toNumber (text: string): number {
  const [, width, height] = /^(\d+(?:\.\d+)?):(\d+(?:\.\d+)?)$/.exec(text) ?? []
  if (width !== undefined && height !== undefined) return Number(width) / Number(height)
  const [, number, unit = ''] = /^(-?\d+(?:\.\d+)?)(kb|mb|gb)?$/i.exec(text) ?? []
  return number === undefined ? NaN : Number(number) * (SIZES[unit.toLowerCase()] ?? NaN)
}
