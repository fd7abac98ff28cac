import { isoTime } from '../asset.ts'
import { readChanges } from '../admin/update.ts'
import { missingParameter, notFound } from '../errors.ts'
import type { Call } from '../http/call.ts'
import { startModeration } from '../moderation.ts'
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
  const changes = readChanges(call)
  const kinds = fields.text('moderation')
  const moderation = kinds === undefined ? undefined : startModeration(kinds, isoTime(context.clock()))
  const changed = await store.change(record.asset_id, (present) => ({ ...changes(present), ...moderation && { moderation } }))
  const asset = changed ?? record
  if (fields.flag('async')) {
    context.background.add(addEager(call, asset, fields))
    return { status: 'pending', resource_type: asset.resource_type, type: asset.type, public_id: publicId }
  }
  const eager = await addEager(call, asset, fields)
  return { ...await uploadAnswer(call, store.findById(asset.asset_id) ?? asset, fields), ...eager }
}
