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
  /** Under which it can be resumed; on disk also the key of the blob that it becomes. */
  readonly key: string
  readonly bytes: number
  /** Appends the bytes of a blob, durably; when it fails nothing was appended. */
  append (key: string): Promise<void>
  /** Makes a durable blob of it; the draft is spent. */
  finish (): Promise<StoredBlob>
  discard (): Promise<void>
  /** Lets go of it and leaves its bytes, to be resumed. */
  close (): Promise<void>
}

/**
 * Where bytes live. A key appears only when all its bytes are there and, on disk, synced; a writer that fails or is
 * aborted leaves nothing behind. Keys hold lower-case hex digits only, so no input can become a path.
 */
export interface BlobStore {
  /** @param options.durable `false` for bytes that need not outlive the process: parts of an unfinished upload. */
  write (source: AsyncIterable<Uint8Array>, options?: { durable?: boolean }): Promise<StoredBlob>
  /** For bytes that can be made again: nothing is hashed, and nothing waits for the disk. @returns their key. */
  keep (bytes: Uint8Array): Promise<string>
  /** @returns its size, or undefined when there is no such blob. */
  stat (key: string): Promise<{ bytes: number } | undefined>
  read (key: string, range?: BlobRange): Readable
  buffer (key: string): Promise<Buffer>
  /** Where the file is, for libraries that read by path; undefined when the bytes are in memory. */
  path (key: string): string | undefined
  remove (key: string): Promise<void>
  draft (): Promise<Draft>
  /** A draft that was closed, also by a process that has ended, with its first `bytes` bytes; undefined when they are not there. */
  resume (key: string, bytes: number): Promise<Draft | undefined>
  /** Throws away a draft that nobody has opened. */
  discard (key: string): Promise<void>
  /** Removes what is named by no record, as a blob or as a draft: left over from a process that was killed. */
  sweep (known: { blobs: ReadonlySet<string>, drafts: ReadonlySet<string> }): Promise<void>
}
