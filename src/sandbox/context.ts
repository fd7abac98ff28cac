import type { AssetRecord } from './asset.ts'
import type { BlobStore } from './blobs.ts'
import type { CloudSettings } from './clouds.ts'
import type { RandomSource } from './random.ts'
import type { Store } from './store.ts'

/** A rendered image (or whatever a transformation made). */
export interface Rendered {
  bytes: Buffer
  width: number
  height: number
  format: string
  /** Normalised, as Cloudinary echoes it: keys sorted within each component. */
  transformation: string
}

/** Applies transformations. `registerDelivery` puts the real one into the context. */
export interface Renderer {
  /**
   * @param format wanted format; absent: what the transformation says, else the format of the original.
   * @throws {SandboxError} 400 with Cloudinary's words when the transformation is not valid.
   */
  render (cloud: CloudSettings, record: AssetRecord, transformation: string, format?: string): Promise<Rendered>
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
}
