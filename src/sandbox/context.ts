import type { AssetRecord } from './assets/asset.ts'
import type { Background } from './background.ts'
import type { BlobStore } from './store/blobs.ts'
import type { CloudSettings } from './clouds.ts'
import type { DeleteTokens } from './upload/delete-tokens.ts'
import type { Notifier } from './notifications/notifier.ts'
import type { RandomSource } from './random.ts'
import type { Store } from './store/store.ts'
import type { ChunkedUploads } from './upload/chunks.ts'

/** A rendered image (or whatever a transformation made). */
export interface Rendered {
  bytes: Buffer
  width: number
  height: number
  format: string
  /** Normalised, as Cloudinary echoes it: keys sorted within each component. */
  transformation: string
  /** Parts of it that had no effect. */
  ignored: readonly string[]
}

/** Applies transformations. `registerDelivery` puts the real one into the context. */
export interface Renderer {
  /**
   * @param format wanted format; absent: what the transformation says, else the format of the original.
   * @throws {SandboxError} 400 with Cloudinary's words when the transformation is not valid.
   */
  render (cloud: CloudSettings, record: AssetRecord, transformation: string, format?: string): Promise<Rendered>
}

/** Bounds and switches. */
export interface SandboxLimits {
  /** Cloudinary takes 100 MB in one request; more must come in chunks. */
  readonly maxRequestBytes: number
  /** One text field other than `file`. */
  readonly maxFieldBytes: number
  /** Every chunk but the last must have this many bytes. */
  readonly minChunkBytes: number
  /** Admin API calls in an hour; then 420. */
  readonly adminRateLimit: number
  /** Lets uploads by URL, and notifications, reach addresses that are not on the public internet. */
  readonly allowPrivateFetch: boolean
  readonly fetchTimeoutMs: number
  /** How long a notification waits for its answer. */
  readonly notificationTimeoutMs: number
  /** When a notification that was not answered with 200 is tried again, counted from the first try: 3, 6 and 9 minutes. Tests make it short. */
  readonly notificationRetryMs: readonly number[]
}

/** What every room of the sandbox works with. */
export interface SandboxContext {
  readonly store: Store
  readonly blobs: BlobStore
  /** By cloud name. */
  readonly clouds: ReadonlyMap<string, CloudSettings>
  /** Milliseconds since 1970. */
  readonly clock: () => number
  readonly random: RandomSource
  /** Scheme, host and port of this sandbox as the outside sees it, without a trailing slash. Known after listening. */
  publicUrl: string
  renderer: Renderer
  readonly options: SandboxLimits
  readonly chunks: ChunkedUploads
  readonly deleteTokens: DeleteTokens
  /** Hears what fails inside when nobody waits for an answer any more. */
  readonly onError: (error: unknown) => void
  readonly background: Background
  readonly notifier: Notifier
}
