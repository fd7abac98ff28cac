import type { DeliveryTypeName, ResourceTypeName } from './kinds.ts'

/** One rule of `access_control`. Source: Cloudinary, "Upload API reference". */
export interface AccessRule {
  access_type: 'token' | 'anonymous'
  start?: string
  end?: string
}

export interface ModerationRecord {
  kind: string
  status: string
  updated_at?: string
}

/** A result of a transformation. It lives and dies with its original. */
export interface DerivedRecord {
  /** 32 hex digits. */
  id: string
  /** Normalised: keys sorted inside each component; a last `/ext` only when the format was asked for. */
  transformation: string
  format: string
  bytes: number
  width?: number
  height?: number
  /** 32 hex digits, others for other bytes. */
  etag: string
  /** Key of its bytes in the blob store. */
  blob: string
  created_at: string
  /** The chain that its name stood for when it was made, where the two differ. */
  recipe?: string
}

/** A derived asset as it is stored: a record of its own, which a change of its original does not rewrite. */
export interface OwnedDerived extends DerivedRecord {
  /** The ID of the original. */
  asset_id: string
  /** Its number among those of the cloud, in the order in which they were made. */
  order: number
}

/** What is known about one asset. Records are never changed in place: `store.change()` puts a new one. */
export interface AssetRecord {
  /** 32 hex digits; stays the same through overwriting and renaming. */
  asset_id: string
  public_id: string
  resource_type: ResourceTypeName
  type: DeliveryTypeName
  /** Unix seconds of the upload of these bytes. */
  version: number
  version_id: string
  /** Canonical short name (`jpg`); raw assets have none. */
  format?: string
  bytes: number
  /** Hex MD5 of the stored bytes. */
  etag: string
  width?: number
  height?: number
  pages?: number
  /** Seconds; video and audio. */
  duration?: number
  /** What else the container of a video tells: `audio`, `video`, `bit_rate`, `frame_rate`, `rotation`, `is_audio`. */
  media?: Record<string, unknown>
  /** ISO date-time with `Z`, without milliseconds. */
  created_at: string
  uploaded_at: string
  updated_at?: string
  /** Counts uploads of the whole sandbox: orders assets that were made within one second. */
  sequence: number
  tags: string[]
  context?: Record<string, string>
  metadata?: Record<string, unknown>
  moderation?: ModerationRecord[]
  access_mode: 'public' | 'authenticated'
  access_control?: AccessRule[]
  asset_folder: string
  display_name: string
  original_filename?: string
  /** `[x, y, w, h]` each. */
  face_coordinates?: number[][]
  custom_coordinates?: number[][]
  regions?: Record<string, number[][]>
  /** Lines of `headers`, e.g. `X-Robots-Tag: noindex`. */
  headers?: string
  /** Whose key stored it. */
  api_key: string
  /** Key of its bytes in the blob store. */
  blob: string
}

/** The name under which an asset is looked up: unique within a cloud. */
export function assetKey (resourceType: string, type: string, publicId: string): string {
  return `${resourceType}/${type}/${publicId}`
}

/** Returns the key of an asset that is known. */
export function keyOf ({ resource_type: resourceType, type, public_id: publicId }: AssetRecord): string {
  return assetKey(resourceType, type, publicId)
}

/** Seconds since 1970 as Cloudinary writes them: `2024-06-25T09:25:44Z`. */
export function isoTime (milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d{3}Z$/, 'Z')
}
