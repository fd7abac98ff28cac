import { isoTime, type AssetRecord, type DerivedRecord } from '../asset.ts'
import { assetUrls } from '../asset-urls.ts'
import type { Call } from '../http/call.ts'
import type { Fields } from '../http/fields.ts'
import { notifyEager } from '../notifications/events.ts'

interface Wanted { transformation: string, format?: string }

/**
 * Makes the transformations of `eager` now, or, with `eager_async`, after the answer.
 * @returns what goes into the answer: `eager`, or nothing.
 */
export async function makeEager (call: Call, record: AssetRecord, fields: Fields): Promise<{ eager?: unknown[] }> {
  const wanted = readEager(fields)
  if (wanted.length === 0 || record.resource_type !== 'image') return {}
  if (fields.flag('eager_async')) {
    const batch = call.context.random.hex(64)
    call.context.background.add(deriveAll(call, record, wanted).then((eager) => { notifyEager(call, fields, record, eager, batch) }))
    return {
      eager: wanted.map(({ transformation, format }) => ({
        status: 'processing',
        batch_id: batch,
        transformation: withExtension(transformation, format),
        ...assetUrls(call.context.publicUrl, call.cloud, record, transformation, format)
      }))
    }
  }
  const eager = await deriveAll(call, record, wanted)
  if (fields.has('eager_notification_url')) notifyEager(call, fields, record, eager, call.context.random.hex(64))
  return { eager }
}

/** `c_scale,w_100|c_fill,w_50/png`; in JSON also an array of such texts. */
function readEager (fields: Fields): Wanted[] {
  const raw = fields.raw('eager')
  const parts = Array.isArray(raw) ? raw.map(String) : (fields.text('eager') ?? '').split('|')
  return parts.filter((part) => part !== '').map((part) => {
    const [, transformation, format] = /^(.*)\/([a-z0-9]{2,5})$/i.exec(part) ?? []
    return transformation !== undefined && format !== undefined ? { transformation, format } : { transformation: part.replace(/\/$/, '') }
  })
}

async function deriveAll (call: Call, record: AssetRecord, wanted: readonly Wanted[]): Promise<Record<string, unknown>[]> {
  const entries: Record<string, unknown>[] = []
  for (const one of wanted) entries.push(await derive(call, record, one))
  return entries
}

async function derive (call: Call, record: AssetRecord, { transformation, format }: Wanted): Promise<Record<string, unknown>> {
  const rendered = await call.context.renderer.render(call.cloud, record, transformation, format)
  const stored = await call.context.blobs.write((async function * () { yield rendered.bytes })())
  const name = withExtension(rendered.transformation, format)
  const derived: DerivedRecord = {
    id: call.context.random.hex(32),
    transformation: name,
    format: rendered.format,
    bytes: stored.bytes,
    width: rendered.width,
    height: rendered.height,
    etag: stored.md5,
    blob: stored.key,
    created_at: isoTime(call.context.clock())
  }
  const changed = await call.store.change(record.asset_id, (present) => present.version_id === record.version_id
    ? { ...present, derived: [...present.derived.filter((other) => other.transformation !== name), derived] }
    : undefined)
  // The asset was replaced or removed meanwhile; nobody will ask for this picture of its former self.
  if (!changed) await call.context.blobs.remove(stored.key)
  return {
    transformation: name,
    width: rendered.width,
    height: rendered.height,
    bytes: stored.bytes,
    format: rendered.format,
    ...assetUrls(call.context.publicUrl, call.cloud, record, rendered.transformation, rendered.format)
  }
}

function withExtension (transformation: string, format: string | undefined): string {
  return format === undefined ? transformation : `${transformation}/${format}`
}
