import { Readable } from 'node:stream'
import { uploadTextTooLarge, type TextKind } from '../body-type.ts'
import { tidyHead } from '../data-uri.ts'
import type { StreamedFile } from './upload-form.ts'

/** A JSON or urlencoded body, and the data URI that stood in its field `file`. */
export interface CutBody {
  /** The body with a stand-in for what was cut out of it; the whole body when nothing was. */
  readonly rest: Buffer
  /** The data URI without any escapes, in the memory of the body. */
  readonly file: Buffer | undefined
}

/** Shorter data URIs are read like any other field. */
const LONG_BYTES = 64 * 1024
const SLICE_BYTES = 256 * 1024
const STAND_IN = Buffer.from('data:')
const FIELD = 'file'

const codeOf = (character: string): number => character.charCodeAt(0)
const QUOTE = codeOf('"')
const BACKSLASH = codeOf('\\')
const COLON = codeOf(':')
const COMMA = codeOf(',')
const AMPERSAND = codeOf('&')
const PERCENT = codeOf('%')
const PLUS = codeOf('+')
const BLANK = codeOf(' ')
const OPENING: ReadonlySet<number> = new Set(Buffer.from('[{'))
const CLOSING: ReadonlySet<number> = new Set(Buffer.from(']}'))

/** Where a value begins and ends in its body. */
type Span = readonly [start: number, end: number]
/** Limits in bytes, as the text that was sent. */
export interface CutLimits { readonly rest: number, readonly file: number }

/** Finds the value of the field; undefined when more stands before it than the rest may hold. */
type Find = (body: Buffer, limits: CutLimits) => Span | undefined

/** True for a data URI to cut out: a long one, or one over its limit, which must not pass as a field. */
function isLongDataUri (body: Buffer, [start, end]: Span, { file }: CutLimits): boolean {
  return end - start > Math.min(LONG_BYTES, file) && /^(?:\s|\+|%20)*data(?::|%3a)/i.test(body.toString('latin1', start, start + 64))
}

/**
 * Returns the index of the quote that ends the JSON string which begins at `start`; -1 when there is none. A string
 * longer than `most` that contains quotes is also -1: it cannot be a data URI.
 */
function endOfString (body: Buffer, start: number, most: number): number {
  let end = body.indexOf(QUOTE, start + 1)
  for (; end >= 0; end = body.indexOf(QUOTE, end + 1)) {
    let before = end - 1
    while (body[before] === BACKSLASH) before--
    if ((end - before) % 2 === 1) break
    if (end - start > most) return -1
  }
  return end
}

/** Looks among the members of the outermost object. What is not JSON is left for the parser of the rest. */
const findInJson: Find = (body, limits) => {
  let depth = 0
  let isField = false
  let isValue = false
  for (let at = 0; at < limits.rest && at < body.length; at++) {
    const byte = body[at] as number // within the body
    if (byte === QUOTE) {
      const end = endOfString(body, at, limits.rest)
      if (end < 0) return undefined
      const span = [at + 1, end] as const
      if (depth === 1 && isValue && isField && isLongDataUri(body, span, limits)) return span
      if (depth === 1 && !isValue) isField = end - at === FIELD.length + 1 && body.toString('latin1', ...span) === FIELD
      at = end
    } else if (OPENING.has(byte)) depth++
    else if (CLOSING.has(byte)) depth--
    else if (depth === 1 && byte === COLON) isValue = true
    else if (depth === 1 && byte === COMMA) isValue = false
  }
  return undefined
}

const findInForm: Find = (body, limits) => {
  const beginning = Buffer.from(`${FIELD}=`)
  for (let start = 0; start < limits.rest && start < body.length;) {
    const found = body.indexOf(AMPERSAND, start)
    const end = found < 0 ? body.length : found
    const span = [start + beginning.length, end] as const
    const isField = body[start] === beginning[0] && body.subarray(start, span[0]).equals(beginning)
    if (isField && isLongDataUri(body, span, limits)) return span
    start = end + 1
  }
  return undefined
}

const HEX = new Int8Array(256).fill(-1)
for (let digit = 0; digit < 16; digit++) {
  const small = digit.toString(16)
  for (const character of [small, small.toUpperCase()]) HEX[codeOf(character)] = digit
}

/** Value of the hex digits at `start`; -1 when one of them is not a hex digit. */
function hexAt (text: Buffer, start: number, digits: number): number {
  let value = 0
  for (let at = start; at < start + digits; at++) {
    const digit = HEX[text[at] ?? 0] as number // it has one for each byte
    if (digit < 0) return -1
    value = value * 16 + digit
  }
  return value
}

/** Undoes the escapes of a form in place, for the text only becomes shorter; undefined when one is broken. */
function readForm (text: Buffer): Buffer | undefined {
  let to = 0
  for (let from = 0; from < text.length; from++) {
    let byte = text[from] as number // within the text
    if (byte === PERCENT) {
      byte = hexAt(text, from + 1, 2)
      if (byte < 0) return undefined
      from += 2
    } else if (byte === PLUS) byte = BLANK
    text[to++] = byte
  }
  return text.subarray(0, to)
}

const SIMPLE_ESCAPES: ReadonlyMap<number, number> = new Map([['"', '"'], ['\\', '\\'], ['/', '/'], ['b', '\b'], ['f', '\f'], ['n', '\n'], ['r', '\r'], ['t', '\t']]
  .map(([letter = '', character = '']) => [codeOf(letter), codeOf(character)]))
const UNICODE_ESCAPE = codeOf('u')
/** A character outside ASCII, of which base64 has none. */
const FOREIGN_BYTE = 0xff

/** The same for a JSON string, which must not hold a raw line break, although base64 may. */
function readJsonString (text: Buffer): Buffer | undefined {
  if (text.includes('\n') || text.includes('\r')) return undefined
  if (!text.includes(BACKSLASH)) return text
  let to = 0
  for (let from = 0; from < text.length; from++) {
    let byte = text[from] as number // within the text
    if (byte === BACKSLASH) {
      const letter = text[++from] as number // the last character of a string is not escaped by itself
      const code = letter === UNICODE_ESCAPE ? hexAt(text, from + 1, 4) : SIMPLE_ESCAPES.get(letter) ?? -1
      if (code < 0) return undefined
      if (letter === UNICODE_ESCAPE) from += 4
      byte = code < 0x80 ? code : FOREIGN_BYTE
    }
    text[to++] = byte
  }
  return text.subarray(0, to)
}

/** Blanks at the end stay: one may be a lost plus sign. */
function withoutLeadingBlanks (text: Buffer): Buffer {
  let start = 0
  while (start < text.length && (text[start] as number) <= BLANK) start++ // within the text
  return text.subarray(start)
}

/** How the data URI is found in a kind of body, and read. */
interface BodyReader {
  readonly find: Find
  readonly read: (text: Buffer) => Buffer | undefined
  /** Stands in for a value that cannot be read: the parser of the rest refuses it too. */
  readonly broken: Buffer
}

const READERS: Readonly<Record<TextKind, BodyReader>> = {
  json: { find: findInJson, read: readJsonString, broken: Buffer.from('\n') },
  form: { find: findInForm, read: readForm, broken: Buffer.from('%') }
}

/**
 * Cuts a long data URI out of a body, so that it is never copied: a parser would hold its megabytes
 * several times. The memory of the body is changed.
 * @throws {GatewayError} `payload_too_large`, or `invalid_request` when the data URI is not in base64.
 */
export function cutInlineFile (body: Buffer, kind: TextKind, limits: CutLimits): CutBody {
  const { find, read, broken } = READERS[kind]
  const [start, end] = find(body, limits) ?? [0, 0]
  const length = body.length - (end - start)
  if (length > limits.rest) throw uploadTextTooLarge(kind, { bytes: length, limit: limits.rest })
  if (end === 0) return { rest: body, file: undefined }
  const file = read(body.subarray(start, end))
  const rest = Buffer.concat([body.subarray(0, start), file ? STAND_IN : broken, body.subarray(end)])
  if (file === undefined) return { rest, file }
  const uri = withoutLeadingBlanks(file)
  if (uri.length > limits.file) throw uploadTextTooLarge(kind, { bytes: uri.length, limit: limits.file, what: 'The data URI' })
  tidyHead(uri)
  return { rest, file: uri }
}

function * slices (bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += SLICE_BYTES) yield bytes.subarray(at, at + SLICE_BYTES)
}

/** A data URI that is held, as a file to be sent. */
export function heldFile (uri: Buffer): StreamedFile {
  const stream = Readable.from(slices(uri))
  return { stream, length: uri.length, filename: undefined, stop: () => { stream.destroy() } }
}
