/** Timeouts towards Cloudinary in milliseconds, and the size of its answers. */
export interface UpstreamLimits {
  readonly connectTimeoutMs: number
  /** From the last byte sent to the first byte of the answer, for JSON calls. */
  readonly headersTimeoutMs: number
  /** The same for uploads: Cloudinary processes the file after its last byte. */
  readonly uploadHeadersTimeoutMs: number
  /** Longest pause inside an answer. */
  readonly bodyTimeoutMs: number
  /** Largest JSON answer that is read, in bytes. */
  readonly maxAnswerBytes: number
}

/** Bounds of uploads; sizes in bytes. */
export interface UploadLimits {
  readonly maxBytes: number
  readonly chunkBytes: number
  /** Largest file sent in one request; above it, or unknown: chunks. */
  readonly singleRequestMaxBytes: number
  /** All chunks held by all uploads together stay below this. */
  readonly bufferBytes: number
  readonly maxConcurrent: number
  /** Longest pause in a caller's body. */
  readonly idleTimeoutMs: number
  /** Folder below which server paths may be uploaded; undefined: none. */
  readonly fileRoot: string | undefined
  readonly verify: 'bytes' | 'md5'
  readonly verifyStrict: boolean
}
