import type { AssetRecord } from '../../assets/asset.ts'
import { assetUrls } from '../../assets/asset-urls.ts'
import type { NamedDocument } from '../../store/documents.ts'
import { notFound } from '../../errors.ts'
import type { Call } from '../../api/call.ts'
import { Fields } from '../../api/fields.ts'
import { notifyEager, reasonOf, type FailureListeners } from '../../notifications/events.ts'
import { adopt, derive, entries, withExtension, type PictureMakers, type Wanted } from './eager.ts'

/** Derived assets of `eager_async` that an answer has promised, as they are kept until they are made. */
export interface PendingEager {
  asset: Pick<AssetRecord, 'asset_id' | 'version_id' | 'public_id'>
  wanted: Wanted[]
  /** Which ones are made already shows by these. */
  ids: string[]
  /** What the answer says of each. */
  promised: Record<string, unknown>[]
  /** Where the outcome is told. */
  fields: Record<string, unknown>
}

/** Those of one answer: a document under the `batch_id` that it tells. */
export interface EagerPromise extends NamedDocument { kind: 'pending_eager', value: PendingEager }

const ADDRESSES = ['notification_url', 'eager_notification_url']

/** Draws all names at once, before anything waits, as in `deriveAll`. The promise holds once it is stored. */
export function promiseEager (call: Call, record: AssetRecord, fields: Fields, wanted: Wanted[]): EagerPromise | undefined {
  if (!fields.flag('eager_async') || wanted.length === 0) return undefined
  const { asset_id: assetId, version_id: versionId, public_id: publicId } = record
  const name = call.random.hex(64)
  const ids = wanted.map(() => call.random.hex(32))
  const promised = wanted.map(({ transformation, format }) => ({
    transformation: withExtension(transformation, format),
    ...assetUrls(call, record, transformation, format)
  }))
  const addresses = Object.fromEntries(ADDRESSES.map((one) => [one, fields.text(one)]))
  return { kind: 'pending_eager', name, value: { asset: { asset_id: assetId, version_id: versionId, public_id: publicId }, wanted, ids, promised, fields: addresses } }
}

/** The promise of an asset's upload that is still to be kept. */
export function promiseOf (call: Call, record: AssetRecord): EagerPromise | undefined {
  const found = call.store.documents<PendingEager>('pending_eager').find(([, { asset }]) => asset.version_id === record.version_id)
  return found && { kind: 'pending_eager', name: found[0], value: found[1] }
}

/** What an answer says of them while they are made. */
export function processing ({ name, value }: EagerPromise): { eager: unknown[] } {
  return { eager: value.promised.map((one) => ({ status: 'processing', batch_id: name, ...one })) }
}

/** Makes those that are not there yet. One that fails keeps no other back; the notification tells of each. */
export async function keepPromise (
  call: Call, services: PictureMakers & FailureListeners, { name, value }: EagerPromise
): Promise<void> {
  const told: Record<string, unknown>[] = []
  for (const index of value.wanted.keys()) {
    told.push(await tell(call, services, value, index).catch((error: unknown) => {
      return { ...value.promised[index], status: 'failed', reason: reasonOf(error, services.onError) }
    }))
  }
  const fields = new Fields()
  fields.assign(value.fields)
  notifyEager(services.notifier, { cloud: call.cloud, fields }, value.asset, told, name)
  await call.store.removeDocument('pending_eager', name)
}

/** What is told of one that is made, by now or before. */
async function tell (
  call: Call, makers: PictureMakers, { asset, wanted, ids }: PendingEager, index: number
): Promise<Record<string, unknown>> {
  const { [index]: one } = wanted
  const record = call.store.findById(asset.asset_id)
  if (!one || record?.version_id !== asset.version_id) throw notFound(asset.public_id)
  const id = ids[index] ?? ''
  const known = call.store.derived.find(id)
  const made = known ?? { ...await derive(call, makers, record, one), id }
  if (!known) await adopt(call, makers.blobs, record, [made])
  return { ...entries(call, record, [made], [one])[0] }
}
