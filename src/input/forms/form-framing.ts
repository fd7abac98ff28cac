import { isAscii, isUtf8 } from 'node:buffer'
import { GatewayError, invalidRequest, pointerTo } from '../../errors.ts'
import { foreignCharset } from '../body-type.ts'
import { decoded } from '../decoded.ts'
import { NOT_UTF8 } from '../strict-json.ts'

const CRLF = Buffer.from('\r\n')
const CR = CRLF[0] as number // it has two bytes
const HEAD_END = Buffer.from('\r\n\r\n')
const CLOSING = Buffer.from('--')
const BLANKS = /^[ \t\r\n]*$/
const MAX_HEAD_BYTES = 16 * 1024
/** Bytes that a form may hold beside its file: fields, headers of parts, boundaries. */
export const MAX_BESIDE_BYTES = 1024 * 1024
/** Every list of an upload may be given as repeated fields, each with as many as the list takes. */
export const MAX_PARTS = 4096
/** Headers of a part. The parser passes over further ones. */
export const MAX_HEADERS = 32

const HEADER = /^([\w!#$%&'*+.^`|~-]+):(.*)$/
const PARAMETER = /\s*;\s*([\w!#$&.^`|~-]+\*?)\s*=\s*(?:"((?:\\.|[^"\\])*)"|([^;\s"]*))/gy
/** Headers of a part that say what it is. */
const ONCE: ReadonlySet<string> = new Set(['content-disposition', 'content-type', 'content-transfer-encoding'])
/** These leave the bytes as they are. */
const PLAIN_ENCODING = /^(?:7bit|8bit|binary)?$/i

function broken (what: string): GatewayError {
  return new GatewayError('invalid_multipart', `The multipart body has ${what}.`)
}

const fault = (name: string, message: string): GatewayError => invalidRequest([{ pointer: pointerTo(name), message }])

const BAD_FILE_NAME = `has a file name that ${NOT_UTF8}`

function tooMuchBeside (): GatewayError {
  return new GatewayError('payload_too_large', `The form has more than ${MAX_BESIDE_BYTES} bytes beside its file.`)
}

const cutHead = (): GatewayError => broken('a part whose headers have no end')

/** Reads the headers of a part by name. Each character of `block` is a byte. */
function headersOf (block: string): ReadonlyMap<string, string> {
  const [padding = '', ...lines] = block.replace(/\r\n[ \t]+/g, ' ').split('\r\n')
  // RFC 2046 allows blanks here, but the parser drops the part.
  if (padding !== '') throw broken('text behind a boundary')
  if (lines.length > MAX_HEADERS) throw broken(`a part with more than ${MAX_HEADERS} headers`)
  const headers = new Map<string, string>()
  for (const line of lines) {
    const [, name = '', value = ''] = HEADER.exec(line) ?? []
    const known = name.toLowerCase()
    if (name === '') throw broken('a part with a header that cannot be read')
    if (ONCE.has(known) && headers.has(known)) throw broken(`a part with ${name} given twice`)
    headers.set(known, value.trim())
  }
  return headers
}

/** What the head of a part says, with each character a byte. */
interface Disposition {
  readonly name: string
  readonly filename: string | undefined
  /** The file name in the form of RFC 8187. */
  readonly extended: string | undefined
}

function dispositionOf (text = ''): Disposition {
  const start = /^form-data(?=\s*;)/i.exec(text)?.[0].length
  if (start === undefined) throw broken('a part without a name')
  const parameters = new Map<string, string>()
  let end = start
  const rest = text.slice(start)
  for (const [match, name = '', quoted, bare = ''] of rest.matchAll(PARAMETER)) {
    const known = name.toLowerCase()
    if (parameters.has(known)) throw broken(`a part with "${name}" given twice in its Content-Disposition`)
    parameters.set(known, quoted?.replace(/\\(["\\])/g, '$1') ?? bare)
    end += match.length
  }
  if (!['', ';'].includes(text.slice(end).trim())) {
    throw broken('a part with a Content-Disposition that cannot be read')
  }
  const name = parameters.get('name')
  if (name === undefined) throw broken('a part without a name')
  return { name, filename: parameters.get('filename'), extended: parameters.get('filename*') }
}

const bytesOf = (text: string): Buffer => Buffer.from(text, 'latin1')

/** A file name in the form of RFC 8187, which other frameworks send for names outside ASCII. */
function checkExtended (name: string, extended: string): void {
  const [, charset = '', encoded = ''] = /^([^']*)'[^']*'(.*)$/.exec(extended) ?? []
  if (!/^utf-?8$/i.test(charset)) throw fault(name, 'has a file name in another charset than UTF-8')
  const filename = decoded(encoded)
  if (filename === undefined) throw fault(name, BAD_FILE_NAME)
  if (/[\r\n]/.test(filename)) throw fault(name, 'has a file name with a line break')
}

/** Judges the head of a part. Returns its name and whether it is text. */
function readHead (block: Buffer): { name: string, isText: boolean } {
  const headers = headersOf(block.toString('latin1'))
  const { name: raw, filename, extended } = dispositionOf(headers.get('content-disposition'))
  const name = bytesOf(raw).toString()
  if (!isUtf8(bytesOf(raw))) throw fault(name, `has a name that ${NOT_UTF8}`)
  if (filename !== undefined && !isUtf8(bytesOf(filename))) throw fault(name, BAD_FILE_NAME)
  if (extended !== undefined) checkExtended(name, extended)
  const encoding = headers.get('content-transfer-encoding') ?? ''
  if (!PLAIN_ENCODING.test(encoding)) {
    const given = JSON.stringify(encoding.slice(0, 60))
    throw fault(name, `has the Content-Transfer-Encoding ${given}, which is not decoded; send its bytes as they are`)
  }
  const isText = filename === undefined && extended === undefined
  const charset = isText ? foreignCharset(headers.get('content-type')) : undefined
  if (charset !== undefined) {
    throw fault(name, `is text in the charset ${JSON.stringify(charset.slice(0, 60))}; send it in UTF-8`)
  }
  return { name, isText }
}

/** Tells text from other bytes while it arrives in pieces. */
class Utf8Check {
  readonly #decoder = new TextDecoder('utf-8', { fatal: true })
  #begun = false

  /** False once the bytes are no UTF-8. `last`: nothing follows. */
  fits (bytes: Buffer, last: boolean): boolean {
    if (!this.#begun && isAscii(bytes)) return true
    this.#begun = true
    try {
      this.#decoder.decode(bytes, { stream: !last })
      return true
    } catch {
      return false
    }
  }
}

type State = 'preamble' | 'boundary' | 'head' | 'body' | 'epilogue'

/**
 * Reads a multipart body beside its parser, and finds what the parser would skip or change in silence: parts
 * without a name, headers that cannot be read, encoded parts, text that is not UTF-8, bytes outside all parts. It
 * does not judge the content of files.
 */
export class FormFraming {
  readonly #delimiter: Buffer
  #state: State = 'preamble'
  /** Read when more has come. The first boundary has no line break before it. */
  #rest: Buffer = CRLF
  /** The text part that is being read. */
  #text: { readonly name: string, readonly check: Utf8Check } | undefined
  /** The part that is being read is the file, or takes the place of one. */
  #isFile = false
  /** Bytes that do not belong to the file. */
  #beside = 0
  /** Nothing of the part has been read but its head. */
  #isFresh = false
  #failure: GatewayError | undefined

  constructor (boundary: string) { this.#delimiter = Buffer.from(`\r\n--${boundary}`, 'latin1') }

  /** What is wrong with the bytes so far. */
  get failure (): GatewayError | undefined { return this.#failure }

  add (chunk: Buffer): void {
    if (this.#failure) return
    let bytes: Buffer | undefined = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk
    this.#rest = Buffer.alloc(0)
    this.#beside += chunk.length
    try {
      while (bytes && bytes.length > 0) bytes = this.#read(bytes)
      if (this.#beside > MAX_BESIDE_BYTES) throw tooMuchBeside()
    } catch (error) {
      this.#failure = error as GatewayError // nothing else is thrown here
    }
  }

  /** Says that the body has ended. The parser tells of a body that ends within the content of a part. */
  end (): void {
    if (this.#state === 'head') this.#failure ??= cutHead()
  }

  /** Returns what is left for the next state, or undefined when more must come first. */
  #read (bytes: Buffer): Buffer | undefined {
    if (this.#state === 'boundary') return this.#readBoundary(bytes)
    if (this.#state === 'head') return this.#readHead(bytes)
    if (this.#state !== 'epilogue') return this.#readContent(bytes)
    if (!BLANKS.test(bytes.toString('latin1'))) throw broken('bytes behind its closing boundary')
    return undefined
  }

  #readBoundary (bytes: Buffer): Buffer | undefined {
    if (bytes.length < CLOSING.length) return this.#keep(bytes)
    const isLast = bytes.subarray(0, CLOSING.length).equals(CLOSING)
    this.#state = isLast ? 'epilogue' : 'head'
    return isLast ? bytes.subarray(CLOSING.length) : bytes
  }

  #readHead (bytes: Buffer): Buffer | undefined {
    const end = bytes.indexOf(HEAD_END)
    const head = end < 0 ? bytes : bytes.subarray(0, end)
    if (head.length > MAX_HEAD_BYTES) throw broken(`a part whose headers have more than ${MAX_HEAD_BYTES} bytes`)
    // The parser looks for boundaries first, and drops the part.
    if (head.includes(this.#delimiter)) throw cutHead()
    if (end < 0) return this.#keep(bytes)
    const { name, isText } = readHead(head)
    this.#text = isText ? { name, check: new Utf8Check() } : undefined
    this.#isFile = !isText || name === 'file'
    this.#state = 'body'
    this.#isFresh = true
    // A boundary that begins with the line break which ends the head must be found too.
    return bytes.subarray(end + CRLF.length)
  }

  /** Reads the content of a part, or what stands before the first. */
  #readContent (bytes: Buffer): Buffer | undefined {
    const found = bytes.indexOf(this.#delimiter)
    if (found === 0 && this.#isFresh) throw cutHead()
    const end = found < 0 ? this.#beginningOfDelimiter(bytes) : found
    const content = bytes.subarray(0, end)
    if (end > 0) this.#isFresh = false
    if (this.#isFile && this.#state === 'body') this.#beside -= end
    if (this.#state === 'preamble' && !BLANKS.test(content.toString('latin1'))) {
      throw broken('text before its first boundary')
    }
    if (this.#text?.check.fits(content, found >= 0) === false) throw fault(this.#text.name, NOT_UTF8)
    if (found < 0) return this.#keep(bytes.subarray(end))
    this.#text = undefined
    this.#state = 'boundary'
    return bytes.subarray(end + this.#delimiter.length)
  }

  /** Where a delimiter begins of which the rest may still come; the length of `bytes` when there is none. */
  #beginningOfDelimiter (bytes: Buffer): number {
    const begins = (start: number): boolean =>
      this.#delimiter.subarray(0, bytes.length - start).equals(bytes.subarray(start))
    let at = bytes.indexOf(CR, Math.max(0, bytes.length - this.#delimiter.length + 1))
    while (at >= 0 && !begins(at)) at = bytes.indexOf(CR, at + 1)
    return at < 0 ? bytes.length : at
  }

  /** Keeps a copy: the chunk may be a view on a large buffer. */
  #keep (bytes: Buffer): undefined {
    this.#rest = Buffer.from(bytes)
    return undefined
  }
}
