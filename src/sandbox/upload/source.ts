import { decodeBase64 } from '../base64.ts'
import { missingParameter, notImitated, SandboxError } from '../errors.ts'
import type { ReceivedFile } from '../api/body.ts'
import type { Call } from '../api/call.ts'
import { fetchFile } from '../remote/fetch-file.ts'
import type { BlobStore } from '../store/blobs.ts'

const DATA_URI = /^data:([\w.+-]+\/[\w.+-]+)?((?:;[\w.+-]+=[^;,]*)*);base64,/i
const MAX_DATA_URI_CHARACTERS = 62_910_000
/** The media type and its parameters end before this. */
const MAX_HEAD_CHARACTERS = 1000

/** Where the bytes of an upload are put, and how far they are fetched. */
export interface SourceServices {
  readonly blobs: BlobStore
  readonly options: {
    readonly maxRequestBytes: number
    readonly allowPrivateFetch: boolean
    readonly fetchTimeoutMs: number
  }
}

/**
 * The bytes of an upload, wherever they are: sent along, inside a data URI, or at a URL. They are taken from the call, so
 * that whoever asked must keep or remove them.
 */
export async function takeFile (call: Call, { blobs, options }: SourceServices): Promise<ReceivedFile> {
  if (call.file) {
    const file = call.file
    // A piece of a file is bytes, whatever it begins with.
    const decoded = call.headers['content-range'] === undefined ? await dataUriIn(blobs, file) : undefined
    // The text of it stays with the call, which removes it. As any data URI, it has no file name.
    if (decoded) return store(blobs, decoded)
    call.file = undefined
    return file
  }
  const text = call.fields.text('file')
  if (text === undefined) throw missingParameter('file')
  if (/^data:/i.test(text)) return storeDataUri(blobs, text)
  if (/^https?:/i.test(text)) {
    const { allowPrivateFetch: allowPrivate, fetchTimeoutMs: timeoutMs, maxRequestBytes } = options
    const { body, filename } = await fetchFile(text, { allowPrivate, timeoutMs })
    return { ...await blobs.write(capped(body, maxRequestBytes)), ...filename !== undefined && { filename } }
  }
  if (/^(ftp|s3|gs):/i.test(text)) throw notImitated('uploads from ftp, s3 and gs addresses')
  throw new SandboxError(400, 'Invalid file parameter: neither bytes, nor a URL, nor a data URI')
}

/**
 * The bytes of a data URI that was sent as a part with a file name, as some clients do; undefined for any
 * other file. Source: integration tests of the official PHP and Ruby clients.
 */
async function dataUriIn (blobs: BlobStore, { key, bytes }: ReceivedFile): Promise<Buffer | undefined> {
  if (bytes > MAX_DATA_URI_CHARACTERS) return undefined
  const chunks: Buffer[] = []
  for await (const chunk of blobs.read(key, { start: 0, end: MAX_HEAD_CHARACTERS - 1 })) chunks.push(chunk)
  const head = DATA_URI.exec(Buffer.concat(chunks).toString('latin1'))
  return head ? decodeBase64((await blobs.buffer(key)).toString('latin1').slice(head[0].length)) : undefined
}

async function storeDataUri (blobs: BlobStore, text: string): Promise<ReceivedFile> {
  if (text.length > MAX_DATA_URI_CHARACTERS) {
    const limit = `URI byte size should not be > ${MAX_DATA_URI_CHARACTERS}`
    throw new SandboxError(400, `Invalid URI. ${limit}. Given ${text.length}`)
  }
  const head = DATA_URI.exec(text.slice(0, MAX_HEAD_CHARACTERS))
  if (!head) throw new SandboxError(400, 'Invalid data URI')
  const bytes = decodeBase64(text.slice(head[0].length))
  if (bytes === undefined) throw new SandboxError(400, 'Could not decode base64') // the vendor's words
  return store(blobs, bytes)
}

function store (blobs: BlobStore, bytes: Buffer): Promise<ReceivedFile> {
  return blobs.write((async function * () { yield bytes })())
}

async function * capped (source: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Uint8Array> {
  let bytes = 0
  for await (const chunk of source) {
    bytes += chunk.length
    if (bytes > maxBytes) throw new SandboxError(400, `File size too large. Got ${bytes}. Maximum is ${maxBytes}.`)
    yield chunk
  }
}
