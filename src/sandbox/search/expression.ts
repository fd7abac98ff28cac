import { Scanner } from './scanner.ts'

export type Comparison = ':' | '=' | '>' | '<' | '>=' | '<='

/** A parsed search expression. */
export type Query =
  | { kind: 'all' }
  | { kind: 'and' | 'or', parts: Query[] }
  | { kind: 'not', part: Query }
  /** No field: any text of the asset. */
  | { kind: 'term', field?: string, comparison: Comparison, value: string, prefix: boolean }
  | { kind: 'range', field: string, from: string, to: string, fromIncluded: boolean, toIncluded: boolean }
  /** `field:*`-less form `field` with nothing to compare does not exist; this one asks whether a field has a value. */
  | { kind: 'exists', field: string }

const FIELD = /^([A-Za-z_][\w.-]*)\s*(>=|<=|[:=<>])\s*/
const WORD = /^[^\s()[\]{}"':=<>]+(?:[:=][^\s()[\]{}"':=<>]+)*/
const MAX_LENGTH = 5000
const MAX_DEPTH = 20

/**
 * Parses an expression: fields with `:` `=` and comparisons, ranges, `AND` `OR` `NOT`, `-`, parentheses, quotes, trailing `*`.
 * Source: Cloudinary, "Search expressions".
 * @throws {SandboxError} 400 `Query Error (at position 1) '…'`
 */
export function parseExpression (text: string): Query {
  const scanner = new Scanner(text)
  if (text.length > MAX_LENGTH) throw scanner.error()
  if (scanner.atEnd()) return { kind: 'all' }
  const query = anyOf(scanner, undefined, 0)
  if (!scanner.atEnd()) throw scanner.error()
  return query
}

function anyOf (scanner: Scanner, field: string | undefined, depth: number): Query {
  if (depth > MAX_DEPTH) throw scanner.error()
  const parts = [allOf(scanner, field, depth)]
  while (scanner.take(/^OR(?![\w.])/)) parts.push(allOf(scanner, field, depth))
  return oneOrMore('or', parts)
}

function allOf (scanner: Scanner, field: string | undefined, depth: number): Query {
  const parts = [negated(scanner, field, depth)]
  while (scanner.take(/^AND(?![\w.])/) || (!scanner.atEnd() && !scanner.sees(/^(?:\)|OR(?![\w.]))/))) parts.push(negated(scanner, field, depth))
  return oneOrMore('and', parts)
}

function negated (scanner: Scanner, field: string | undefined, depth: number): Query {
  if (!scanner.take(/^(?:NOT(?![\w.])|-(?=[\w("]))/)) return primary(scanner, field, depth)
  if (depth > MAX_DEPTH) throw scanner.error()
  return { kind: 'not', part: negated(scanner, field, depth + 1) }
}

function primary (scanner: Scanner, field: string | undefined, depth: number): Query {
  if (scanner.take(/^\(/)) {
    const inner = anyOf(scanner, field, depth + 1)
    if (!scanner.take(/^\)/)) throw scanner.error()
    return inner
  }
  const named = field === undefined ? scanner.take(FIELD) : undefined
  if (!named) return value(scanner, field, ':')
  const [, name = '', sign = ':'] = named
  const comparison = COMPARISONS.find((one) => one === sign) ?? ':'
  if (comparison === ':' || comparison === '=') {
    if (scanner.sees(/^[[{]/)) return range(scanner, name)
    if (scanner.take(/^\*(?=\s|\)|$)/)) return { kind: 'exists', field: name }
    if (scanner.take(/^\(/)) {
      const inner = anyOf(scanner, name, depth + 1)
      if (!scanner.take(/^\)/)) throw scanner.error()
      return inner
    }
  }
  return value(scanner, name, comparison)
}

const COMPARISONS: readonly Comparison[] = [':', '=', '>', '<', '>=', '<=']

function value (scanner: Scanner, field: string | undefined, comparison: Comparison): Query {
  if (scanner.sees(/^(?:\*|(?:AND|OR|NOT)(?![\w.]))/)) throw scanner.error()
  const quoted = scanner.take(/^"((?:\\.|[^"\\])*)"|^'((?:\\.|[^'\\])*)'/s)
  const word = quoted ? undefined : scanner.take(WORD)?.[0]
  const text = quoted ? (quoted[1] ?? quoted[2] ?? '').replace(/\\(.)/gs, '$1') : word
  if (text === undefined) throw scanner.error()
  const prefix = text.endsWith('*') || Boolean(quoted && scanner.takeHere(/^\*/))
  return { kind: 'term', ...field !== undefined && { field }, comparison, value: prefix ? text.replace(/\*$/, '') : text, prefix }
}

function range (scanner: Scanner, field: string): Query {
  const found = scanner.take(/^([[{])\s*("[^"]*"|[^\s\]}]+)\s+TO\s+("[^"]*"|[^\s\]}]+)\s*([\]}])/)
  if (!found) throw scanner.error()
  const [, open, from = '', to = '', close] = found
  const bare = (text: string): string => text.replace(/^"(.*)"$/s, '$1')
  return { kind: 'range', field, from: bare(from), to: bare(to), fromIncluded: open === '[', toIncluded: close === ']' }
}

function oneOrMore (kind: 'and' | 'or', parts: Query[]): Query {
  const [first] = parts
  return first && parts.length === 1 ? first : { kind, parts }
}
