import type { AssetRecord } from '../assets/asset.ts'
import { assetUrls } from '../assets/asset-urls.ts'
import { responseSignature } from '../api/signature.ts'
import type { Call } from '../api/call.ts'
import type { Fields } from '../api/fields.ts'
import type { Notifier } from '../notifications/notifier.ts'
import type { BlobStore } from '../store/blobs.ts'
import type { DeleteTokens } from './delete-tokens.ts'
import { eagerAnswer, readEager } from './derive/eager.ts'
import { processing, promiseOf } from './derive/eager-later.ts'
import { analyses, echoedFaces } from './inspect/analysis.ts'

/** What answers are made with. */
export interface AnswerServices {
  /** For what is only told after a look at the bytes. */
  readonly blobs: BlobStore
  readonly deleteTokens: DeleteTokens
}

/** The answer to an upload, and to what answers like one. Source: Cloudinary, "Upload API reference", sample answers. */
export async function uploadAnswer (
  call: Call, { blobs, deleteTokens }: AnswerServices, record: AssetRecord, fields?: Fields
): Promise<Record<string, unknown>> {
  return {
    ...coreOf(call, record),
    ...record.original_filename !== undefined && { original_filename: record.original_filename },
    ...fields && await analyses(blobs, record, fields),
    ...fields?.flag('faces') && { faces: echoedFaces(record) },
    ...record.context && { context: { custom: record.context } },
    ...record.metadata && { metadata: record.metadata },
    ...record.moderation && { moderation: record.moderation.map(({ kind, status }) => ({ kind, status })) },
    ...record.access_control && { access_control: record.access_control },
    ...fields?.flag('return_delete_token') && {
      delete_token: await deleteTokens.issue(call.store, record.asset_id)
    },
    api_key: record.api_key
  }
}

/** The answer to an upload whose asset was made just before the process ended. */
export async function answerAgain (
  call: Call, services: AnswerServices & { readonly notifier: Notifier }, record: AssetRecord, fields: Fields
): Promise<Record<string, unknown>> {
  const promise = promiseOf(call, record)
  const wanted = readEager(fields, record.resource_type)
  const eager = promise
    ? processing(promise)
    : eagerAnswer(call, services.notifier, record, {
      fields,
      derived: call.store.derived.of(record.asset_id),
      wanted
    })
  return { ...await uploadAnswer(call, services, record, fields), ...eager }
}

function coreOf (call: Call, record: AssetRecord): Record<string, unknown> {
  const { cloud } = call
  const folder = record.public_id.split('/').slice(0, -1).join('/')
  return {
    asset_id: record.asset_id,
    public_id: record.public_id,
    version: record.version,
    version_id: record.version_id,
    signature: responseSignature(record.public_id, record.version, cloud.apiSecret, cloud.signatureAlgorithm),
    ...record.width !== undefined && { width: record.width, height: record.height },
    ...record.format !== undefined && { format: record.format },
    resource_type: record.resource_type,
    created_at: record.created_at,
    tags: record.tags,
    ...record.pages !== undefined && { pages: record.pages },
    bytes: record.bytes,
    type: record.type,
    etag: record.etag,
    placeholder: false,
    ...assetUrls(call, record),
    ...record.duration !== undefined && { duration: record.duration },
    ...record.media,
    ...cloud.folderMode === 'fixed' ? { folder } : { asset_folder: record.asset_folder, display_name: record.display_name },
    ...record.access_mode === 'authenticated' && { access_mode: record.access_mode }
  }
}
