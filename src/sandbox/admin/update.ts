import { checkSupport, inUpdates } from '../api/check-parameters.ts'
import type { Call, Route } from '../api/call.ts'
import type { AssetRecord } from '../assets/asset.ts'
import { readChanges } from '../assets/changes.ts'
import { notificationUrl, notifyModeration } from '../notifications/events.ts'
import type { Notifier } from '../notifications/notifier.ts'
import { byAssetId, byPublicId, details, type DetailServices } from './details.ts'

interface UpdateServices extends DetailServices { readonly notifier: Notifier }

/** Changes to what is known about an asset. Source: Cloudinary, "Admin API reference", "update_resource". */
export const updateRoutes: Route<UpdateServices>[] = [
  {
    method: 'PUT',
    path: 'resources/:asset_id',
    guard: 'admin',
    action: async (call, services) => update(call, services, byAssetId(call))
  },
  {
    method: 'POST',
    path: 'resources/:rt(image|video|raw)/:type/*public_id',
    guard: 'admin',
    call: 'update',
    action: async (call, services) => update(call, services, byPublicId(call))
  }
]

async function update (call: Call, services: UpdateServices, record: AssetRecord): Promise<unknown> {
  notificationUrl(call.fields)
  checkSupport(call, call.fields, inUpdates)
  const changes = readChanges(call)
  const changed = await call.store.change(record.asset_id, (present) => changes(present))
  if (changed) await call.store.keepNewOptions(changed)
  if (changed && call.fields.has('moderation_status')) notifyModeration(services.notifier, call, changed)
  // Nothing waited between looking it up and changing it.
  return details(call, services, changed ?? record)
}
