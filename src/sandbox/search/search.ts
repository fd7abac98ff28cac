import type { AssetRecord } from '../assets/asset.ts'
import { onlyFields, sortedTags } from '../assets/asset-views.ts'
import { assetUrls } from '../assets/asset-urls.ts'
import { pageInOrder, type Ordering } from '../api/paging.ts'
import { notImitated } from '../errors.ts'
import type { Call, Route } from '../api/call.ts'
import { nameIgnored } from '../api/ignored.ts'
import type { BlobStore } from '../store/blobs.ts'
import { imageMetadata } from '../upload/inspect/analysis.ts'
import { valuesOf } from './asset-fields.ts'
import { inTurns, type Found, type Searches } from './searches.ts'
import { sortRules } from './sort-rules.ts'

export interface SearchServices {
  /** Bytes of assets, which some answers read. */
  readonly blobs: BlobStore
  readonly searches: Searches
}

/** Source: Cloudinary, "Search API". The index of the vendor lags by seconds; this one does not. */
export const searchRoutes: Route<SearchServices>[] = [
  { method: 'GET', path: 'resources/search', guard: 'admin', action: search },
  { method: 'POST', path: 'resources/search', guard: 'admin', action: search }
]

const ALWAYS = ['asset_id', 'public_id', 'created_at', 'status', 'type', 'resource_type']
const ON_REQUEST = ['tags', 'context', 'metadata', 'image_metadata']

/** Runs the search that the fields of a call describe. */
export async function search (call: Call, { blobs, searches }: SearchServices): Promise<unknown> {
  const { fields } = call
  const found = await searches.find(call, ordering(call))
  const { items, ...next } = pageInOrder(found, {
    cursor: fields.text('next_cursor'),
    // With 0 only counts and aggregations are asked for.
    maxResults: fields.integer('max_results', { min: 0, max: 500, fallback: 50 })
  })
  const aggregations = await aggregate(call, found)
  const resources: unknown[] = []
  for (const { asset_id: id } of items) {
    // The asset may have changed or gone while the search ran.
    const record = call.store.findById(id)
    if (record) resources.push(await searchItem(call, blobs, record))
  }
  nameIgnored(call.reply, (fields.list('with_field') ?? []).filter((name) => !ON_REQUEST.includes(name)).map((name) => `with_field:${name}`))
  return { total_count: found.size, time: 1, ...next, resources, ...aggregations && { aggregations } }
}

function ordering (call: Call): Ordering<AssetRecord> {
  const asked = sortRules(call)
  const rules = asked.length > 0 ? asked : [{ field: 'created_at', descending: true }]
  const fixed = call.cloud.folderMode === 'fixed'
  return {
    name: `search:${rules.map(({ field, descending }) => `${field}${descending ? '-' : '+'}`).join()}`,
    keyOf: (record) => [...rules.map(({ field }) => valuesOf(record, field, fixed)[0] ?? ''), record.sequence],
    descending: [...rules.map(({ descending }) => descending), rules[0]?.descending ?? true]
  }
}

async function searchItem (
  call: Call, blobs: BlobStore, record: AssetRecord
): Promise<Record<string, unknown>> {
  const { fields } = call
  const withField = fields.list('with_field') ?? []
  const only = fields.list('fields')
  const wants = (name: string): boolean => withField.includes(name) || (only?.some((one) => one.split('.', 1)[0] === name) ?? false)
  const item: Record<string, unknown> = {
    ...alwaysShown(call, record),
    ...wants('tags') && { tags: sortedTags(record) },
    // Flat here, unlike everywhere else.
    ...wants('context') && record.context && { context: record.context },
    ...wants('metadata') && record.metadata && { metadata: record.metadata },
    ...wants('image_metadata') && await imageMetadata(blobs, record)
  }
  return only ? onlyFields(call, item, only, ALWAYS) : item
}

/** What nobody has to ask for. */
function alwaysShown (call: Call, record: AssetRecord): Record<string, unknown> {
  const { cloud } = call
  const { width, height } = record
  return {
    asset_id: record.asset_id,
    public_id: record.public_id,
    ...cloud.folderMode === 'fixed'
      ? { folder: record.public_id.split('/').slice(0, -1).join('/') }
      : { asset_folder: record.asset_folder, display_name: record.display_name },
    filename: record.public_id.split('/').at(-1),
    ...record.format !== undefined && { format: record.format },
    version: record.version,
    resource_type: record.resource_type,
    type: record.type,
    created_at: record.created_at,
    uploaded_at: record.uploaded_at,
    bytes: record.bytes,
    backup_bytes: 0,
    ...width !== undefined && height !== undefined && { width, height, aspect_ratio: Math.round(width / height * 1e5) / 1e5, pixels: width * height },
    ...record.duration !== undefined && { duration: record.duration },
    ...record.pages !== undefined && width !== undefined && height !== undefined && { pages: record.pages },
    ...assetUrls(call, record),
    status: 'active',
    access_mode: record.access_mode,
    access_control: record.access_control ?? null,
    etag: record.etag,
    created_by: { access_key: record.api_key },
    uploaded_by: { access_key: record.api_key },
    ...record.moderation?.[0] && { moderation_kind: record.moderation[0].kind, moderation_status: record.moderation[0].status }
  }
}

type Counts = Record<string, number>

async function aggregate (call: Call, found: Found): Promise<Record<string, Counts> | undefined> {
  const wanted = call.fields.raw('aggregate')
  if (wanted === undefined) return undefined
  const names = Array.isArray(wanted) ? wanted : (call.fields.list('aggregate') ?? [])
  if (names.some((name) => typeof name !== 'string')) throw notImitated('aggregations by ranges')
  const all = names.map((name: string): [string, Counts] => [name, {}])
  await inTurns(found.from(undefined), (record) => {
    for (const [name, counts] of all) {
      for (const value of valuesOf(record, name, false)) counts[value] = (counts[value] ?? 0) + 1
    }
  })
  return Object.fromEntries(all)
}
