import { createHash } from 'node:crypto'
import { callFrom, UNREAD_REPLY } from './api/call.ts'
import { Fields } from './api/fields.ts'
import type { SandboxContext } from './context.ts'
import { SandboxError } from './errors.ts'
import { upload } from './upload/upload.ts'

export interface AddOptions {
  /** Which cloud; the first by default. */
  cloudName?: string
  resource_type?: 'image' | 'video' | 'raw' | 'auto'
  /** Bytes of the file; default: a PNG of one colour, which differs from ID to ID. */
  file?: Uint8Array
  filename?: string
  /** Of the image that is made. */
  width?: number
  height?: number
  /** Any other upload parameters: `{ tags: 'a,b', type: 'private', context: { alt: 'Tom' } }`. */
  [parameter: string]: unknown
}

/** The upload answer. */
export interface AddedAsset {
  asset_id: string
  public_id: string
  version: number
  resource_type: string
  type: string
  bytes: number
  etag: string
  url: string
  secure_url: string
  format?: string
  width?: number
  height?: number
  [member: string]: unknown
}

/**
 * Stores an asset by the action that `POST /{resource_type}/upload` runs. No request is made: faults do not strike
 * it, and the request log does not show it.
 */
export async function addAsset (
  context: SandboxContext, publicId: string, options: AddOptions = {}
): Promise<AddedAsset> {
  const {
    cloudName, resource_type: rt = 'image', file, filename = 'file', width = 8, height = 6, ...parameters
  } = options
  const cloud = context.clouds.get(cloudName ?? [...context.clouds.keys()][0] ?? '')
  if (!cloud) throw new Error(`The sandbox has no cloud ${String(cloudName)}`)
  const fields = new Fields()
  fields.set('public_id', publicId)
  for (const [name, value] of Object.entries(parameters)) fields.set(name, wireText(name, value))
  const bytes = file ?? await plainImage(publicId, width, height)
  const stored = await context.blobs.write((async function * () { yield bytes })(), { durable: true })
  const call = callFrom(context, cloud, {
    method: 'POST',
    path: `${rt}/upload`,
    params: { rt },
    fields,
    file: { ...stored, filename },
    unsigned: false,
    reply: UNREAD_REPLY
  })
  try {
    return await upload(call, context) as AddedAsset // an upload without `async` is answered with its asset
  } catch (error) {
    if (!(error instanceof SandboxError)) throw error
    throw new Error(`The sandbox refused ${publicId}: ${error.message}`, { cause: error })
  } finally {
    if (call.file) await context.blobs.remove(call.file.key)
  }
}

/** Lists by commas, `context` and `metadata` as pairs, other structures as JSON. */
function wireText (name: string, value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value)
  if (Array.isArray(value)) return value.some((entry) => typeof entry === 'object') ? JSON.stringify(value) : value.join(',')
  if (name !== 'context' && name !== 'metadata') return JSON.stringify(value)
  const escaped = (text: unknown): string => (typeof text === 'string' ? text : JSON.stringify(text)).replace(/[=|]/g, '\\$&')
  return Object.entries(value).map(([key, text]) => `${escaped(key)}=${escaped(text)}`).join('|')
}

async function plainImage (name: string, width: number, height: number): Promise<Uint8Array> {
  const { default: sharp } = await import('sharp')
  const [r = 0, g = 0, b = 0] = createHash('sha256').update(name).digest()
  return sharp({ create: { width, height, channels: 3, background: { r, g, b } } }).png().toBuffer()
}
