import { basename } from 'node:path'
import { invalidRequest } from '../../errors.ts'
import { isDataUri, tidiedDataUri, tidyHead } from '../data-uri.ts'
import { seenFileSuffix } from '../fields/seen.ts'

const SCHEME = /^[a-z][a-z0-9+.-]*(?=:\/\/)/i

/**
 * Returns the text of a `file` field as it is meant: an address without the blanks that were pasted around
 * it, a data URI without those before it, each with its scheme in lower case. A path stays as it is.
 * @throws {GatewayError} `invalid_request` when it begins like a data URI and is none.
 */
export function tidiedFile (text: string): string {
  const inner = text.trim()
  // A blank at its end may be a plus that was lost.
  if (isDataUri(inner)) return tidiedDataUri(text.trimStart())
  return SCHEME.test(inner) ? inner.replace(SCHEME, (scheme) => scheme.toLowerCase()) : text
}

/** An address that Cloudinary fetches: not the bytes, and not a path, which may begin with a drive. */
const ADDRESS = /^(?!data:)[a-z][a-z0-9+.-]+:/i

/** Returns what is known of a file before it is read: where Cloudinary is to fetch it, or its name. */
export function sourceOf (
  file: { readonly filename: string | undefined } | string
): { fileUrl?: string, filename?: string | undefined } {
  if (typeof file !== 'string') return { filename: file.filename }
  if (ADDRESS.test(file)) return { fileUrl: file }
  return isDataUri(file) ? {} : { filename: basename(file) }
}

/** Beginning of a text that is looked at: blanks, and what says that a data URI follows. */
const BEGINNING_BYTES = 256

/**
 * The same for the beginning of a text that is too long to be held. Only a data URI may be that long.
 * @throws {GatewayError} `invalid_request` for any other text.
 */
export function tidiedLongFile (text: Buffer): Buffer {
  const beginning = text.toString('latin1', 0, BEGINNING_BYTES)
  const uri = text.subarray(beginning.length - beginning.trimStart().length)
  if (!isDataUri(uri.toString('latin1', 0, BEGINNING_BYTES))) {
    const message = `is too long for a URL or a path; send bytes as a part with a file name${seenFileSuffix(beginning)}`
    throw invalidRequest([{ pointer: '/file', message }])
  }
  tidyHead(uri)
  return uri
}
