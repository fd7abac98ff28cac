import { isoTime, type AssetRecord } from '../assets/asset.ts'
import { readChanges } from '../assets/changes.ts'
import { readDeliveryType } from '../assets/parameters.ts'
import { TRANSPORT } from '../api/known-parameters.ts'
import { missingParameter, notFound } from '../errors.ts'
import type { Call } from '../api/call.ts'
import { nameIgnored } from '../api/ignored.ts'
import { startModeration } from '../assets/moderation.ts'
import { notificationUrl, notifyFailure, notifyUpload } from '../notifications/events.ts'
import { randomSource } from '../random.ts'
import { uploadAnswer, type AnswerServices } from './answer.ts'
import { checkSupport, nameUnfit } from '../api/check-parameters.ts'
import { derivationAnswer, deriveWishes, type DerivationServices } from './derive/derivation.ts'
import { adopt } from './derive/eager.ts'
import { promiseEager } from './derive/eager-later.ts'

/** Parameters of uploads that clients send along, and that mean nothing without new bytes. */
const FOR_NEW_BYTES = ['format', 'transformation', 'upload_preset']

/** What an asset is changed with. */
export interface ExplicitServices extends AnswerServices, DerivationServices {}

/** `POST /{resource_type}/explicit`: changes an asset as an upload would, without new bytes. */
export async function explicit (call: Call, services: ExplicitServices): Promise<unknown> {
  const { fields, store } = call
  const publicId = fields.text('public_id')
  if (publicId === undefined) throw missingParameter('public_id')
  if (!fields.has('type')) throw missingParameter('type')
  const type = readDeliveryType(fields)
  const record = store.find(call.params.rt ?? 'image', type, publicId)
  if (!record) throw notFound(publicId)
  checkSupport(call, fields)
  nameUnfit(call, fields, record.resource_type)
  nameIgnored(call.reply, FOR_NEW_BYTES.filter((name) => fields.has(name)))
  notificationUrl(fields)
  notificationUrl(fields, 'eager_notification_url')
  const change = readChange(call)
  return fields.flag('async') ? performLater(call, services, record) : perform(call, services, record, change)
}

type ChangeAsset = (present: AssetRecord) => AssetRecord

/** All mistakes in what is asked for are found before anything is done. */
function readChange (call: Call): ChangeAsset {
  const changes = readChanges(call)
  const kinds = call.fields.text('moderation')
  const moderation = kinds === undefined ? undefined : startModeration(kinds, isoTime(call.clock()))
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
async function performLater (call: Call, services: ExplicitServices, record: AssetRecord): Promise<object> {
  const name = call.random.hex(64)
  const pending = { status: 'pending', resource_type: record.resource_type, type: record.type, public_id: record.public_id }
  const kept = Object.fromEntries([...call.fields.entries()].filter(([one]) => !TRANSPORT.has(one)))
  const change: PendingExplicit = { assetId: record.asset_id, fields: kept, pending, askedMs: call.clock() }
  await call.store.putDocument('pending_explicit', name, change)
  services.background.add(performPending(call, services, name, change))
  return pending
}

/** Does what `performLater` has promised. Done twice it comes to the same: the process may have ended before it was noted. */
export async function performPending (
  call: Call, services: ExplicitServices, name: string, { assetId, pending }: PendingExplicit
): Promise<void> {
  // Names of its own: nobody can foresee which call has its turn meanwhile.
  const later: Call = { ...call, random: randomSource(name) }
  try {
    const record = call.store.findById(assetId)
    if (!record) throw notFound(pending.public_id)
    notifyUpload(services.notifier, call, await perform(later, services, record, readChange(later)))
  } catch (error) {
    notifyFailure(services, call, error, pending)
  }
  await call.store.removeDocument('pending_explicit', name)
}

/** All pictures that are asked for are made of the asset as it is going to be; only then it is changed. */
async function perform (
  call: Call, services: ExplicitServices, record: AssetRecord, change: ChangeAsset
): Promise<Record<string, unknown>> {
  const { fields, store } = call
  const derivation = await deriveWishes(call, services, change(record), fields)
  const changed = await store.change(record.asset_id, change)
  await adopt(call, services.blobs, record, derivation.stored)
  if (!changed) throw notFound(record.public_id)
  await store.keepNewOptions(changed)
  const asset = store.findById(record.asset_id) ?? changed
  const promise = promiseEager(call, asset, fields, derivation.eager)
  if (promise) await store.putDocument(promise.kind, promise.name, promise.value)
  const answer = await uploadAnswer(call, services, asset, fields)
  return { ...answer, ...derivationAnswer(call, services, asset, { fields, derivation, promise }) }
}
