import { isoTime, type AssetRecord } from '../assets/asset.ts'
import { readChanges } from '../admin/update.ts'
import { TRANSPORT } from '../api/known-parameters.ts'
import { missingParameter, notFound } from '../errors.ts'
import type { Call } from '../api/call.ts'
import { nameIgnored } from '../api/ignored.ts'
import { startModeration } from '../assets/moderation.ts'
import { notificationUrl, notifyFailure, notifyUpload } from '../notifications/events.ts'
import { randomSource } from '../random.ts'
import { uploadAnswer } from './answer.ts'
import { checkSupport, nameUnfit } from '../api/check-parameters.ts'
import { derivationAnswer, deriveWishes } from './derive/derivation.ts'
import { adopt } from './derive/eager.ts'
import { promiseEager } from './derive/eager-later.ts'

/** Parameters of uploads that clients send along, and that mean nothing without new bytes. */
const FOR_NEW_BYTES = ['format', 'transformation', 'upload_preset']

/** `POST /{resource_type}/explicit`: changes an asset as an upload would, without new bytes. */
export async function explicit (call: Call): Promise<unknown> {
  const { fields, store } = call
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
  const change = readChange(call)
  return fields.flag('async') ? performLater(call, record) : perform(call, record, change)
}

type ChangeAsset = (present: AssetRecord) => AssetRecord

/** All faults of what is asked for are found before anything is done. */
function readChange (call: Call): ChangeAsset {
  const changes = readChanges(call)
  const kinds = call.fields.text('moderation')
  const moderation = kinds === undefined ? undefined : startModeration(kinds, isoTime(call.context.clock()))
  return (present) => ({ ...changes(present), ...moderation && { moderation } })
}

/** An `explicit` that was answered and is still to be done, as it is kept until then. */
export interface PendingExplicit {
  assetId: string
  fields: Record<string, unknown>
  pending: { status: string, resource_type: string, type: string, public_id: string }
  /** They are begun anew in the order in which they came. */
  askedMs: number
}

/** `async`: the answer comes first, and outlives the process, as that of an upload does. */
async function performLater (call: Call, record: AssetRecord): Promise<object> {
  const name = call.context.random.hex(64)
  const pending = { status: 'pending', resource_type: record.resource_type, type: record.type, public_id: record.public_id }
  const kept = Object.fromEntries([...call.fields.entries()].filter(([one]) => !TRANSPORT.has(one)))
  const change: PendingExplicit = { assetId: record.asset_id, fields: kept, pending, askedMs: call.context.clock() }
  await call.store.putDocument('pending_explicit', name, change)
  call.context.background.add(performPending(call, name, change))
  return pending
}

/** Does what `performLater` has promised. Done twice it comes to the same: the process may have ended before it was noted. */
export async function performPending (call: Call, name: string, { assetId, pending }: PendingExplicit): Promise<void> {
  // Names of its own: nobody can foresee which call has its turn meanwhile.
  const later: Call = { ...call, context: { ...call.context, random: randomSource(name) } }
  try {
    const record = call.store.findById(assetId)
    if (!record) throw notFound(pending.public_id)
    notifyUpload(later, call.fields, await perform(later, record, readChange(later)))
  } catch (error) {
    notifyFailure(later, call.fields, error, pending)
  }
  await call.store.removeDocument('pending_explicit', name)
}

/** All pictures that are asked for are made of the asset as it is going to be; only then it is changed. */
async function perform (call: Call, record: AssetRecord, change: ChangeAsset): Promise<Record<string, unknown>> {
  const { fields, store } = call
  const derivation = await deriveWishes(call, change(record), fields)
  const changed = await store.change(record.asset_id, change)
  await adopt(call, record, derivation.stored)
  if (!changed) throw notFound(record.public_id)
  const asset = store.findById(record.asset_id) ?? changed
  const promise = promiseEager(call, asset, fields, derivation.eager)
  if (promise) await store.putDocument(promise.kind, promise.name, promise.value)
  return { ...await uploadAnswer(call, asset, fields), ...derivationAnswer(call, asset, fields, derivation, promise) }
}
