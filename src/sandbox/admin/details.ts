import type { AssetRecord, DerivedRecord } from '../assets/asset.ts'
import { assetDetails, derivedItem } from '../assets/asset-views.ts'
import { notFound, notImitated } from '../errors.ts'
import type { Call, Route } from '../api/call.ts'
import type { BlobStore } from '../store/blobs.ts'
import { analyses } from '../upload/inspect/analysis.ts'
import { deliveryType } from '../assets/parameters.ts'
import { nameIgnoredAnalyses, nameUnfit } from '../api/check-parameters.ts'
import { pageInOrder, type SortKey } from '../api/paging.ts'

/** Where the bytes are that details may be read from. */
export interface DetailServices { readonly blobs: BlobStore }

/** One asset. Any one name that no list has taken before is an asset ID, if only one that nobody has. */
export const detailRoutes: Route<DetailServices>[] = [
  {
    method: 'GET',
    path: 'resources/:asset_id',
    guard: 'admin',
    action: async (call, services) => shown(call, services, byAssetId(call))
  },
  {
    method: 'GET',
    path: 'resources/:rt(image|video|raw)/:type/*public_id',
    guard: 'admin',
    call: 'resource',
    action: async (call, services) => shown(call, services, byPublicId(call))
  }
]

/**
 * Finds the asset of an asset_id.
 * @throws {SandboxError} 404, or 400 for a word in place of the ID: that names another method of the vendor.
 */
export function byAssetId (call: Call): AssetRecord {
  const id = call.params.asset_id ?? ''
  if (/^[a-z_]+$/.test(id) && id.length !== 32) throw notImitated(`${call.method} /v1_1/{cloud}/resources/${id}`)
  const record = call.store.findById(id)
  if (!record) throw notFound(id)
  return record
}

export function byPublicId (call: Call): AssetRecord {
  const { rt = '', type = '', public_id: publicId = '' } = call.params
  const record = call.store.find(rt, deliveryType(type), publicId)
  if (!record) throw notFound(publicId)
  return record
}

async function shown (
  call: Call, services: DetailServices, record: AssetRecord
): Promise<Record<string, unknown>> {
  nameIgnoredAnalyses(call)
  nameUnfit(call, call.fields, record.resource_type)
  return details(call, services, record)
}

/** The whole answer about one asset, with what the call asks for besides. */
export async function details (
  call: Call, { blobs }: DetailServices, record: AssetRecord
): Promise<Record<string, unknown>> {
  const derived = {
    name: 'derived',
    keyOf: ({ id }: DerivedRecord) => [id],
    from: (key: SortKey | undefined) => call.store.derived.byId(record.asset_id, key && String(key[0]))
  }
  const { items, next_cursor: next } = pageInOrder(derived, {
    cursor: call.fields.text('derived_next_cursor') ?? call.fields.text('next_cursor'),
    maxResults: call.fields.integer('max_results', { min: 1, max: 500, fallback: 10 })
  })
  return {
    ...assetDetails(call, record),
    ...await analyses(blobs, record, call.fields),
    derived: items.map((one) => derivedItem(call, record, one)),
    ...next !== undefined && { derived_next_cursor: next, next_cursor: next },
    ...call.fields.flag('versions') && { versions: [versionOf(record)] },
    ...call.fields.flag('related') && { related_assets: [] }
  }
}

/** There are no backups here: the present version is the only one. */
function versionOf (record: AssetRecord): Record<string, unknown> {
  return { version_id: record.version_id, version: String(record.version), format: record.format, size: record.bytes, time: record.uploaded_at, restorable: false }
}
