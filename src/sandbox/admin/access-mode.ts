import { listItem } from '../assets/asset-views.ts'
import { deliveryType } from '../assets/parameters.ts'
import { SandboxError } from '../errors.ts'
import type { Call, Route } from '../api/call.ts'

/** Many assets at once: who may see them. Deprecated by the vendor in favour of `access_control`, and still used. */
export const accessModeRoutes: Route[] = [
  { method: 'POST', path: 'resources/:rt(image|video|raw)/:type/update_access_mode', guard: 'admin', action: updateAccessMode }
]

async function updateAccessMode (call: Call): Promise<unknown> {
  const { fields, params, store } = call
  const mode = fields.text('access_mode')
  if (mode !== 'public' && mode !== 'authenticated') throw new SandboxError(400, `Invalid value ${mode ?? ''} for parameter access_mode`)
  const type = deliveryType(params.type ?? '')
  const ids = fields.list('public_ids')
  const [prefix, tag] = [fields.text('prefix'), fields.text('tag')]
  if (!ids && prefix === undefined && tag === undefined) throw new SandboxError(400, 'Missing required parameter - public_ids')
  const { rt = '' } = params
  const listed = () => prefix !== undefined
    ? store.assets.byName(['type', rt, type], prefix)
    : store.assets.byTime(['tag', rt, tag ?? ''])
  const wanted = ids
    ? [...new Set(ids)].map((id) => store.find(rt, type, id)).filter((record) => record !== undefined)
    : [...listed()].filter((record) => record.type === type)
  const updated = await Promise.all(wanted.map((record) => store.change(record.asset_id, (present) => ({ ...present, access_mode: mode }))))
  return { updated: updated.filter((record) => record !== undefined).map((record) => listItem(call, record)), failed: [] }
}
