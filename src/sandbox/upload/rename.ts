import { missingParameter, notFound, SandboxError } from '../errors.ts'
import type { Call } from '../api/call.ts'
import { notificationUrl, notifyRename } from '../notifications/events.ts'
import type { Notifier } from '../notifications/notifier.ts'
import { readDeliveryType } from '../assets/parameters.ts'
import { uploadAnswer, type AnswerServices } from './answer.ts'
import { assertPublicId } from './naming.ts'

interface RenameServices extends AnswerServices { readonly notifier: Notifier }

/** `POST /{resource_type}/rename`: a new public ID, another delivery type, or both. Derived assets do not come along. */
export async function rename (call: Call, services: RenameServices): Promise<unknown> {
  const { fields, store } = call
  const from = fields.text('from_public_id')
  const to = fields.text('to_public_id')
  if (from === undefined) throw missingParameter('from_public_id')
  if (to === undefined) throw missingParameter('to_public_id')
  assertPublicId(to)
  notificationUrl(fields)
  const resourceType = call.params.rt ?? 'image'
  const type = readDeliveryType(fields)
  const toType = fields.has('to_type') ? readDeliveryType(fields, 'to_type') : type
  // Read in any case: a field that is not read is named as ignored.
  const overwrites = fields.flag('overwrite')
  const record = store.find(resourceType, type, from)
  if (!record) throw notFound(from)
  const target = store.find(resourceType, toType, to)
  if (target && target.asset_id !== record.asset_id && !overwrites) throw new SandboxError(400, `to_public_id ${to} already exists`)
  const fixed = call.cloud.folderMode === 'fixed'
  const changed = await store.change(record.asset_id, (present) => ({
    ...present,
    public_id: to,
    type: toType,
    version: Math.floor(call.clock() / 1000),
    ...fixed && { asset_folder: to.split('/').slice(0, -1).join('/') }
  }), { derived: [] })
  if (changed) notifyRename(services.notifier, call, changed, from)
  const { context: shownContext, metadata, ...answer } = await uploadAnswer(call, services, changed ?? record)
  return { ...answer, ...fields.flag('context') && shownContext !== undefined && { context: shownContext }, ...fields.flag('metadata') && metadata !== undefined && { metadata } }
}
