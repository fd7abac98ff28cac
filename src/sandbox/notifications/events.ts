import type { AssetRecord } from '../assets/asset.ts'
import { assetUrls } from '../assets/asset-urls.ts'
import { SandboxError } from '../errors.ts'
import type { Call } from '../api/call.ts'
import type { Fields } from '../api/fields.ts'

/**
 * The address that a call wants to be told at.
 * @throws {SandboxError} 400 when it is no http(s) URL, before anything is done.
 */
export function notificationUrl (fields: Fields, name = 'notification_url'): string | undefined {
  const url = fields.text(name)
  if (url !== undefined && (!/^https?:\/\//i.test(url) || !URL.canParse(url))) throw new SandboxError(400, `Invalid value ${url} for parameter ${name}`)
  return url
}

export function notifyUpload (call: Call, fields: Fields, answer: Record<string, unknown>): void {
  const { signature, delete_token: token, ...facts } = answer
  call.context.notifier.notify(call.cloud, 'upload', notificationUrl(fields), facts)
}

/**
 * What was to be done after the answer and came to nothing. The vendor's list of events has `error`; its body is not public beyond
 * the `error` that every refusal has, so it says what the `pending` answer said.
 */
export function notifyFailure (call: Call, fields: Fields, error: unknown, pending: Record<string, unknown>): void {
  const { status, ...facts } = pending
  call.context.notifier.notify(call.cloud, 'error', notificationUrl(fields), { ...facts, error: { message: reasonOf(call, error) } })
}

/** What is told of a failure after the answer. What broke inside is for the log. */
export function reasonOf ({ context }: Call, error: unknown): string {
  if (error instanceof SandboxError) return error.message
  context.onError(error)
  return 'General Error'
}

export function notifyEager (call: Call, fields: Fields, record: Pick<AssetRecord, 'public_id' | 'asset_id'>, eager: unknown, batch: string): void {
  const address = notificationUrl(fields, 'eager_notification_url') ?? notificationUrl(fields)
  call.context.notifier.notify(call.cloud, 'eager', address, { eager, public_id: record.public_id, asset_id: record.asset_id, batch_id: batch })
}

export function notifyDelete (call: Call, records: readonly AssetRecord[]): void {
  if (records.length === 0) return
  call.context.notifier.notify(call.cloud, 'delete', notificationUrl(call.fields), {
    resources: records.map((record) => ({ ...identity(record), public_id: record.public_id, version: record.version }))
  })
}

export function notifyRename (call: Call, record: AssetRecord, from: string): void {
  call.context.notifier.notify(call.cloud, 'rename', notificationUrl(call.fields), { ...identity(record), from_public_id: from, to_public_id: record.public_id })
}

export function notifyModeration (call: Call, record: AssetRecord): void {
  const [moderation] = record.moderation ?? []
  if (!moderation) return
  call.context.notifier.notify(call.cloud, 'moderation', notificationUrl(call.fields), {
    ...identity(record),
    public_id: record.public_id,
    version: record.version,
    etag: record.etag,
    ...assetUrls(call.context.publicUrl, call.cloud, record),
    moderation_status: moderation.status,
    moderation_kind: moderation.kind,
    moderation_updated_at: moderation.updated_at,
    moderation_response: null
  })
}

function identity ({ resource_type: resourceType, type, asset_id: assetId, asset_folder: folder, display_name: name }: AssetRecord): Record<string, unknown> {
  return { resource_type: resourceType, type, asset_id: assetId, asset_folder: folder, display_name: name }
}
