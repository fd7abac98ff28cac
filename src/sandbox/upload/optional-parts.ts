import type { Call } from '../api/call.ts'
import type { Fields } from '../api/fields.ts'
import { isoTime, type AssetRecord } from '../assets/asset.ts'
import { newMetadata } from '../assets/metadata.ts'
import { startModeration } from '../assets/moderation.ts'
import { readAccessControl, readAreas, readPairs, readTags } from '../assets/parameters.ts'

/** What is only there when it was sent. */
export function optionalParts (
  call: Call, fields: Fields
): Pick<AssetRecord, 'tags' | 'access_mode'> & Partial<AssetRecord> {
  const context = readPairs(fields, 'context')
  const metadata = newMetadata(call.store.metadataFields(), readPairs(fields, 'metadata') ?? {}, {
    clearInvalid: fields.flag('clear_invalid')
  })
  const moderation = fields.text('moderation')
  const accessControl = readAccessControl(fields)
  const areas = readAreas(fields)
  const headers = fields.text('headers')
  return {
    tags: readTags(fields) ?? [],
    access_mode: fields.text('access_mode') === 'authenticated' ? 'authenticated' : 'public',
    ...context && Object.keys(context).length > 0 && { context },
    ...Object.keys(metadata).length > 0 && { metadata },
    ...moderation !== undefined && { moderation: startModeration(moderation, isoTime(call.clock())) },
    ...accessControl && { access_control: accessControl },
    ...areas,
    ...headers !== undefined && { headers }
  }
}
