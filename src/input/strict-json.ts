import { isUtf8 } from 'node:buffer'
import { pointerTo, type Fault } from '../errors.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COLON = 0x3a
const DOT = 0x2e
const ZERO = 0x30
const NINE = 0x39
const SMALL_E = 0x65
const CAPITAL_E = 0x45
/** So many digits survive in a double, whatever they are. */
const SAFE_DIGITS = 15
/** Deeper than anything that a route takes. */
const DEEPEST = 100
/** A pointer that would be longer stops at the member above. */
const LONGEST_POINTER = 500

const TWICE = 'is given twice'
/** Message about text that holds an unpaired surrogate. */
export const HALF_CHARACTER = 'holds half of a Unicode character'
/** Message about text that was not sent in UTF-8. */
export const NOT_UTF8 = 'is not UTF-8'
/** Message about a number that would become another one. */
export const INEXACT =
  'is a number that cannot be kept exactly; use fewer digits, or text where the field takes text'

/** True for a quote that an odd number of backslashes stands before. */
function isEscaped (text: string, quote: number): boolean {
  let before = quote - 1
  while (text.charCodeAt(before) === BACKSLASH) before--
  return (quote - before) % 2 === 0
}

/** Index of the quote that ends the string which begins at `start`, in valid JSON. */
function endOfString (text: string, start: number): number {
  let end = text.indexOf('"', start + 1)
  while (isEscaped(text, end)) end = text.indexOf('"', end + 1)
  return end
}

/** Members of all objects in valid JSON; undefined when a number in it has to be looked at. */
function membersInText (text: string): number | undefined {
  let members = 0
  let digits = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) at = endOfString(text, at)
    else if (code === COLON) members++
    if (code >= ZERO && code <= NINE) digits++
    else if (digits > 0 && (code === SMALL_E || code === CAPITAL_E)) return undefined
    else if (code !== DOT) digits = 0
    if (digits > SAFE_DIGITS) return undefined
  }
  return members
}

/** Members of all objects in a value that `JSON.parse` made. Not recursive: callers choose the depth. */
function membersOf (value: unknown): number {
  let members = 0
  const open = [value]
  for (let at = 0; at < open.length; at++) {
    const each = open[at]
    if (typeof each !== 'object' || each === null) continue
    if (Array.isArray(each)) {
      for (const item of each) if (typeof item === 'object') open.push(item)
      continue
    }
    // Nothing is inherited here, and Object.values takes several times as long.
    for (const name in each) {
      members++
      const member = (each as Readonly<Record<string, unknown>>)[name] // its own
      if (typeof member === 'object') open.push(member)
    }
  }
  return members
}

const NUMBER = /^[+-]?(\d*)\.?(\d*)(?:e([+-]?\d+))?$/i

/** Digits without zeros at either end, and the place of the first: one text for `1.50e3`, `1500` and `15e2`. */
function canonical (number: string): string {
  const parts = NUMBER.exec(number) as RegExpExecArray // it is the text of a number
  const [, whole = '', fraction = '', exponent = '0'] = parts
  const digits = `${whole}${fraction}`.replace(/^0+/, '')
  const place = BigInt(exponent) - BigInt(fraction.length) + BigInt(digits.length)
  return digits === '' ? '0' : `${digits.replace(/0+$/, '')}e${place}`
}

/** True when the number that JavaScript makes of this decimal text is written the same. */
export function isExact (number: string): boolean {
  if (number.length <= SAFE_DIGITS && !/e/i.test(number)) return true
  // A longer one is no number that anybody means, and takes time that grows with the square of its length.
  if (number.length > 400 || !Number.isFinite(Number(number))) return false
  return canonical(number) === canonical(String(Number(number)))
}

/** How the strings of a text are judged. */
interface Strings {
  read (token: string): string
  fault (token: string): string | undefined
}

const TEXT: Strings = {
  read: (token) => JSON.parse(token) as string, // a token of valid JSON, in quotes
  fault: (token) => (JSON.parse(token) as string).isWellFormed() ? undefined : HALF_CHARACTER // as above
}

/** Each character is a byte. */
const BYTES: Strings = {
  read: (token) => JSON.parse(Buffer.from(token, 'latin1').toString()) as string, // as above
  fault: (token) => isUtf8(Buffer.from(token, 'latin1')) ? undefined : NOT_UTF8
}

/** An object or a list that is being read. */
interface Level {
  readonly pointer: string
  /** Names so far; undefined in a list. */
  readonly names: Set<string> | undefined
  /** Where the next value stands; undefined while a name is awaited. */
  here: string | undefined
  index: number
}

function below (pointer: string, step: string): string {
  return pointer.length + step.length > LONGEST_POINTER ? pointer : pointer + step
}

/** Reads valid JSON token by token, and finds what is wrong with its names, strings and numbers. */
class Search {
  readonly faults: Fault[] = []
  readonly #strings: Strings
  readonly #levels: Level[] = []

  constructor (strings: Strings) { this.#strings = strings }

  get #pointer (): string { return this.#levels.at(-1)?.here ?? '' }

  run (text: string): Fault[] {
    const tokens = /["{}[\],]|[-\d][\d.eE+-]*/g
    for (let match = tokens.exec(text); match; match = tokens.exec(text)) {
      const [token] = match
      if (token === '"') {
        tokens.lastIndex = endOfString(text, match.index) + 1
        this.#string(text.slice(match.index, tokens.lastIndex))
      } else if (!this.#mark(token)) break
    }
    return this.faults
  }

  #string (token: string): void {
    const level = this.#levels.at(-1)
    const message = this.#strings.fault(token)
    if (level?.here !== undefined || !level?.names) {
      if (message !== undefined) this.faults.push({ pointer: this.#pointer, message })
      return
    }
    const name = this.#strings.read(token)
    level.here = below(level.pointer, pointerTo(name))
    if (message !== undefined) this.faults.push({ pointer: level.here, message: `has a name that ${message}` })
    if (level.names.has(name)) this.faults.push({ pointer: level.here, message: TWICE })
    level.names.add(name)
  }

  /** Reads any other token. Returns false when the rest need not be read. */
  #mark (token: string): boolean {
    const level = this.#levels.at(-1)
    if (token === '{' || token === '[') {
      if (this.#levels.length === DEEPEST) {
        this.faults.push({ pointer: this.#pointer, message: `is nested more than ${DEEPEST} levels deep` })
        return false
      }
      const pointer = this.#pointer
      this.#levels.push(token === '{'
        ? { pointer, names: new Set(), here: undefined, index: 0 }
        : { pointer, names: undefined, here: below(pointer, '/0'), index: 0 })
    } else if (token === '}' || token === ']') {
      this.#levels.pop()
    } else if (token !== ',') {
      if (!isExact(token)) this.faults.push({ pointer: this.#pointer, message: INEXACT })
    } else if (level) {
      level.here = level.names ? undefined : below(level.pointer, `/${++level.index}`)
    }
    return true
  }
}

/** A half of a character that is written as an escape; a false alarm after an escaped backslash. */
const SURROGATE_ESCAPE = /\\u[dD][89a-fA-F]/

/**
 * Finds what `JSON.parse` accepts in silence though the value is not what was sent: names that an object has
 * twice, of which the last would count, numbers that become others, halves of characters. `value` is what it made
 * of `text`.
 */
export function jsonFaults (text: string, value: unknown): Fault[] {
  const mayHoldHalves = text.includes('\\u') && SURROGATE_ESCAPE.test(text)
  if (!mayHoldHalves && membersInText(text) === membersOf(value)) return []
  return new Search(TEXT).run(text)
}

/** Finds the names and strings of a JSON text that are not UTF-8; of what is no JSON, that it is not. */
export function utf8Faults (body: Buffer): Fault[] {
  if (isUtf8(body)) return []
  const text = body.toString('latin1')
  try {
    JSON.parse(text)
  } catch {
    return [{ pointer: '', message: NOT_UTF8 }]
  }
  return new Search(BYTES).run(text).filter(({ message }) => message.endsWith(NOT_UTF8))
}
