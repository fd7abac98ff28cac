import type { CloudSettings } from '../clouds.ts'
import { isoTime, type AssetRecord } from './asset.ts'
import { readDisplayName, uniqueDisplayName, type Neighbours } from './display-name.ts'
import { readFolder } from './folder-path.ts'
import { mergeMetadata, typedMetadata, validMetadata, type MetadataFields } from './metadata.ts'
import { decideModeration } from './moderation.ts'
import { readAccessControl, readAreas, readPairs, readTags, type CallParameters } from './parameters.ts'

/** A call that changes an asset, and what else it depends on. */
interface ChangingCall extends Neighbours {
  readonly cloud: CloudSettings
  readonly clock: () => number
  readonly fields: CallParameters
  readonly store: Neighbours['store'] & { metadataFields (): MetadataFields }
}

/**
 * What tags, context and the like of a call change; also what `explicit` changes. All mistakes are found
 * before anything is done.
 */
export function readChanges (call: ChangingCall): (record: AssetRecord) => AssetRecord {
  const { fields } = call
  const nowIso = isoTime(call.clock())
  const tags = readTags(fields)
  const context = readPairs(fields, 'context')
  const pairs = readPairs(fields, 'metadata')
  const clearInvalid = fields.flag('clear_invalid')
  const metadata = pairs && typedMetadata(call.store.metadataFields(), pairs, { clearInvalid })
  const status = fields.text('moderation_status')
  if (status !== undefined) decideModeration([], status, nowIso)
  const folder = call.cloud.folderMode === 'fixed' ? undefined : fields.given('asset_folder')
  const assetFolder = folder === undefined ? undefined : readFolder(folder, 'asset_folder')
  const name = readDisplayName(fields)
  const accessControl = readAccessControl(fields)
  const areas = readAreas(fields)
  const headers = fields.text('headers')
  const accessMode = fields.text('access_mode')
  const isUnique = fields.flag('unique_display_name')
  return (record) => {
    const { context: oldContext, metadata: oldMetadata, ...rest } = record
    const merged = metadata ? mergeMetadata(oldMetadata, metadata) : oldMetadata
    const newMetadata = merged && clearInvalid ? validMetadata(call.store.metadataFields(), merged) : merged
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
      display_name: isUnique ? uniqueDisplayName(call, shownName, record.asset_id) : shownName,
      ...accessControl && { access_control: accessControl },
      ...accessMode !== undefined && { access_mode: accessMode === 'authenticated' ? 'authenticated' : 'public' },
      ...areas,
      ...headers !== undefined && { headers }
    }
  }
}
