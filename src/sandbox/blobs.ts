import type { Readable } from 'node:stream'

export interface StoredBlob {
  key: string
  bytes: number
  /** Hex. */
  md5: string
  /** Hex. */
  sha256: string
}

/** First and last byte, both included, as in a `Range` header. */
export interface BlobRange { start?: number, end?: number }

/** Bytes that grow by appending, until they become a blob or are thrown away: an upload in chunks. */
export interface Draft {
  readonly bytes: number
  /** Appends the bytes of a blob; when it fails nothing was appended. */
  append (key: string): Promise<void>
  /** Makes a durable blob of it; the draft is spent. */
  finish (): Promise<StoredBlob>
  discard (): Promise<void>
}

/**
 * Where bytes live. A key appears only when all its bytes are there and, on disk, synced; a writer that fails or is
 * aborted leaves nothing behind. Keys hold lower-case hex digits only, so no input can become a path.
 */
export interface BlobStore {
  /** @param options.durable `false` for bytes that need not outlive the process: parts of an unfinished upload. */
  write (source: AsyncIterable<Uint8Array>, options?: { durable?: boolean }): Promise<StoredBlob>
  /** @returns its size, or undefined when there is no such blob. */
  stat (key: string): Promise<{ bytes: number } | undefined>
  read (key: string, range?: BlobRange): Readable
  buffer (key: string): Promise<Buffer>
  /** Where the file is, for libraries that read by path; undefined when the bytes are in memory. */
  path (key: string): string | undefined
  remove (key: string): Promise<void>
  draft (): Promise<Draft>
  /** Removes what no record names: left over from a process that was killed. */
  sweep (known: ReadonlySet<string>): Promise<void>
}
