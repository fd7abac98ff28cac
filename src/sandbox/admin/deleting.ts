import type { AssetRecord } from '../assets/asset.ts'
import { missingParameter, SandboxError } from '../errors.ts'
import type { Call, Route } from '../api/call.ts'
import { notifyDelete } from '../notifications/events.ts'
import type { Notifier } from '../notifications/notifier.ts'
import { deliveryType } from '../assets/parameters.ts'
import { pageInOrder, type OrderedList } from '../api/paging.ts'
import { inName, inTime } from './orderings.ts'

const MAX_IDS = 100
/** Originals that one call removes; the rest is left for the next. */
const MAX_ORIGINALS = 1000

interface DeleteServices { readonly notifier: Notifier }

/** Deleting many at once. Source: Cloudinary, "Admin API reference", "delete_resources". */
export const deletingRoutes: Route<DeleteServices>[] = [
  { method: 'DELETE', path: 'resources', guard: 'admin', action: byAssetIds },
  { method: 'DELETE', path: 'resources/:rt(image|video|raw)/tags/*tag', guard: 'admin', action: ofOneTag },
  { method: 'DELETE', path: 'resources/:rt(image|video|raw)/:type', guard: 'admin', call: 'delete_resources', action: ofOneType },
  { method: 'DELETE', path: 'derived_resources', guard: 'admin', action: derivedByIds }
]

interface Named { name: string, record?: AssetRecord }

async function ofOneTag (call: Call, services: DeleteServices): Promise<unknown> {
  const { rt = '', tag = '' } = call.params
  return removeAll(call, services, inTime(call.store.assets, ['tag', rt, tag], { descending: false }))
}

async function ofOneType (call: Call, services: DeleteServices): Promise<unknown> {
  const { fields } = call
  const type = deliveryType(call.params.type ?? '')
  const ids = limitedIds(call, 'public_ids')
  const { rt = '' } = call.params
  const find = (id: string) => call.store.find(rt, type, id)
  if (ids) return remove(call, services, ids.map((id) => namedAsset(id, find(id))))
  const prefix = fields.text('prefix') ?? (fields.flag('all') ? '' : undefined)
  if (prefix !== undefined) {
    const named = inName(call.store.assets, ['type', rt, type], { prefix, descending: false })
    return removeAll(call, services, named)
  }
  throw missingParameter('public_ids')
}

async function byAssetIds (call: Call, services: DeleteServices): Promise<unknown> {
  const ids = limitedIds(call, 'asset_ids')
  if (!ids) throw missingParameter('asset_ids')
  return remove(call, services, ids.map((id) => namedAsset(id, call.store.findById(id))))
}

async function derivedByIds (call: Call): Promise<unknown> {
  const ids = limitedIds(call, 'derived_resource_ids')
  if (!ids) throw missingParameter('derived_resource_ids')
  const deleted: Record<string, string> = Object.fromEntries(ids.map((id) => [id, 'not_found']))
  const gone = ids.map((id) => call.store.derived.find(id)).filter((derived) => derived !== undefined)
  await call.store.removeDerived(gone)
  for (const { id } of gone) deleted[id] = 'deleted'
  return { deleted }
}

async function removeAll (
  call: Call, services: DeleteServices, records: OrderedList<AssetRecord>
): Promise<unknown> {
  const { items, ...next } = pageInOrder(records, {
    cursor: call.fields.text('next_cursor'),
    maxResults: MAX_ORIGINALS
  })
  const answer = await remove(call, services, items.map((record) => namedAsset(record.public_id, record)))
  return { ...answer, partial: next.next_cursor !== undefined, ...next }
}

async function remove (
  call: Call, { notifier }: DeleteServices, wanted: readonly Named[]
): Promise<Record<string, unknown>> {
  const keepOriginal = call.fields.flag('keep_original')
  const transformations = readTransformations(call)?.map(canonical)
  const deleted: Record<string, string> = {}
  const counts: Record<string, { original: number, derived: number }> = {}
  await Promise.all(wanted.map(async ({ name, record }) => {
    deleted[name] = record ? 'deleted' : 'not_found'
    const derived = record ? [...call.store.derived.byId(record.asset_id)] : []
    const goes = transformations
      ? derived.filter((one) => transformations.includes(canonical(one.transformation)))
      : derived
    const original = record && !keepOriginal && !transformations ? 1 : 0
    counts[name] = { original, derived: goes.length }
    if (!record) return
    if (original) await call.store.remove(record)
    else await call.store.removeDerived(goes)
  }))
  if (!keepOriginal && !transformations) {
    notifyDelete(notifier, call, wanted.map(({ record }) => record).filter((record) => record !== undefined))
  }
  return { deleted, deleted_counts: counts, partial: false }
}

/** A list by pipes, or an array. */
function readTransformations ({ fields }: Call): string[] | undefined {
  const raw = fields.raw('transformations')
  return Array.isArray(raw) ? raw.map(String) : fields.text('transformations')?.split('|')
}

/** Keys sorted within each component, so that the order in which somebody wrote them does not matter. */
function canonical (transformation: string): string {
  return transformation.split('/').map((component) => component.split(',').sort().join(',')).join('/')
}

function namedAsset (name: string, record: AssetRecord | undefined): Named {
  return { name, ...record && { record } }
}

function limitedIds (call: Call, name: string): string[] | undefined {
  const ids = call.fields.list(name)
  if (ids && ids.length > MAX_IDS) throw new SandboxError(400, `Too many ${name}. Maximum is ${MAX_IDS}.`)
  return ids && [...new Set(ids)]
}
