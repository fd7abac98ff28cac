import type { AssetRecord, DerivedRecord } from './asset.ts'
import { assetUrls, type Viewer } from './asset-urls.ts'
import { isRejected } from './moderation.ts'
import type { CallParameters } from './parameters.ts'

/** An asset as lists show it; tags, context and the like only when asked for. Source: Cloudinary, "Admin API reference". */
export function listItem (
  viewer: Viewer, record: AssetRecord, fields?: CallParameters
): Record<string, unknown> {
  const item = {
    ...core(viewer, record),
    ...isRejected(record) && { bytes: 0, placeholder: true },
    ...fields?.flag('tags') && { tags: sortedTags(record) },
    ...fields?.flag('context') && record.context && { context: { custom: record.context } },
    ...fields?.flag('metadata') && { metadata: record.metadata ?? {} },
    ...fields?.flag('moderations') && moderationOf(record)
  }
  const only = fields?.list('fields')
  return only ? onlyFields(viewer, { ...item, ...extras(record) }, only) : item
}

/** An asset with all that is known of it, but for analyses and derived assets. */
export function assetDetails (viewer: Viewer, record: AssetRecord): Record<string, unknown> {
  return {
    ...core(viewer, record),
    ...extras(record),
    etag: record.etag,
    ...record.pages !== undefined && { pages: record.pages },
    ...record.original_filename !== undefined && { original_filename: record.original_filename },
    ...record.media,
    ...record.updated_at !== undefined && { last_updated: { updated_at: record.updated_at } },
    ...record.moderation && moderationOf(record)
  }
}

export function derivedItem (
  viewer: Viewer, record: AssetRecord, derived: DerivedRecord
): Record<string, unknown> {
  // The name of a derived asset ends in `/ext` when a format was asked for; a URL has that as its extension.
  const transformation = derived.transformation.replace(/\/[a-z0-9]{2,5}$/, '')
  return {
    transformation: derived.transformation,
    format: derived.format,
    bytes: derived.bytes,
    id: derived.id,
    ...assetUrls(viewer, record, transformation, derived.format)
  }
}

function core (viewer: Viewer, record: AssetRecord): Record<string, unknown> {
  const { cloud } = viewer
  return {
    asset_id: record.asset_id,
    public_id: record.public_id,
    ...record.format !== undefined && { format: record.format },
    version: record.version,
    resource_type: record.resource_type,
    type: record.type,
    created_at: record.created_at,
    bytes: record.bytes,
    ...record.width !== undefined && { width: record.width, height: record.height },
    ...record.duration !== undefined && { duration: record.duration },
    ...cloud.folderMode === 'fixed'
      ? { folder: record.public_id.split('/').slice(0, -1).join('/') }
      : { asset_folder: record.asset_folder, display_name: record.display_name },
    access_mode: record.access_mode,
    ...assetUrls(viewer, record),
    ...record.access_control && { access_control: record.access_control }
  }
}

function extras (record: AssetRecord): Record<string, unknown> {
  return {
    ...record.tags.length > 0 && { tags: sortedTags(record) },
    ...record.context && { context: { custom: record.context } },
    ...record.metadata && { metadata: record.metadata }
  }
}

/**
 * Only uploads answer with the order in which tags were sent. Source: integration tests of the official
 * clients.
 */
export function sortedTags ({ tags }: AssetRecord): string[] { return [...tags].sort() }

function moderationOf (record: AssetRecord): Record<string, unknown> {
  const [first] = record.moderation ?? []
  return first ? { moderation: record.moderation, moderation_kind: first.kind, moderation_status: first.status } : {}
}

/** `fields=tags` leaves the identity and what was asked for. */
export function onlyFields (
  { cloud }: Pick<Viewer, 'cloud'>,
  item: Record<string, unknown>,
  only: readonly string[],
  always: readonly string[] = ['asset_id', 'public_id']
): Record<string, unknown> {
  const folder = cloud.folderMode === 'fixed' ? 'folder' : 'asset_folder'
  const kept = new Set([...always, folder, ...only.map((name) => name.split('.', 1)[0] ?? name)])
  const all: Record<string, unknown> = only.includes('tags') ? { tags: [], ...item } : item
  return Object.fromEntries(Object.entries(all).filter(([name]) => kept.has(name)))
}
