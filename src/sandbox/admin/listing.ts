import type { AssetRecord } from '../assets/asset.ts'
import { listItem } from '../assets/asset-views.ts'
import { missingParameter, SandboxError } from '../errors.ts'
import type { Call, Route } from '../api/call.ts'
import { deliveryType, resourceType } from '../assets/parameters.ts'
import { page, type Ordering } from '../api/paging.ts'

const MAX_IDS = 100

/** Lists of assets. Source: Cloudinary, "Admin API reference", "resources". */
export const listingRoutes: Route[] = [
  { method: 'GET', path: 'resources', guard: 'admin', action: async () => ({ resource_types: ['image', 'raw', 'video'] }) },
  { method: 'GET', path: 'resources/by_asset_ids', guard: 'admin', action: byAssetIds },
  { method: 'GET', path: 'resources/by_asset_folder', guard: 'admin', action: byAssetFolder },
  { method: 'GET', path: 'resources/:rt(image|video|raw)/tags/*tag', guard: 'admin', action: async (call) => list(call, (record) => record.tags.includes(call.params.tag ?? '')) },
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
  const prefix = fields.text('prefix')
  return list(call, (record) => (type === undefined || record.type === type) && (prefix === undefined || record.public_id.startsWith(prefix)))
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
  const inFolder = [...call.store.all()].filter((record) => record.asset_folder === folder)
  return { ...answerPage(call, inFolder, newestFirst(true)), total_count: inFolder.length }
}

async function byContext (call: Call): Promise<unknown> {
  const key = call.fields.text('key')
  if (key === undefined) throw missingParameter('key')
  const value = call.fields.text('value')
  return list(call, ({ context }) => context?.[key] !== undefined && (value === undefined || context[key] === value))
}

async function byModeration (call: Call): Promise<unknown> {
  const { kind, status } = call.params
  return list(call, ({ moderation }) => moderation?.some((one) => one.kind === kind && one.status === status) ?? false)
}

function list (call: Call, wanted: (record: AssetRecord) => boolean): unknown {
  const { fields } = call
  const type = resourceType(call.params.rt ?? '')
  const byPrefix = fields.has('prefix')
  const since = byPrefix ? undefined : startMs(fields.text('start_at'))
  const descending = !isAscending(fields.text('direction'))
  const isListed = (record: AssetRecord) => record.resource_type === type && wanted(record) &&
    (since === undefined || Date.parse(record.created_at) >= since)
  const records = [...call.store.all()].filter(isListed)
  const isReversed = fields.has('direction') && descending
  return answerPage(call, records, byPrefix ? byName(isReversed) : newestFirst(descending))
}

function answerPage (call: Call, records: readonly AssetRecord[], ordering: Ordering<AssetRecord>): Record<string, unknown> {
  const { items, ...next } = page(records, ordering, {
    cursor: call.fields.text('next_cursor'),
    maxResults: call.fields.integer('max_results', { min: 1, max: 500, fallback: 10 })
  })
  return { resources: items.map((record) => listItem(call, record, call.fields)), ...next }
}

/**
 * Reads `start_at`: only assets created since then are listed, in either direction. A list by prefix or by
 * public IDs does not read it. Source: documentation of the official Node client, "resources".
 */
function startMs (text: string | undefined): number | undefined {
  const ms = text === undefined ? undefined : Date.parse(text)
  if (ms !== undefined && Number.isNaN(ms)) throw new SandboxError(400, `Invalid value ${text} for parameter start_at`)
  return ms
}

function isAscending (direction: string | undefined): boolean {
  if (direction !== undefined && !/^(asc|desc|1|-1)$/i.test(direction)) throw new SandboxError(400, `Invalid value ${direction} for parameter direction`)
  return direction !== undefined && /^(asc|1)$/i.test(direction)
}

function newestFirst (descending: boolean): Ordering<AssetRecord> {
  return { name: descending ? 'created_desc' : 'created_asc', keyOf: (record) => [record.created_at, record.sequence], descending: [descending, descending] }
}

function byName (descending: boolean): Ordering<AssetRecord> {
  return { name: descending ? 'id_desc' : 'id_asc', keyOf: (record) => [record.public_id, record.type, record.sequence], descending: [descending, false, false] }
}
