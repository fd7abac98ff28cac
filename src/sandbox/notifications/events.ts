import type { AssetRecord } from '../assets/asset.ts'
import { assetUrls, type Viewer } from '../assets/asset-urls.ts'
import type { CallParameters } from '../assets/parameters.ts'
import type { CloudSettings } from '../clouds.ts'
import { SandboxError } from '../errors.ts'
import type { Notifier } from './notifier.ts'

/** A call that something is told of: in which cloud, and with the parameters that may say where. */
interface ToldCall {
  readonly cloud: CloudSettings
  readonly fields: CallParameters
}

/** Who hears that a call has come to nothing after its answer. */
export interface FailureListeners {
  readonly notifier: Notifier
  /** Hears what broke inside. */
  readonly onError: (error: unknown) => void
}

/**
 * A channel that the vendor keeps notifications in until they are fetched: ignored here, and named as such.
 */
const isPolled = (url: string | undefined): boolean => url !== undefined && /^poll:\/\/[\w.~*-]+$/i.test(url)

/**
 * The address that a call wants to be told at.
 * @throws {SandboxError} 400 when it is no http(s) URL, before anything is done.
 */
export function notificationUrl (fields: CallParameters, name = 'notification_url'): string | undefined {
  const url = fields.text(name)
  if (isPolled(url)) return undefined
  if (url !== undefined && (!/^https?:\/\//i.test(url) || !URL.canParse(url))) {
    throw new SandboxError(400, `Invalid value ${url} for parameter ${name}`)
  }
  return url
}

export function notifyUpload (
  notifier: Notifier, { cloud, fields }: ToldCall, answer: Record<string, unknown>
): void {
  const { signature, delete_token: token, ...facts } = answer
  notifier.notify(cloud, 'upload', notificationUrl(fields), facts)
}

/**
 * What was to be done after the answer and came to nothing. The vendor's list of events has `error`; its body is not public beyond
 * the `error` that every refusal has, so it says what the `pending` answer said.
 */
export function notifyFailure (
  { notifier, onError }: FailureListeners,
  { cloud, fields }: ToldCall,
  error: unknown,
  pending: Record<string, unknown>
): void {
  const { status, ...facts } = pending
  const message = reasonOf(error, onError)
  notifier.notify(cloud, 'error', notificationUrl(fields), { ...facts, error: { message } })
}

/** What is told of a failure after the answer. What broke inside is for the log. */
export function reasonOf (error: unknown, onError: FailureListeners['onError']): string {
  if (error instanceof SandboxError) return error.message
  onError(error)
  return 'General Error'
}

export function notifyEager (
  notifier: Notifier,
  { cloud, fields }: ToldCall,
  { public_id: publicId, asset_id: assetId }: Pick<AssetRecord, 'public_id' | 'asset_id'>,
  eager: unknown,
  batch: string
): void {
  const address = notificationUrl(fields, 'eager_notification_url') ?? notificationUrl(fields)
  notifier.notify(cloud, 'eager', address, { eager, public_id: publicId, asset_id: assetId, batch_id: batch })
}

export function notifyDelete (
  notifier: Notifier, { cloud, fields }: ToldCall, records: readonly AssetRecord[]
): void {
  if (records.length === 0) return
  notifier.notify(cloud, 'delete', notificationUrl(fields), {
    resources: records.map((record) => ({ ...identity(record), public_id: record.public_id, version: record.version }))
  })
}

export function notifyRename (
  notifier: Notifier, { cloud, fields }: ToldCall, record: AssetRecord, from: string
): void {
  const facts = { ...identity(record), from_public_id: from, to_public_id: record.public_id }
  notifier.notify(cloud, 'rename', notificationUrl(fields), facts)
}

export function notifyModeration (
  notifier: Notifier, call: ToldCall & Viewer, record: AssetRecord
): void {
  const [moderation] = record.moderation ?? []
  if (!moderation) return
  notifier.notify(call.cloud, 'moderation', notificationUrl(call.fields), {
    ...identity(record),
    public_id: record.public_id,
    version: record.version,
    etag: record.etag,
    ...assetUrls(call, record),
    moderation_status: moderation.status,
    moderation_kind: moderation.kind,
    moderation_updated_at: moderation.updated_at,
    moderation_response: null
  })
}

function identity ({ resource_type: resourceType, type, asset_id: assetId, asset_folder: folder, display_name: name }: AssetRecord): Record<string, unknown> {
  return { resource_type: resourceType, type, asset_id: assetId, asset_folder: folder, display_name: name }
}
