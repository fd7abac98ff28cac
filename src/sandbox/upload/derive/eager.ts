import { isoTime, type AssetRecord, type DerivedRecord } from '../../assets/asset.ts'
import { assetUrls } from '../../assets/asset-urls.ts'
import type { Call } from '../../api/call.ts'
import type { Fields } from '../../api/fields.ts'
import { nameIgnored } from '../../api/ignored.ts'
import type { Renderer } from '../../delivery/asset-renderer.ts'
import { notifyEager } from '../../notifications/events.ts'
import type { Notifier } from '../../notifications/notifier.ts'
import { ALL_FORMATS } from '../../transformation/output-formats.ts'
import type { BlobStore } from '../../store/blobs.ts'

/** What makes pictures of an asset, and where they are put. */
export interface PictureMakers {
  readonly renderer: Renderer
  readonly blobs: BlobStore
}

/** One entry of `eager`: what to make, and the extension if one was asked for. */
export interface Wanted { transformation: string, format?: string }

/** `c_scale,w_100|c_fill,w_50/png`; in JSON also an array of such texts. Raw files have none; of videos only posters are made. */
export function readEager (fields: Fields, resourceType: string): Wanted[] {
  if (resourceType === 'raw') return []
  const raw = fields.raw('eager')
  const parts = Array.isArray(raw) ? raw.map(String) : (fields.text('eager') ?? '').split('|')
  return parts.filter((part) => part !== '').map(splitWanted)
}

/** Splits `c_fill,w_50/png` into a transformation and the format that ends it; a format may stand alone. */
export function splitWanted (text: string): Wanted {
  const [, transformation, format = ''] = /^(?:(.*)\/)?([a-z0-9]{2,5})$/i.exec(text) ?? []
  const endsInFormat = transformation !== undefined || ALL_FORMATS.has(format.toLowerCase())
  return endsInFormat ? { transformation: transformation ?? '', format } : { transformation: text.replace(/\/$/, '') }
}

/** Makes them all; when one fails, none is left. The record need not be stored yet. */
export async function deriveAll (
  call: Call, makers: PictureMakers, record: AssetRecord, wanted: readonly Wanted[]
): Promise<DerivedRecord[]> {
  const made: DerivedRecord[] = []
  // All at once, before anything waits: whoever draws a name meanwhile must not change them.
  const ids = wanted.map(() => call.random.hex(32))
  try {
    for (const [index, one] of wanted.entries()) {
      made.push({ ...await derive(call, makers, record, one), id: ids[index] ?? '' })
    }
    return made
  } catch (error) {
    await Promise.all(made.map(({ blob }) => makers.blobs.remove(blob)))
    throw error
  }
}

/** What a call wants, and what was made of it, in the same order. */
interface Eager {
  readonly fields: Fields
  readonly derived: readonly DerivedRecord[]
  readonly wanted: readonly Wanted[]
}

/** `eager` of an answer, for those that are made. */
export function eagerAnswer (
  call: Call, notifier: Notifier, record: AssetRecord, { fields, derived, wanted }: Eager
): { eager?: unknown[] } {
  if (derived.length === 0) return {}
  const eager = entries(call, record, derived, wanted)
  if (fields.has('eager_notification_url')) {
    notifyEager(notifier, { cloud: call.cloud, fields }, record, eager, call.random.hex(64))
  }
  return { eager }
}

/** Makes one, and leaves it to the caller to store it with the asset. */
export async function derive (
  call: Call, { renderer, blobs }: PictureMakers, record: AssetRecord, { transformation, format }: Wanted
): Promise<Omit<DerivedRecord, 'id'>> {
  const rendered = await renderer.render(call.cloud, record, transformation, format)
  nameIgnored(call.reply, rendered.ignored)
  const stored = await blobs.write((async function * () { yield rendered.bytes })())
  return {
    transformation: withExtension(rendered.transformation, format),
    format: rendered.format,
    bytes: stored.bytes,
    width: rendered.width,
    height: rendered.height,
    etag: stored.md5,
    blob: stored.key,
    created_at: isoTime(call.clock())
  }
}

/** Puts them to the asset that they were made of. */
export async function adopt (
  { store }: Call, blobs: BlobStore, record: AssetRecord, derived: readonly DerivedRecord[]
): Promise<void> {
  const isKept = await store.addDerived(record, derived)
  // The asset was replaced or removed meanwhile; nobody will ask for these pictures of its former self.
  if (!isKept) await Promise.all(derived.map(({ blob }) => blobs.remove(blob)))
}

/** As answers and notifications show those that are made. */
export function entries (call: Call, record: AssetRecord, derived: readonly DerivedRecord[], wanted: readonly Wanted[]): Record<string, unknown>[] {
  return derived.map(({ transformation, width, height, bytes, format }, index) => {
    const extension = wanted[index]?.format
    const bare = extension === undefined ? transformation : transformation.slice(0, -extension.length - 1)
    const urls = assetUrls(call, record, bare, format)
    return { transformation, width, height, bytes, format, ...urls }
  })
}

export function withExtension (transformation: string, format: string | undefined): string {
  return format === undefined ? transformation : `${transformation}/${format}`
}
