import { isoTime, type AssetRecord } from '../asset.ts'
import { readChanges } from '../admin/update.ts'
import { missingParameter, notFound } from '../errors.ts'
import type { Call } from '../http/call.ts'
import { startModeration } from '../moderation.ts'
import { notificationUrl, notifyFailure, notifyUpload } from '../notifications/events.ts'
import { uploadAnswer } from './answer.ts'
import { checkSupport } from './support.ts'
import { addEager } from './eager.ts'

/** `POST /{resource_type}/explicit`: changes an asset as an upload would, without new bytes. */
export async function explicit (call: Call): Promise<unknown> {
  const { fields, store, context } = call
  const publicId = fields.text('public_id')
  if (publicId === undefined) throw missingParameter('public_id')
  const type = fields.text('type')
  if (type === undefined) throw missingParameter('type')
  const record = store.find(call.params.rt ?? 'image', type, publicId)
  if (!record) throw notFound(publicId)
  checkSupport(call, fields)
  notificationUrl(fields)
  notificationUrl(fields, 'eager_notification_url')
  const changes = readChanges(call)
  const kinds = fields.text('moderation')
  const moderation = kinds === undefined ? undefined : startModeration(kinds, isoTime(context.clock()))
  const changed = await store.change(record.asset_id, (present) => ({ ...changes(present), ...moderation && { moderation } }))
  const asset = changed ?? record
  if (!fields.flag('async')) return answer(call, asset)
  const pending = { status: 'pending', resource_type: asset.resource_type, type: asset.type, public_id: publicId }
  context.background.add(answer(call, asset).then((done) => { notifyUpload(call, fields, done) }, (error: unknown) => { notifyFailure(call, fields, error, pending) }))
  return pending
}

async function answer (call: Call, asset: AssetRecord): Promise<Record<string, unknown>> {
  const eager = await addEager(call, asset, call.fields)
  return { ...await uploadAnswer(call, call.store.findById(asset.asset_id) ?? asset, call.fields), ...eager }
}
