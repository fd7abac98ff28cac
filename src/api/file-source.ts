/** A stream of bytes. It can be read once, so an upload of it is not repeated. Not in browsers. */
export interface StreamSource {
  readonly stream: AsyncIterable<Uint8Array>
  /** Name of the file, from which Cloudinary takes the extension of raw files. */
  readonly name?: string | undefined
  /** Number of bytes, where it is known: the gateway then need not cut the file into chunks. */
  readonly size?: number | undefined
}
/** A file of this machine, which is streamed. Not in browsers. */
export interface PathSource { readonly path: string, readonly name?: string | undefined }

/** What can be uploaded. A string is a URL (http, https, ftp, s3, gs) or a data URI, never a path. */
export type UploadSource = string | URL | Blob | Uint8Array | Streamed
/** What is sent as it is read. */
export type Streamed = PathSource | StreamSource | AsyncIterable<Uint8Array>

const REMOTE = /^(?:https?|ftp|s3|gs):\/\/|^data:/i

/**
 * Looks at what any browser can send; `undefined` stands for other sources.
 * @throws {TypeError} for a string that is neither a URL nor a data URI.
 */
export function openInBrowser (source: UploadSource): string | Blob | undefined {
  if (typeof source === 'string' || source instanceof URL) {
    if (REMOTE.test(String(source))) return String(source)
    throw new TypeError('A string must be a URL or a data URI; give { path } to upload a file.')
  }
  // A Blob copies the bytes, and TypeScript cannot know that nobody shares their memory.
  if (source instanceof Uint8Array) return new Blob([source as Uint8Array<ArrayBuffer>])
  return source instanceof Blob ? source : undefined
}
