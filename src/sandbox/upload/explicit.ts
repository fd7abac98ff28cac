import { isoTime, type AssetRecord } from '../asset.ts'
import { readChanges } from '../admin/update.ts'
import { missingParameter, notFound } from '../errors.ts'
import type { Call } from '../http/call.ts'
import { nameIgnored } from '../http/ignored.ts'
import { startModeration } from '../moderation.ts'
import { notificationUrl, notifyFailure, notifyUpload } from '../notifications/events.ts'
import { uploadAnswer } from './answer.ts'
import { checkSupport, nameUnfit } from './support.ts'
import { derivationAnswer, deriveWishes } from './derivation.ts'
import { adopt } from './eager.ts'

/** Parameters of uploads that clients send along, and that mean nothing without new bytes. */
const FOR_NEW_BYTES = ['format', 'transformation', 'upload_preset']

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
  nameUnfit(call, fields, record.resource_type)
  nameIgnored(call.reply, FOR_NEW_BYTES.filter((name) => fields.has(name)))
  notificationUrl(fields)
  notificationUrl(fields, 'eager_notification_url')
  const changes = readChanges(call)
  const kinds = fields.text('moderation')
  const moderation = kinds === undefined ? undefined : startModeration(kinds, isoTime(context.clock()))
  const change = (present: AssetRecord): AssetRecord => ({ ...changes(present), ...moderation && { moderation } })
  if (!fields.flag('async')) return perform(call, record, change)
  // Unlike an asynchronous upload it is not kept: a process that is killed leaves it undone.
  const pending = { status: 'pending', resource_type: record.resource_type, type: record.type, public_id: publicId }
  context.background.add(perform(call, record, change).then((answer) => { notifyUpload(call, fields, answer) }, (error: unknown) => { notifyFailure(call, fields, error, pending) }))
  return pending
}

/** All pictures that are asked for are made of the asset as it is going to be; only then it is changed. */
async function perform (call: Call, record: AssetRecord, change: (present: AssetRecord) => AssetRecord): Promise<Record<string, unknown>> {
  const { fields, store } = call
  const derivation = await deriveWishes(call, change(record), fields)
  const changed = await store.change(record.asset_id, change)
  await adopt(call, record, derivation.stored)
  if (!changed) throw notFound(record.public_id)
  const asset = store.findById(record.asset_id) ?? changed
  return { ...await uploadAnswer(call, asset, fields), ...derivationAnswer(call, asset, fields, derivation) }
}
