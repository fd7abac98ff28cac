import type { StoredBlob, BlobStore } from '../store/blobs.ts'
import { notImitated, SandboxError } from '../errors.ts'
import { Fields } from './fields.ts'
import { multipartParts } from './multipart.ts'

/** The bytes that came as the file part of a request. They belong to nobody until an asset takes them. */
export interface ReceivedFile extends StoredBlob { filename?: string }

export interface BodyLimits {
  /** Cloudinary's limit for one request is 100 MB. */
  readonly maxRequestBytes: number
  /** One text field other than `file`, or a whole JSON body without files in it. */
  readonly maxFieldBytes: number
}

export interface ReadBody { file?: ReceivedFile }

/**
 * Reads a body of any kind into `fields`; bytes of a file part go to the blob store as they come.
 * When it throws, nothing of it is stored.
 */
export async function readBody (source: AsyncIterable<Uint8Array>, { contentType, fields, blobs, limits, durable }: {
  contentType: string
  fields: Fields
  blobs: BlobStore
  limits: BodyLimits
  /** Whether a file part is going to be an asset by itself. */
  durable: boolean
}): Promise<ReadBody> {
  const bytes = limited(source, limits.maxRequestBytes)
  const kind = contentType.split(';', 1)[0]?.trim().toLowerCase()
  if (kind === 'multipart/form-data') return readMultipart(bytes, { contentType, fields, blobs, limits, durable })
  const text = await collect(bytes, limits.maxRequestBytes)
  if (text.trim() === '') return {}
  if (kind === 'application/json') fields.assign(parseObject(text))
  else if (kind === '' || kind === 'application/x-www-form-urlencoded') fields.appendQuery(text)
  // Read as a form, JSON would be one field with a strange name, and the call might succeed without what it says.
  else throw notImitated(`bodies of type ${JSON.stringify(kind)}: send JSON, a urlencoded form or multipart/form-data`)
  return {}
}

async function readMultipart (source: AsyncIterable<Uint8Array>, { contentType, fields, blobs, limits, durable }: {
  contentType: string, fields: Fields, blobs: BlobStore, limits: BodyLimits, durable: boolean
}): Promise<ReadBody> {
  let file: ReceivedFile | undefined
  try {
    for await (const part of multipartParts(source, contentType)) {
      if (part.filename === undefined) {
        // A `file` without a file name is a URL or a data URI, and a data URI may be as long as a request.
        const limit = part.name === 'file' ? limits.maxRequestBytes : limits.maxFieldBytes
        fields.append(part.name, await collect(part.body, limit))
      } else if (part.name === 'file' && !file) {
        file = { ...await blobs.write(part.body, { durable }), ...part.filename !== '' && { filename: part.filename } }
      } else {
        throw new SandboxError(400, `Unexpected file in parameter ${part.name}`)
      }
    }
  } catch (error) {
    if (file) await blobs.remove(file.key)
    throw error
  }
  return file ? { file } : {}
}

async function * limited (source: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Uint8Array> {
  let bytes = 0
  for await (const chunk of source) {
    bytes += chunk.length
    if (bytes > maxBytes) throw new SandboxError(413, 'Request entity too large', { connection: 'close' })
    yield chunk
  }
}

async function collect (source: AsyncIterable<Uint8Array>, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of source) {
    bytes += chunk.length
    if (bytes > maxBytes) throw new SandboxError(400, `Parameter too long. Maximum is ${maxBytes}.`)
    // Held chunks may be views of a larger buffer that is going to be kept alive: copy.
    chunks.push(Buffer.from(chunk))
  }
  return Buffer.concat(chunks).toString('utf8')
}

function parseObject (text: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new SandboxError(400, 'Invalid JSON in the request body')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new SandboxError(400, 'Invalid JSON in the request body')
  // Neither null nor an array: its members are read one by one.
  return value as Record<string, unknown>
}
