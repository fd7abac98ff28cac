import { createHash } from 'node:crypto'
import { isoTime, type AssetRecord, type DerivedRecord } from '../assets/asset.ts'
import { TRANSPORT } from '../api/known-parameters.ts'
import type { Store } from '../store/store.ts'
import { SandboxError } from '../errors.ts'
import type { ReceivedFile } from '../api/body.ts'
import type { Call } from '../api/call.ts'
import { Fields } from '../api/fields.ts'
import { uniqueDisplayName } from '../assets/display-name.ts'
import { randomSource } from '../random.ts'
import { readDeliveryType } from '../assets/parameters.ts'
import type { ResourceTypeName } from '../assets/kinds.ts'
import { notificationUrl, notifyFailure, notifyUpload } from '../notifications/events.ts'
import { derivationAnswer, deriveWishes, type Derivation } from './derive/derivation.ts'
import { promiseEager, type EagerPromise } from './derive/eager-later.ts'
import { canonicalFormat } from '../format-names.ts'
import { convertIncoming, draftRecord } from './derive/incoming.ts'
import type { Inspected } from './inspect/inspect.ts'
import { judge } from './judge.ts'
import { nameAsset } from './naming.ts'
import { optionalParts } from './optional-parts.ts'
import { parseContentRange } from './pieces.ts'
import type { ChunkedUploads } from './chunks.ts'
import type { ExplicitServices } from './explicit.ts'
import { effectiveFields } from './preset.ts'
import { answerAgain, uploadAnswer } from './answer.ts'
import { checkSupport, nameUnfit } from '../api/check-parameters.ts'
import { takeFile, type SourceServices } from './source.ts'

/** What an asset is made with. */
export interface UploadServices extends ExplicitServices, SourceServices {
  readonly chunks: ChunkedUploads
  readonly store: Pick<Store, 'nextSequence'>
}

/** `POST /{resource_type}/upload`, whole or in chunks. Source: Cloudinary, "Upload API reference". */
export async function upload (call: Call, services: UploadServices): Promise<unknown> {
  const fields = effectiveFields(call)
  checkSupport(call, fields)
  const wanted = call.params.rt ?? 'auto'
  const id = call.headers['x-unique-upload-id']
  const range = call.headers['content-range']
  const isLater = fields.flag('async')
  if (isLater) assertAnswerable(fields)
  const store = isLater ? storeLater : storeUpload
  // An id alone makes no chunk: one official client sends it with every upload.
  const take = () => takeFile(call, services)
  if (range === undefined) return store(call, services, { fields, wanted, file: await take() })
  if (typeof id !== 'string') throw new SandboxError(400, 'Content range is invalid')
  const chunk = parseContentRange(range)
  const answer = await services.chunks.accept(call.store, id, chunk, await take(), {
    wish: wishOf(fields, wanted),
    stands: (told) => stands(call, told),
    complete: (file) => store(call, services, { fields, wanted, file }),
    recall: (blob) => recall(call, services, fields, blob)
  })
  if (!('done' in answer) || answer.done) return answer
  const publicId = fields.text('public_id')
  return { ...answer, kind: fields.text('type') ?? 'upload', resource_type: wanted, ...publicId !== undefined && { public_id: publicId }, upload_id: id }
}

/** All that a call asks for, without what differs from one signing of it to the next. */
function wishOf (fields: Fields, wanted: string): string {
  const wishes = [...fields.entries()].filter(([name]) => !TRANSPORT.has(name) && name !== 'timestamp')
  return createHash('sha256').update(JSON.stringify([wanted, ...wishes.sort(([one], [other]) => one < other ? -1 : 1)])).digest('hex')
}

/** Whether the asset of an answer is there as it was answered. One that is still to be made has no version to ask for. */
function stands (call: Call, told: Partial<AssetRecord>): boolean {
  const { resource_type: resourceType = '', type = '', public_id: publicId = '', version_id: versionId } = told
  return versionId === undefined || call.store.find(resourceType, type, publicId)?.version_id === versionId
}

async function recall (
  call: Call, services: UploadServices, fields: Fields, blob: string
): Promise<object | undefined> {
  const record = call.store.assets.findByBlob(blob)
  return record && answerAgain(call, services, record, fields)
}

/** The file of an upload, with what is asked for: `wanted` is a resource type, or `auto`. */
interface Received { fields: Fields, wanted: string, file: ReceivedFile }

/** An upload that was answered and is still to be done, as it is kept until then. Its bytes are in the blob. */
export interface PendingUpload { wanted: string, fields: Record<string, unknown>, blob: string, file: Omit<ReceivedFile, 'key'>, pending: Record<string, unknown> }

/** `async`: the answer comes first, and outlives the process. Whether it came to an asset or to nothing, a notification tells. */
async function storeLater (
  call: Call, services: UploadServices, { fields, wanted, file }: Received
): Promise<object> {
  const batch = call.random.hex(64)
  const publicId = fields.text('public_id')
  const pending = { status: 'pending', resource_type: wanted, type: readDeliveryType(fields), ...publicId !== undefined && { public_id: publicId }, batch_id: batch }
  const { key: blob, ...facts } = file
  const upload: PendingUpload = { wanted, fields: Object.fromEntries([...fields.entries()].filter(([name]) => !TRANSPORT.has(name))), blob, file: facts, pending }
  await call.store.putDocument('pending_upload', batch, upload)
  services.background.add(storePending(call, services, batch, upload))
  return pending
}

/** Does what `storeLater` has promised. */
export async function storePending (
  call: Call, services: UploadServices, batch: string, upload: PendingUpload
): Promise<void> {
  const { wanted, fields: kept, blob, pending } = upload
  const fields = new Fields()
  fields.assign(kept)
  // Names of its own: nobody can foresee which call has its turn meanwhile.
  const later: Call = { ...call, random: randomSource(batch) }
  const file = { ...upload.file, key: blob }
  await storeUpload(later, services, { fields, wanted, file }).catch((error: unknown) => {
    notifyFailure(services, { cloud: call.cloud, fields }, error, pending)
  })
  await call.store.removeDocument('pending_upload', batch)
}

/** What the answer repeats, and where the outcome is told, must be well before there is an answer. */
function assertAnswerable (fields: Fields): void {
  readDeliveryType(fields)
  notificationUrl(fields)
  notificationUrl(fields, 'eager_notification_url')
}

interface Made { record: AssetRecord, existing?: true, overwritten?: boolean, derivation: Derivation, promise?: EagerPromise | undefined }

/** Makes an asset of bytes; those that do not become a part of it go. */
async function storeUpload (
  call: Call, services: UploadServices, received: Received
): Promise<Record<string, unknown>> {
  const { fields, file } = received
  const loose = new Set([file.key])
  try {
    const made = await makeAsset(call, services, received, loose)
    const { record, existing, overwritten, derivation, promise } = made
    if (existing) return { ...await uploadAnswer(call, services, record, fields), existing: true }
    const derived = derivationAnswer(call, services, record, { fields, derivation, promise })
    const core = await uploadAnswer(call, services, record, fields)
    const answer = { ...core, ...derived, ...overwritten && { overwritten: true } }
    notifyUpload(services.notifier, { cloud: call.cloud, fields }, answer)
    return answer
  } finally {
    await Promise.all([...loose].map((key) => services.blobs.remove(key)))
  }
}

/** @param loose keys of bytes that no asset has: what is made on the way joins them, what is stored leaves them. */
async function makeAsset (
  call: Call, services: UploadServices, received: Received, loose: Set<string>
): Promise<Made> {
  const { fields, wanted, file } = received
  if (file.bytes === 0) throw new SandboxError(400, 'Empty file')
  notificationUrl(fields)
  notificationUrl(fields, 'eager_notification_url')
  const found = await judge(call, services, wanted, file)
  const { resource_type: type } = found
  nameUnfit(call, fields, type)
  assertAllowedFormat(fields, type, found, file.filename)
  const { cloud, random } = call
  const names = nameAsset(fields, { cloud, resourceType: type, filename: file.filename, random })
  const delivery = readDeliveryType(fields)
  const optional = optionalParts(call, fields)
  const incoming = await convertIncoming(call, services, fields, { file, found, type })
  loose.add(incoming.file.key)
  // Before anything is stored: a wish that cannot be met leaves the asset of that name, if there is one, as it was.
  const draft = { ...draftRecord(call, incoming.file, incoming.found), ...optional, resource_type: type }
  const derivation = await deriveWishes(call, services, draft, fields)
  for (const { blob } of derivation.stored) loose.add(blob)
  // From here to the first change nothing waits, so two uploads of one ID cannot both find it free.
  const present = call.store.find(type, delivery, names.public_id)
  if (present && !fields.flag('overwrite', true)) return { record: present, existing: true, derivation }
  const record: AssetRecord = {
    ...names,
    ...incoming.found,
    ...optional,
    ...fields.flag('unique_display_name') && { display_name: uniqueDisplayName(call, names.display_name, present?.asset_id) },
    ...identityOf(call, services.store, present),
    resource_type: type,
    type: delivery,
    bytes: incoming.file.bytes,
    etag: incoming.file.md5,
    api_key: call.cloud.apiKey,
    blob: incoming.file.key
  }
  const derived = [...keptDerived(call, present, incoming.file, derivation), ...derivation.stored]
  const promise = promiseEager(call, record, fields, derivation.eager)
  await call.store.put(record, { beside: promise, derived })
  await call.store.keepNewOptions(record)
  for (const { blob } of [record, ...derived]) loose.delete(blob)
  return { record, overwritten: present !== undefined, derivation, promise }
}

/**
 * The same bytes under the same name keep what was made of them. Source: integration tests of the official
 * Ruby client.
 */
function keptDerived (
  { store }: Call, present: AssetRecord | undefined, file: ReceivedFile, { stored }: Derivation
): DerivedRecord[] {
  if (present?.etag !== file.md5 || present.bytes !== file.bytes) return []
  const nameOf = ({ transformation, format }: DerivedRecord) => `${transformation}.${format}`
  const made = new Set(stored.map(nameOf))
  return store.derived.of(present.asset_id).filter((one) => !made.has(nameOf(one)))
}

type Identity = Pick<
  AssetRecord, 'asset_id' | 'version' | 'version_id' | 'created_at' | 'uploaded_at' | 'sequence'
>

/** Which asset it is, and which version of it: overwriting makes a new version, not another asset. */
function identityOf (
  { clock, random }: Call, store: UploadServices['store'], present: AssetRecord | undefined
): Identity {
  const nowMs = clock()
  return {
    asset_id: present?.asset_id ?? random.hex(32),
    version: Math.floor(nowMs / 1000),
    version_id: random.hex(32),
    created_at: present?.created_at ?? isoTime(nowMs),
    uploaded_at: isoTime(nowMs),
    sequence: present?.sequence ?? store.nextSequence()
  }
}

function assertAllowedFormat (fields: Fields, type: ResourceTypeName, found: Inspected, filename = ''): void {
  const allowed = fields.list('allowed_formats')
  if (!allowed || fields.has('format')) return
  const format = type === 'raw' ? filename.split('.').at(-1) ?? '' : found.format ?? ''
  if (allowed.map(canonicalFormat).includes(canonicalFormat(format))) return
  throw new SandboxError(400, `${type.charAt(0).toUpperCase()}${type.slice(1)} file format ${format} not allowed`)
}
