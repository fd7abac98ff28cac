import { SandboxError } from '../errors.ts'

/** What an expression may name: numbers of the picture and the variables of the chain. */
export interface Scope {
  readonly numbers: Readonly<Record<string, number>>
  readonly variables: ReadonlyMap<string, string>
  readonly tags: readonly string[]
  readonly context: Readonly<Record<string, string>>
  /** Structured metadata of the asset, by external ID. */
  readonly metadata: Readonly<Record<string, unknown>>
}

type Operand = number | string | boolean | readonly string[]

/** By rising strength; operators of one row group to the left. */
const STRENGTH: Readonly<Record<string, number>> = {
  or: 1,
  and: 2,
  eq: 3,
  ne: 3,
  lt: 3,
  gt: 3,
  lte: 3,
  gte: 3,
  in: 3,
  nin: 3,
  add: 4,
  sub: 4,
  mul: 5,
  div: 5,
  mod: 5,
  pow: 6
}

/** Works out `w_lt_200_and_$a_gt_3` or `iw_div_2`. Source: Cloudinary, "conditional_transformations" and "user_defined_variables". */
export function evaluate (text: string, scope: Scope): Operand {
  const tokens = text.match(/(?:(?:ctx|md|ref):)?![^!]*!|[^_]+/g) ?? []
  if (tokens.length > 100) throw failure(text)
  const reader = { at: 0, tokens, scope, text }
  const value = readFrom(reader, 0)
  if (reader.at < tokens.length) throw failure(text)
  return value
}

/** As `evaluate`, for places that want a number. */
export function evaluateNumber (text: string, scope: Scope): number {
  const value = Number(evaluate(text, scope))
  if (!Number.isFinite(value)) throw failure(text)
  return value
}

interface Reader { at: number, readonly tokens: readonly string[], readonly scope: Scope, readonly text: string }

function readFrom (reader: Reader, least: number): Operand {
  let left = converted(reader, operand(reader.tokens[reader.at++], reader.scope, reader.text, 0))
  for (;;) {
    const operator = reader.tokens[reader.at]
    const strength = operator === undefined ? undefined : STRENGTH[operator]
    if (operator === undefined || strength === undefined || strength <= least) return left
    reader.at++
    left = combine(operator, left, readFrom(reader, strength), reader.text)
  }
}

/**
 * `_to_i` and `_to_f` behind a value make a number of the text that begins it. Source: Cloudinary,
 * "user_defined_variables".
 */
function converted (reader: Reader, value: Operand): Operand {
  const [to, kind = ''] = reader.tokens.slice(reader.at, reader.at + 2)
  if (to !== 'to' || !/^[if]$/.test(kind)) return value
  reader.at += 2
  const number = Number.parseFloat(String(value))
  if (Number.isNaN(number)) return 0
  return kind === 'i' ? Math.trunc(number) : number
}

function operand (token: string | undefined, scope: Scope, text: string, depth: number): Operand {
  if (token === undefined || depth > 10) throw failure(text)
  if (/^!.*!$/s.test(token)) return token.slice(1, -1)
  if (/^-?(?:\d+(?:\.\d*)?|\.\d+)$/.test(token)) return Number(token)
  if (token.startsWith('$')) {
    const value = scope.variables.get(token)
    return value === undefined ? 0 : operand(value, scope, text, depth + 1)
  }
  if (Object.hasOwn(scope.numbers, token)) return scope.numbers[token] ?? 0
  if (token === 'tags') return scope.tags
  const [, kind, key = ''] = /^(ctx|md|ref):!(.*)!$/s.exec(token) ?? []
  if (kind === 'ref') return key
  if (kind !== undefined) return valueOf(kind === 'ctx' ? scope.context : scope.metadata, key)
  if (/^\d+(?:\.\d+)?:\d+(?:\.\d+)?$/.test(token)) {
    const [width = 1, height = 1] = token.split(':').map(Number)
    return width / height
  }
  throw failure(text)
}

/** Context or metadata; what is not set is empty. */
function valueOf (values: Readonly<Record<string, unknown>>, key: string): Operand {
  const value = Object.hasOwn(values, key) ? values[key] : ''
  return Array.isArray(value) ? value.map(String) : typeof value === 'number' ? value : String(value ?? '')
}

function combine (operator: string, left: Operand, right: Operand, text: string): Operand {
  const [a, b] = [Number(left), Number(right)]
  switch (operator) {
    case 'or': return Boolean(left) || Boolean(right)
    case 'and': return Boolean(left) && Boolean(right)
    case 'eq': return left === right
    case 'ne': return left !== right
    case 'lt': return a < b
    case 'gt': return a > b
    case 'lte': return a <= b
    case 'gte': return a >= b
    case 'in': return contains(right, left)
    case 'nin': return !contains(right, left)
    case 'add': return a + b
    case 'sub': return a - b
    case 'mul': return a * b
    case 'div': return a / b
    case 'mod': return a % b
    case 'pow': return a ** b
    default: throw failure(text)
  }
}

function contains (list: Operand, wanted: Operand): boolean {
  const members = typeof list === 'object' ? list : String(list).split(':')
  return String(wanted).split(':').every((one) => members.includes(one))
}

function failure (text: string): SandboxError {
  return new SandboxError(400, `Invalid expression in transformation: ${text}`)
}
