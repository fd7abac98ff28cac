import type { AssetRecord } from '../assets/asset.ts'
import { readDeliveryType } from '../assets/parameters.ts'
import { assertFresh } from '../api/credentials.ts'
import { missingParameter, notFound, SandboxError } from '../errors.ts'
import type { Call, Route } from '../api/call.ts'
import type { BlobStore } from '../store/blobs.ts'
import { contentType as mediaType, sameFormat } from '../transformation/output-formats.ts'
import type { Renderer } from './asset-renderer.ts'

interface DownloadServices {
  readonly blobs: BlobStore
  readonly renderer: Renderer
}

/** Private downloads: a signed link to the bytes. Source: Cloudinary, "private_download_url" of the official clients. */
export const downloadRoutes: Route<DownloadServices>[] = [
  { method: 'GET', path: ':rt(image|video|raw)/download', guard: 'signed', call: 'download', action: download }
]

async function download (call: Call, { blobs, renderer }: DownloadServices): Promise<unknown> {
  const { fields, reply } = call
  const publicId = fields.text('public_id')
  if (publicId === undefined) throw missingParameter('public_id')
  assertAlive(call)
  const record = call.store.find(call.params.rt ?? '', readDeliveryType(fields), publicId)
  if (!record) throw notFound(publicId)
  const wanted = fields.text('format') ?? record.format
  const transformation = fields.text('transformation')
  reply.header('content-disposition', disposition(call, record, wanted))
  if (record.resource_type === 'image' && (transformation !== undefined || (wanted !== undefined && !sameFormat(wanted, record.format)))) {
    const rendered = await renderer.render(call.cloud, record, transformation ?? '', wanted)
    return reply.type(contentType(call, rendered.format)).send(rendered.bytes)
  }
  reply.type(contentType(call, record.format ?? publicId.split('.').at(-1) ?? '')).header('content-length', record.bytes).header('etag', `"${record.etag}"`)
  return reply.send(blobs.read(record.blob))
}

function assertAlive ({ fields, clock }: Call): void {
  const text = fields.text('expires_at')
  if (text === undefined) return
  const seconds = Number(text)
  if (!Number.isInteger(seconds) || seconds < 0) throw new SandboxError(400, `Invalid value ${text} for parameter expires_at`)
  // The vendor's words for a link that came too late; the time that it names is the one that has passed.
  assertFresh(seconds * 1000, clock(), 0)
}

function disposition ({ fields }: Call, record: AssetRecord, format: string | undefined): string {
  if (!fields.flag('attachment')) return 'inline'
  const last = record.public_id.split('/').at(-1) ?? record.public_id
  const name = fields.text('target_filename') ?? last
  const extension = record.resource_type !== 'raw' && format !== undefined && !name.endsWith(`.${format}`) ? `.${format}` : ''
  const whole = (name + extension).replace(/[\p{Cc}"\\]/gu, '_')
  const plain = whole.replace(/[^\x20-\x7e]/g, '_')
  return `attachment; filename="${plain}"` + (plain === whole ? '' : `; filename*=UTF-8''${encodeURIComponent(whole).replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`)}`)
}

/** One official client takes nothing but images, videos and plain bytes, and says so in `Accept`. */
function contentType (call: Call, format: string): string {
  const type = mediaType(format)
  const strict = call.headers.accept?.startsWith('application/octet-stream') ?? false
  return strict && !/^(image|video)\//.test(type) ? 'application/octet-stream' : type
}
