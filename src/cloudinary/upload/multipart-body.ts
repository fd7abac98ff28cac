import { randomBytes } from 'node:crypto'

/** The file as a part of a form: bytes with a name, or text (a URL, a data URI) without one. */
export interface FilePart {
  readonly chunks: AsyncIterable<Buffer>
  readonly filename: string | undefined
  /** Bytes, when known. */
  readonly length?: number | undefined
}

export interface Form {
  /** Fields that stand before the file. */
  readonly head: Readonly<Record<string, string>>
  readonly file: FilePart
  /** Fields that stand after it, asked for once the file has ended well. Absent: none. */
  readonly tail?: (() => Promise<Readonly<Record<string, string>>>) | undefined
}

export interface MultipartBody {
  readonly contentType: string
  /** Undefined when the length of the file or the fields after it are not known. */
  readonly length: number | undefined
  readonly chunks: FormBytes
}

/** Names as browsers write them: what would end or split the header is percent-encoded. Source: HTML, "multipart/form-data". */
function quoted (name: string): string {
  return `"${name.replaceAll('\r', '%0D').replaceAll('\n', '%0A').replaceAll('"', '%22')}"`
}

function fieldsText (boundary: string, fields: Readonly<Record<string, string>>): string {
  return Object.entries(fields)
    .map(([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name=${quoted(name)}\r\n\r\n${value}\r\n`)
    .join('')
}

function fileHeader (boundary: string, filename: string | undefined): string {
  const named = filename === undefined ? '' : `; filename=${quoted(filename)}\r\nContent-Type: application/octet-stream`
  return `--${boundary}\r\nContent-Disposition: form-data; name="file"${named}\r\n\r\n`
}

const DONE: IteratorResult<Buffer, undefined> = { done: true, value: undefined }

/**
 * The bytes of a form, made as they are asked for, and how far that has come. Not a generator: generators inside
 * generators add a dozen promises to each chunk of a large file.
 */
export class FormBytes implements AsyncIterableIterator<Buffer, undefined> {
  readonly #file: AsyncIterator<Buffer>
  readonly #tail: () => Promise<Buffer>
  #head: Buffer | undefined
  #closed = false
  /** Whether a byte was asked for. */
  begun = false
  /** Whether all bytes were handed over. */
  finished = false
  /** Called when all bytes were handed over. */
  onFinished: (() => void) | undefined

  constructor (head: Buffer, file: AsyncIterable<Buffer>, tail: () => Promise<Buffer>) {
    this.#head = head
    this.#file = file[Symbol.asyncIterator]()
    this.#tail = tail
  }

  [Symbol.asyncIterator] (): this { return this }

  next (): Promise<IteratorResult<Buffer, undefined>> {
    if (this.#head !== undefined) {
      const value = this.#head
      this.#head = undefined
      this.begun = true
      return Promise.resolve({ done: false, value })
    }
    if (!this.#closed) return this.#file.next().then(this.#onFile)
    this.finished = true
    this.onFinished?.()
    return Promise.resolve(DONE)
  }

  readonly #onFile = (result: IteratorResult<Buffer>): IteratorResult<Buffer, undefined> | Promise<IteratorResult<Buffer, undefined>> =>
    result.done ? this.#close() : result

  /** Only after the file has ended well: a body that fails before this has no end that a server could take for one. */
  async #close (): Promise<IteratorResult<Buffer, undefined>> {
    const value = await this.#tail()
    this.#closed = true
    return { done: false, value }
  }
}

/** Encodes a form as it is sent, holding none of the file. `boundary` is random, so that no file can hold it. */
export function multipartBody (form: Form, boundary: string = `gateway-${randomBytes(18).toString('hex')}`): MultipartBody {
  const head = Buffer.from(fieldsText(boundary, form.head) + fileHeader(boundary, form.file.filename))
  const closing = `\r\n--${boundary}--\r\n`.length
  const { file: { length, chunks }, tail } = form
  const end = async (): Promise<Buffer> => Buffer.from(`\r\n${fieldsText(boundary, await tail?.() ?? {})}--${boundary}--\r\n`)
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    length: length === undefined || tail !== undefined ? undefined : head.length + length + closing,
    chunks: new FormBytes(head, chunks, end)
  }
}
