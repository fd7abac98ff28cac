import { SandboxError } from '../errors.ts'
import { drain } from '../faults/exchange.ts'

/** One part of a multipart body. Its `body` must be read to the end before the next part comes. */
export interface Part {
  name: string
  filename?: string
  body: AsyncIterable<Buffer>
}

const CRLF = Buffer.from('\r\n')
const HEADER_END = Buffer.from('\r\n\r\n')
const MAX_HEADER_BYTES = 16 * 1024

/**
 * A strict reader of multipart/form-data. It is not the parser that the gateway uses, on purpose, and it takes no body
 * for whole that lacks its closing boundary.
 * @throws {SandboxError} 400 when the body is malformed or ends early.
 */
export async function * multipartParts (source: AsyncIterable<Uint8Array>, contentType: string): AsyncGenerator<Part> {
  const boundary = /boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(contentType)
  const name = boundary?.[1] ?? boundary?.[2]
  if (!name) throw new SandboxError(400, 'Malformed multipart body: no boundary')
  const window = new Window(source)
  // The first boundary has no line break before it.
  window.prepend(CRLF)
  const delimiter = Buffer.from(`\r\n--${name}`)
  for await (const chunk of window.until(delimiter)) if (chunk.length > 2) throw malformed('text before the first boundary')
  for (;;) {
    const mark = await window.take(2)
    if (mark.equals(Buffer.from('--'))) break
    if (!mark.equals(CRLF)) throw malformed('text after a boundary')
    // A part may have no header at all; then the blank line follows at once.
    window.prepend(CRLF)
    const part = { ...partHeader(await window.block(HEADER_END, MAX_HEADER_BYTES)), body: window.until(delimiter) }
    yield part
    await drain(part.body)
  }
  await window.drain()
}

function malformed (what: string): SandboxError {
  return new SandboxError(400, `Malformed multipart body: ${what}`)
}

function partHeader (block: Buffer): { name: string, filename?: string } {
  const disposition = /^content-disposition:\s*form-data(.*)$/im.exec(block.toString('utf8'))?.[1]
  const name = disposition && /;\s*name="([^"]*)"/i.exec(disposition)?.[1]
  if (!name) throw malformed('a part without a name')
  const filename = /;\s*filename="((?:\\.|[^"\\])*)"/i.exec(disposition)?.[1]
  return { name: unescape(name), ...filename !== undefined && { filename: unescape(filename) } }
}

/** Browsers write `%22` for a quote, other clients `\"`. */
function unescape (text: string): string {
  return text.replace(/\\(.)/g, '$1').replace(/%22/g, '"').replace(/%0D/gi, '\r').replace(/%0A/gi, '\n')
}

/** A view on the bytes to come, from which delimiters can be cut. */
class Window {
  #held: Buffer = Buffer.alloc(0)
  readonly #source: AsyncIterator<Uint8Array>
  constructor (source: AsyncIterable<Uint8Array>) { this.#source = source[Symbol.asyncIterator]() }

  prepend (bytes: Buffer): void { this.#held = Buffer.concat([bytes, this.#held]) }

  /** Yields bytes up to the delimiter and eats the delimiter. */
  async * until (delimiter: Buffer): AsyncGenerator<Buffer> {
    for (;;) {
      const at = this.#held.indexOf(delimiter)
      if (at >= 0) {
        const last = this.#held.subarray(0, at)
        this.#held = this.#held.subarray(at + delimiter.length)
        if (last.length > 0) yield last
        return
      }
      // The end of what is held may be the beginning of the delimiter.
      const sure = this.#held.length - delimiter.length + 1
      if (sure > 0) {
        const chunk = this.#held.subarray(0, sure)
        this.#held = this.#held.subarray(sure)
        yield chunk
      }
      await this.#more()
    }
  }

  async take (bytes: number): Promise<Buffer> {
    while (this.#held.length < bytes) await this.#more()
    const taken = this.#held.subarray(0, bytes)
    this.#held = this.#held.subarray(bytes)
    return taken
  }

  async block (end: Buffer, maxBytes: number): Promise<Buffer> {
    for (;;) {
      const at = this.#held.indexOf(end)
      if (at >= 0) return this.take(at + end.length)
      if (this.#held.length > maxBytes) throw malformed('too long a part header')
      await this.#more()
    }
  }

  /** Reads what follows the last boundary, so that the connection can be used again. */
  async drain (): Promise<void> {
    while (!(await this.#source.next()).done);
  }

  async #more (): Promise<void> {
    const { done, value } = await this.#source.next()
    if (done) throw malformed('it ends before its closing boundary')
    this.#held = this.#held.length === 0 ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : Buffer.concat([this.#held, value])
  }
}
