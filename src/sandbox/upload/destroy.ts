import { missingParameter } from '../errors.ts'
import type { Call } from '../api/call.ts'
import { namePolled } from '../api/check-parameters.ts'
import { notificationUrl, notifyDelete } from '../notifications/events.ts'
import type { Notifier } from '../notifications/notifier.ts'
import { readDeliveryType } from '../assets/parameters.ts'
import type { DeleteTokens } from './delete-tokens.ts'

interface DestroyServices { readonly notifier: Notifier }
interface TokenServices extends DestroyServices { readonly deleteTokens: DeleteTokens }

/** `POST /{resource_type}/destroy`: absent assets are no error here. */
export async function destroy (call: Call, { notifier }: DestroyServices): Promise<unknown> {
  const { fields, store } = call
  notificationUrl(fields)
  namePolled(call)
  const assetId = fields.text('asset_id')
  const publicId = fields.text('public_id')
  if (assetId === undefined && publicId === undefined) throw missingParameter('public_id')
  const record = assetId !== undefined
    ? store.findById(assetId)
    : store.find(call.params.rt ?? 'image', readDeliveryType(fields), publicId ?? '')
  if (!record) return { result: 'not found' }
  await store.remove(record)
  notifyDelete(notifier, call, [record])
  return { result: 'ok', ...assetId !== undefined && { asset_folder: record.asset_folder } }
}

/** `POST /delete_by_token`: the token alone is the credential. */
export async function deleteByToken (
  call: Call, { notifier, deleteTokens }: TokenServices
): Promise<unknown> {
  const token = call.fields.text('token')
  if (token === undefined) throw missingParameter('token')
  const record = call.store.findById(deleteTokens.assetOf(call.store, token))
  // The asset first: whoever is cut off in between can ask again.
  if (record) await call.store.remove(record)
  await deleteTokens.spend(call.store, token)
  if (!record) return { result: 'not found' }
  notifyDelete(notifier, call, [record])
  return { result: 'ok' }
}
