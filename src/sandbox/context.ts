import type { Background } from './background.ts'
import type { BlobStore } from './store/blobs.ts'
import type { Clouds } from './clouds.ts'
import type { Renderer } from './delivery/asset-renderer.ts'
import type { Notifier } from './notifications/notifier.ts'
import type { RandomSource } from './random.ts'
import type { Searches } from './search/searches.ts'
import type { Store } from './store/store.ts'
import type { ChunkedUploads } from './upload/chunks.ts'
import type { DeleteTokens } from './upload/delete-tokens.ts'

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
  /** Bound on the bytes of all derived assets. The least recently used are evicted, and remade on demand. */
  readonly derivedMaxBytes: number
  /** How long a notification waits for its answer. */
  readonly notificationTimeoutMs: number
  /** When a notification that was not answered with 200 is tried again, counted from the first try: 3, 6 and 9 minutes. Tests make it short. */
  readonly notificationRetryMs: readonly number[]
}

/**
 * All services of one sandbox, as `app.ts` makes them. Each room names those that it wants, and knows
 * nothing of this.
 */
export interface SandboxContext {
  readonly store: Store
  readonly blobs: BlobStore
  readonly clouds: Clouds
  /** Milliseconds since 1970. */
  readonly clock: () => number
  readonly random: RandomSource
  /** Scheme, host and port of this sandbox as the outside sees it, without a trailing slash. Known after listening. */
  publicUrl: string
  readonly strictUrls: boolean
  renderer: Renderer
  readonly options: SandboxLimits
  readonly chunks: ChunkedUploads
  readonly deleteTokens: DeleteTokens
  readonly searches: Searches
  /** Hears what fails inside when nobody waits for an answer any more. */
  readonly onError: (error: unknown) => void
  readonly background: Background
  readonly notifier: Notifier
}
