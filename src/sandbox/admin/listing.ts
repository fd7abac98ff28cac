import { isoTime, type AssetRecord } from '../assets/asset.ts'
import { listItem } from '../assets/asset-views.ts'
import { missingParameter, SandboxError } from '../errors.ts'
import type { Call, Route } from '../api/call.ts'
import { deliveryType, resourceType } from '../assets/parameters.ts'
import { pageInOrder, type OrderedList } from '../api/paging.ts'
import type { ListName } from '../store/asset-index.ts'
import { inName, inTime } from './orderings.ts'

const MAX_IDS = 100

/** Lists of assets. Source: Cloudinary, "Admin API reference", "resources". */
export const listingRoutes: Route[] = [
  { method: 'GET', path: 'resources', guard: 'admin', action: async () => ({ resource_types: ['image', 'raw', 'video'] }) },
  { method: 'GET', path: 'resources/by_asset_ids', guard: 'admin', action: byAssetIds },
  { method: 'GET', path: 'resources/by_asset_folder', guard: 'admin', action: byAssetFolder },
  { method: 'GET', path: 'resources/:rt(image|video|raw)/tags/*tag', guard: 'admin', action: byTag },
  { method: 'GET', path: 'resources/:rt(image|video|raw)/context', guard: 'admin', call: 'resources_by_context', action: byContext },
  { method: 'GET', path: 'resources/:rt(image|video|raw)/moderations/:kind/:status', guard: 'admin', action: byModeration },
  { method: 'GET', path: 'resources/:rt(image|video|raw)', guard: 'admin', action: byType },
  { method: 'GET', path: 'resources/:rt(image|video|raw)/:type', guard: 'admin', action: byType }
]

async function byType (call: Call): Promise<unknown> {
  const { fields, params } = call
  const named = params.type ?? fields.text('type')
  const type = named === undefined ? undefined : deliveryType(named)
  const ids = fields.list('public_ids')
  if (ids) return byPublicIds(call, ids, type ?? 'upload')
  const name = type === undefined ? ['kind', kindOf(call)] as const : ['type', kindOf(call), type] as const
  const prefix = fields.text('prefix')
  if (prefix === undefined) return list(call, name)
  const descending = fields.has('direction') && !isAscending(fields.text('direction'))
  return answerPage(call, inName(call.store.assets, name, { prefix, descending }))
}

function byPublicIds (call: Call, ids: readonly string[], type: string): unknown {
  if (ids.length > MAX_IDS) throw new SandboxError(400, `Too many public_ids. Maximum is ${MAX_IDS}.`)
  const found = [...new Set(ids)].map((id) => call.store.find(resourceType(call.params.rt ?? ''), type, id)).filter((record) => record !== undefined)
  return { resources: found.map((record) => listItem(call, record, call.fields)) }
}

async function byAssetIds (call: Call): Promise<unknown> {
  const ids = call.fields.list('asset_ids')
  if (!ids) throw missingParameter('asset_ids')
  if (ids.length > MAX_IDS) throw new SandboxError(400, `Too many asset_ids. Maximum is ${MAX_IDS}.`)
  const found = [...new Set(ids)].map((id) => call.store.findById(id)).filter((record) => record !== undefined)
  return { resources: found.map((record) => listItem(call, record, call.fields)) }
}

async function byAssetFolder (call: Call): Promise<unknown> {
  const folder = call.fields.given('asset_folder')
  if (folder === undefined) throw missingParameter('asset_folder')
  const name = ['folder', folder] as const
  return {
    ...answerPage(call, inTime(call.store.assets, name, { descending: true })),
    total_count: call.store.assets.size(name)
  }
}

async function byTag (call: Call): Promise<unknown> {
  return list(call, ['tag', kindOf(call), call.params.tag ?? ''])
}

async function byContext (call: Call): Promise<unknown> {
  const key = call.fields.text('key')
  if (key === undefined) throw missingParameter('key')
  const value = call.fields.text('value')
  const kind = kindOf(call)
  return list(call, value === undefined ? ['context', kind, key] : ['context', kind, key, value])
}

async function byModeration (call: Call): Promise<unknown> {
  const { kind = '', status = '' } = call.params
  return list(call, ['moderation', kindOf(call), kind, status])
}

function kindOf ({ params }: Call): string { return resourceType(params.rt ?? '') }

function list (call: Call, name: ListName): unknown {
  const { fields } = call
  const since = startTime(fields.text('start_at'))
  const descending = !isAscending(fields.text('direction'))
  return answerPage(call, inTime(call.store.assets, name, { descending, since }))
}

function answerPage (call: Call, records: OrderedList<AssetRecord>): Record<string, unknown> {
  const { items, ...next } = pageInOrder(records, {
    cursor: call.fields.text('next_cursor'),
    maxResults: call.fields.integer('max_results', { min: 1, max: 500, fallback: 10 })
  })
  return { resources: items.map((record) => listItem(call, record, call.fields)), ...next }
}

/**
 * Reads `start_at`: only assets created since then are listed, in either direction. A list by prefix or by
 * public IDs does not read it. Source: documentation of the official Node client, "resources".
 */
function startTime (text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  const ms = Date.parse(text)
  if (Number.isNaN(ms)) throw new SandboxError(400, `Invalid value ${text} for parameter start_at`)
  // Assets know the second in which they were made.
  return isoTime(Math.ceil(ms / 1000) * 1000)
}

function isAscending (direction: string | undefined): boolean {
  if (direction !== undefined && !/^(asc|desc|1|-1)$/i.test(direction)) throw new SandboxError(400, `Invalid value ${direction} for parameter direction`)
  return direction !== undefined && /^(asc|1)$/i.test(direction)
}
