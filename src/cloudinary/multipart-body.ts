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
  readonly chunks: AsyncGenerator<Buffer>
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

async function * write (boundary: string, head: Buffer, { file, tail }: Form): AsyncGenerator<Buffer> {
  yield head
  yield * file.chunks
  const late = tail === undefined ? {} : await tail()
  // Only now: a body that fails before this line has no end that a server could take for one.
  yield Buffer.from(`\r\n${fieldsText(boundary, late)}--${boundary}--\r\n`)
}

/** Encodes a form as it is sent, holding none of the file. `boundary` is random, so that no file can hold it. */
export function multipartBody (form: Form, boundary: string = `gateway-${randomBytes(18).toString('hex')}`): MultipartBody {
  const head = Buffer.from(fieldsText(boundary, form.head) + fileHeader(boundary, form.file.filename))
  const closing = `\r\n--${boundary}--\r\n`.length
  const { file: { length }, tail } = form
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    length: length === undefined || tail !== undefined ? undefined : head.length + length + closing,
    chunks: write(boundary, head, form)
  }
}
