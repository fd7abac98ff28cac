import type { UploadError } from './upload-error.ts'

/** Settings of an upload, as `POST /signature` takes them, `resource_type` included. */
export type Fields = Record<string, unknown>

/** The 200 of `POST /signature`. Everything in `fields` is sent beside the file. */
export interface SignedForm {
  upload_url: string
  fields: Record<string, string>
  /** Unix seconds. The form is good for an hour after its `timestamp` when this is absent. */
  expires_at?: number
  [name: string]: unknown
}

/** What this caller may upload: the 200 of `GET /signature/rules`. */
export interface Rules {
  environment: string
  cloud_name: string
  /** False: this caller may not sign here, and `reason` says why. */
  allowed: boolean
  reason: string | null
  resource_types: string[]
  /** Null: no limit is known. */
  formats: string[] | null
  /** Largest file in bytes. Null: no limit is known. */
  max_bytes: number | null
  folder: { forced: string | null, patterns: string[] }
  public_id_patterns: string[]
  presets: string[] | null
  fields: { allowed: string[], required: string[], forced: Record<string, unknown> }
  validity_seconds: number
  single_use: boolean
  enforced_by_cloudinary: string[]
  enforced_by_page_only: string[]
}

/** What Cloudinary answers to an upload. */
export interface Asset {
  public_id: string
  secure_url: string
  bytes: number
  [name: string]: unknown
}

export interface UploaderOptions {
  /**
   * `POST /signature` of the gateway, or a route of the page's own back end that answers the same. This or
   * `sign` is required.
   */
  signatureUrl?: string | URL | undefined
  /** Gets a signed form in some other way, in place of `signatureUrl`. */
  sign?: ((fields: Fields, file: Blob | string, context: { signal: AbortSignal }) => SignedForm | Promise<SignedForm>) | undefined
  /**
   * Sent to the gateway or the page's own back end, never to Cloudinary. A function is called before each
   * request.
   */
  headers?: HeadersInit | (() => HeadersInit | Promise<HeadersInit>) | undefined
  /** Credentials mode of the calls that sign, explain and read rules. Default: `same-origin`. */
  credentials?: RequestCredentials | undefined
  /**
   * `gateway` sends the file in one request to `POST /direct-upload`, with `headers` only if that has the
   * origin of `signatureUrl`. Default: `cloudinary`.
   */
  via?: 'cloudinary' | 'gateway' | undefined
  /** Default: `direct-upload` beside `signatureUrl`, with its query. */
  directUploadUrl?: string | URL | undefined
  /** Default: `signature/rules` beside `signatureUrl`, with its query. */
  rulesUrl?: string | URL | undefined
  /** Default: `signature/explain` beside `signatureUrl`, with its query. */
  explainUrl?: string | URL | undefined
  /** Files that are sent at once. Default: 3. */
  parallel?: number | undefined
  /** Larger files are sent in chunks of this size: at least 5 MiB (5,242,880). Default: 20,000,000. */
  chunkBytes?: number | undefined
  /** Attempts after the first one, per request. Default: 5. */
  retries?: number | undefined
  /**
   * Milliseconds without progress after which a request counts as failed. Default: 30,000; for the answer,
   * ten times that.
   */
  stallMs?: number | undefined
  /** Remembers which chunks are done, never bytes. Default: `localStorage`. Null: a reload begins again. */
  storage?: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> | null | undefined
}

export interface UploadOptions {
  fields?: Fields | undefined
  onProgress?: ((progress: Progress) => void) | undefined
  signal?: AbortSignal | undefined
  chunkBytes?: number | undefined
  retries?: number | undefined
}

export type UploadState = 'waiting' | 'signing' | 'uploading' | 'paused' | 'retrying' | 'processing' | 'done'

export interface Progress {
  state: UploadState
  /** Bytes that have left the browser. It shrinks when a chunk begins again. */
  loaded: number
  total: number
  bytesPerSecond: number
  secondsLeft: number | null
  /** Reason, while the state is `retrying`. */
  error?: UploadError | undefined
}

/** An upload that runs. It settles once, with the asset or an error. */
export interface Upload extends Promise<Asset> {
  /** Stops sending. The running chunk is sent again after `resume`. */
  pause (): void
  resume (): void
  /**
   * Rejects with an `AbortError`, and nothing is stored. When the last byte may have left already, the error
   * has `outcome: 'unknown'`.
   */
  abort (): void
}

export interface Uploader {
  /** Uploads a file, or what an http(s) URL leads to, which Cloudinary then fetches. */
  upload (file: Blob | string, options?: UploadOptions): Upload
  /** Asks the gateway what this caller may upload. */
  rules (options?: { signal?: AbortSignal }): Promise<Rules>
}
