import { isoTime, type AssetRecord } from '../assets/asset.ts'
import type { CloudStore } from '../store/store.ts'

/**
 * `/image/list/{tag}.json`: the public assets with a tag, newest first. Undefined when the name does not end in `.json`.
 * Source: Cloudinary, "list_assets", client-side asset lists.
 */
export function listByTag (store: CloudStore, resourceType: string, name: string, nowMs: number): object | undefined {
  const tag = /^(.+)\.json$/.exec(name)?.[1]
  if (tag === undefined) return undefined
  const resources = [...store.assets.byTime(['tag', resourceType, tag], { descending: true })]
    .filter(({ type }) => type !== 'authenticated')
  return { resources: resources.map(viewOf), updated_at: isoTime(nowMs) }
}

function viewOf (record: AssetRecord) {
  const { version, format, width, height, type, context } = record
  return { public_id: record.public_id, version, format, width, height, type, created_at: record.created_at, ...(context && { context: { custom: context } }) }
}
