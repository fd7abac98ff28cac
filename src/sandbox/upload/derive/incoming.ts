import { notImitated } from '../../errors.ts'
import type { AssetRecord } from '../../assets/asset.ts'
import type { ReceivedFile } from '../../api/body.ts'
import type { Call } from '../../api/call.ts'
import type { Fields } from '../../api/fields.ts'
import { nameIgnored } from '../../api/ignored.ts'
import type { ResourceTypeName } from '../../assets/kinds.ts'
import { canonicalFormat } from '../../format-names.ts'
import { inspect, type Inspected } from '../inspect/inspect.ts'
import type { PictureMakers } from './eager.ts'

export interface Incoming { file: ReceivedFile, found: Inspected }

/**
 * Applies `transformation` and `format` before anything is stored: what is kept is the result.
 * With `allowed_formats`, `format` converts only what would otherwise be refused.
 * @throws {SandboxError} 400 for videos, which would have to be transcoded.
 */
export async function convertIncoming (
  call: Call,
  { renderer, blobs }: PictureMakers,
  fields: Fields,
  { file, found, type }: Incoming & { type: ResourceTypeName }
): Promise<Incoming> {
  const transformation = fields.text('transformation') ?? ''
  const allowed = fields.list('allowed_formats')?.map(canonicalFormat)
  const wanted = fields.text('format')
  const format = wanted !== undefined && !allowed?.includes(found.format ?? '') ? canonicalFormat(wanted) : undefined
  const changesFormat = format !== undefined && format !== found.format
  const asksForMore = transformation !== '' || changesFormat
  if (type === 'video' && asksForMore) throw notImitated('incoming transformations and conversions of videos')
  if (type === 'raw' || !asksForMore) return { file, found }
  const rendered = await renderer.render(call.cloud, draftRecord(call, file, found), transformation, format)
  nameIgnored(call.reply, rendered.ignored)
  const stored = await blobs.write((async function * () { yield rendered.bytes })())
  return {
    file: { ...stored, ...file.filename !== undefined && { filename: file.filename } },
    found: await inspect(blobs, stored.key)
  }
}

/** A record that is never stored: what the renderer needs to know about the bytes. */
export function draftRecord (call: Call, file: ReceivedFile, found: Inspected): AssetRecord {
  return {
    ...found,
    asset_id: '',
    public_id: 'incoming',
    resource_type: 'image',
    type: 'upload',
    version: 0,
    version_id: '',
    bytes: file.bytes,
    etag: file.md5,
    created_at: '',
    uploaded_at: '',
    sequence: 0,
    tags: [],
    access_mode: 'public',
    asset_folder: '',
    display_name: '',
    api_key: call.cloud.apiKey,
    blob: file.key
  }
}
