import { isoTime, type AssetRecord } from '../assets/asset.ts'
import { readFolder } from '../assets/folder-path.ts'
import type { Call, Route } from '../api/call.ts'
import { mergeMetadata, typedMetadata, validMetadata } from '../assets/metadata.ts'
import { decideModeration } from '../assets/moderation.ts'
import { notificationUrl, notifyModeration } from '../notifications/events.ts'
import { readAccessControl, readAreas, readPairs, readTags } from '../assets/parameters.ts'
import { readDisplayName, uniqueDisplayName } from '../upload/naming.ts'
import { checkSupport, inUpdates } from '../api/check-parameters.ts'
import { byAssetId, byPublicId, details } from './details.ts'

/** Changes to what is known about an asset. Source: Cloudinary, "Admin API reference", "update_resource". */
export const updateRoutes: Route[] = [
  { method: 'PUT', path: 'resources/:asset_id', guard: 'admin', action: async (call) => update(call, byAssetId(call)) },
  { method: 'POST', path: 'resources/:rt(image|video|raw)/:type/*public_id', guard: 'admin', call: 'update', action: async (call) => update(call, byPublicId(call)) }
]

async function update (call: Call, record: AssetRecord): Promise<unknown> {
  notificationUrl(call.fields)
  checkSupport(call, call.fields, inUpdates)
  const changes = readChanges(call)
  const changed = await call.store.change(record.asset_id, (present) => changes(present))
  if (changed && call.fields.has('moderation_status')) notifyModeration(call, changed)
  // Nothing waited between looking it up and changing it.
  return details(call, changed ?? record)
}

/** What tags, context and the like of a call change; also what `explicit` changes. All faults are found before anything is done. */
export function readChanges (call: Call): (record: AssetRecord) => AssetRecord {
  const { fields } = call
  const nowIso = isoTime(call.context.clock())
  const tags = readTags(fields)
  const context = readPairs(fields, 'context')
  const pairs = readPairs(fields, 'metadata')
  const clearInvalid = fields.flag('clear_invalid')
  const metadata = pairs && typedMetadata(call.store, pairs, { clearInvalid })
  const status = fields.text('moderation_status')
  if (status !== undefined) decideModeration([], status, nowIso)
  const folder = call.cloud.folderMode === 'fixed' ? undefined : fields.given('asset_folder')
  const assetFolder = folder === undefined ? undefined : readFolder(folder, 'asset_folder')
  const name = readDisplayName(fields)
  const accessControl = readAccessControl(fields)
  const areas = readAreas(fields)
  const headers = fields.text('headers')
  const accessMode = fields.text('access_mode')
  return (record) => {
    const { context: oldContext, metadata: oldMetadata, ...rest } = record
    const merged = metadata ? mergeMetadata(oldMetadata, metadata) : oldMetadata
    const newMetadata = merged && clearInvalid ? validMetadata(call.store, merged) : merged
    const shownName = name ?? record.display_name
    const newContext = context ?? oldContext
    return {
      ...rest,
      updated_at: nowIso,
      ...tags && { tags },
      ...newContext && Object.keys(newContext).length > 0 && { context: newContext },
      ...newMetadata && Object.keys(newMetadata).length > 0 && { metadata: newMetadata },
      ...status !== undefined && { moderation: decideModeration(record.moderation, status, nowIso) },
      ...assetFolder !== undefined && { asset_folder: assetFolder },
      ...fields.flag('unique_display_name') ? { display_name: uniqueDisplayName(call, shownName, record.asset_id) } : { display_name: shownName },
      ...accessControl && { access_control: accessControl },
      ...accessMode !== undefined && { access_mode: accessMode === 'authenticated' ? 'authenticated' : 'public' },
      ...areas,
      ...headers !== undefined && { headers }
    }
  }
}
