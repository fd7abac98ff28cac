import type { AssetRecord } from '../assets/asset.ts'

export type FieldValue = string | number

/** Fields that hold a time; their values are compared as milliseconds. */
export const TIME_FIELDS: ReadonlySet<string> = new Set(['created_at', 'uploaded_at', 'updated_at'])

/** What of an asset can be searched and sorted by. An unknown field has no values, so it finds nothing. */
export function valuesOf (record: AssetRecord, field: string, fixedFolders: boolean): FieldValue[] {
  if (field.startsWith('context.')) return present(record.context?.[field.slice('context.'.length)])
  if (field.startsWith('metadata.')) return present(record.metadata?.[field.slice('metadata.'.length)])
  const folder = record.public_id.split('/').slice(0, -1).join('/')
  switch (field) {
    case 'public_id': case 'asset_id': case 'resource_type': case 'type': case 'format': case 'bytes': case 'width': case 'height': case 'pages':
    case 'duration': case 'etag': case 'version': case 'display_name': case 'access_mode': return present(record[field])
    case 'asset_folder': return fixedFolders ? [] : [record.asset_folder]
    case 'folder': return fixedFolders ? [folder] : []
    case 'filename': return [record.public_id.split('/').at(-1) ?? record.public_id]
    case 'tags': return record.tags
    case 'context': return Object.keys(record.context ?? {})
    case 'metadata': return Object.keys(record.metadata ?? {})
    case 'created_at': case 'uploaded_at': return [Date.parse(record[field])]
    case 'updated_at': return [Date.parse(record.updated_at ?? record.uploaded_at)]
    case 'aspect_ratio': return record.width && record.height ? [record.width / record.height] : []
    case 'pixels': return record.width && record.height ? [record.width * record.height] : []
    case 'status': return ['active']
    case 'moderation_status': return record.moderation?.map(({ status }) => status) ?? []
    case 'moderation_kind': return record.moderation?.map(({ kind }) => kind) ?? []
    default: return []
  }
}

/** Every text that a bare word is looked for in. */
export function textsOf (record: AssetRecord): string[] {
  return [
    record.public_id, record.display_name, record.asset_folder, record.resource_type, record.type, record.format ?? '', record.original_filename ?? '',
    ...record.tags, ...Object.values(record.context ?? {}), ...Object.values(record.metadata ?? {}).map(String)
  ]
}

function present (value: unknown): FieldValue[] {
  if (Array.isArray(value)) return value.map(String)
  return typeof value === 'string' || typeof value === 'number' ? [value] : []
}
