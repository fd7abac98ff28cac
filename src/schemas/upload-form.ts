import type { Readable } from 'node:stream'

/** A file on its way in: a stream that is read once. */
export interface StreamedFile {
  readonly stream: Readable
  /** Exact size, when known. */
  readonly length?: number | undefined
  /** An upper bound, when that is all there is (a multipart body and its Content-Length). */
  readonly maxLength?: number | undefined
  /** Undefined for text: the bytes are a data URI, and Cloudinary decodes them. */
  readonly filename: string | undefined
  /** Gives the source up; the caller's connection must stay usable for the answer. */
  readonly stop: () => void
}
