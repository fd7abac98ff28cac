import type { PathSource, StreamSource, Streamed } from './file-source.ts'
import {
  textFields, type FormBody, type SentFields, type OnProgress, type OpenedStream
} from './upload-form.ts'

const READ_BYTES = 256 * 1024

interface ReadableSource {
  readonly name: string
  readonly size: number | undefined
  readonly read: () => AsyncIterable<Uint8Array>
}

/** Returns a name as browsers write it in a form. Source: HTML, "multipart/form-data". */
const quoted = (name: string): string => name.replace(/["\r\n]/g, encodeURIComponent)

/**
 * Yields the bytes, and reports each chunk once it was taken.
 * @throws {Error} as soon as they cannot be the announced number: such a request would be cut or never end.
 */
async function * measured (
  chunks: AsyncIterable<Uint8Array>, size: number | undefined, onProgress: OnProgress | undefined
): AsyncGenerator<Uint8Array> {
  let sentBytes = 0
  for await (const chunk of chunks) {
    if (sentBytes + chunk.length > (size ?? Infinity)) break
    yield chunk
    sentBytes += chunk.length
    onProgress?.(sentBytes, size)
  }
  if (sentBytes !== (size ?? sentBytes)) {
    throw new Error(
    `The file does not have the announced ${size} bytes.`
    )
  }
}

/** Builds a form around bytes that are read as they are sent, so that none of them is held. */
function streamedForm (
  { name, size, read }: ReadableSource, fields: SentFields, onProgress?: OnProgress
): FormBody {
  const boundary = crypto.randomUUID()
  const part = (field: string): string =>
    `--${boundary}\r\nContent-Disposition: form-data; name="${quoted(field)}"`
  const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
  const parts = textFields(fields).map(([field, text]) => `${part(field)}\r\n\r\n${text}\r\n`)
  const before = encode(parts.join('') +
    `${part('file')}; filename="${quoted(name)}"\r\nContent-Type: application/octet-stream\r\n\r\n`)
  const after = encode(`\r\n--${boundary}--\r\n`)
  let failure: { readonly error: unknown } | undefined
  async function * body (): AsyncGenerator<Uint8Array> {
    yield before
    try {
      yield * measured(read(), size, onProgress)
    } catch (error) {
      failure = { error }
      throw error
    }
    yield after
  }
  const length = size === undefined ? {} : { 'content-length': String(before.length + size + after.length) }
  const headers = { 'content-type': `multipart/form-data; boundary=${boundary}`, ...length }
  return { body: body(), headers, failure: () => failure }
}

function opened (source: ReadableSource, replayable: boolean): OpenedStream {
  return { replayable, form: (fields, onProgress) => streamedForm(source, fields, onProgress) }
}

/** Opens nothing yet: what is never read need not be closed. */
async function openPath ({ path, name = path.replace(/^.*[/\\]/s, '') }: PathSource): Promise<OpenedStream> {
  // A bundler for browsers would stumble over an import.
  const fs = globalThis.process?.getBuiltinModule?.('node:fs')
  if (fs === undefined) throw new TypeError('Only Node uploads files by their paths.')
  await fs.promises.access(path, fs.constants.R_OK)
  const status = await fs.promises.stat(path)
  if (!status.isFile()) throw new TypeError(`${path} is not a file.`)
  const read = () => fs.createReadStream(path, { highWaterMark: READ_BYTES })
  return opened({ name, size: status.size, read }, true)
}

function openStream ({ stream, name = 'file', size }: StreamSource): OpenedStream {
  return opened({ name, size, read: () => stream }, false)
}

/**
 * Looks at a stream, or a file of this machine.
 * @throws {TypeError} when it is neither; errors of `fs` when a file cannot be read.
 */
export async function openStreamed (source: Streamed): Promise<OpenedStream> {
  if ('stream' in source) return openStream(source)
  // Streams of Node have a path of their own.
  if (Symbol.asyncIterator in source) return openStream({ stream: source })
  if ('path' in source) return openPath(source)
  throw new TypeError('Nothing that can be uploaded was given.')
}
