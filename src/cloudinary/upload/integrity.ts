import { GatewayError } from '../../errors.ts'
import { jsonObject } from '../upstream/answer.ts'

/** What was sent, as far as it is known. `bytes` is undefined when Cloudinary fetched the file itself. */
export interface Sent {
  readonly bytes: number | undefined
  /** Hex MD5, when it was computed. */
  readonly md5: string | undefined
  /** The kind that was asked for; `auto`: Cloudinary's answer says what it is. */
  readonly resourceType?: string | undefined
}

export type Integrity = 'verified' | 'differs' | 'not-checked'

/** Cloudinary's answer to a whole upload, beside what was sent. */
export interface Stored {
  readonly answer: Readonly<Record<string, unknown>>
  readonly sent: Sent
  readonly integrity: Integrity
}

const NAMED = ['asset_id', 'public_id', 'resource_type', 'type', 'version', 'bytes', 'etag'] as const

/**
 * Compares what Cloudinary says it stored with what was sent: the size, and the MD5 when it was computed.
 * `verified` means that all of it was compared. An image or a video may differ without fault: a transformation,
 * a format or a preset may have changed it on its way in.
 */
export function compare (answer: Readonly<Record<string, unknown>>, { bytes, md5 }: Sent): Integrity {
  // With overwrite=false the answer describes the asset that was there before.
  if (bytes === undefined || answer.existing === true) return 'not-checked'
  const pairs = [[bytes, answer.bytes], ...(md5 === undefined ? [] : [[md5, answer.etag]])]
  if (pairs.some(([sent, stored]) => stored !== undefined && stored !== sent)) return 'differs'
  return pairs.every(([, stored]) => stored !== undefined) ? 'verified' : 'not-checked'
}

/** Says what keeps an answer from describing a stored file, or returns undefined. */
function oddity (answer: Readonly<Record<string, unknown>>): string | undefined {
  const { bytes, etag, public_id: publicId, status } = answer
  if (answer.done === false) return 'Cloudinary says that the file is not complete, though all of it was sent.'
  if (bytes !== undefined && !(Number.isSafeInteger(bytes) && Number(bytes) >= 0)) return 'Cloudinary\'s answer has a `bytes` that is not a size.'
  if (etag !== undefined && typeof etag !== 'string') return 'Cloudinary\'s answer has an `etag` that is not text.'
  // An upload with `async` is answered before it has an ID.
  if (status !== 'pending' && (typeof publicId !== 'string' || publicId === '')) return 'Cloudinary\'s answer does not name the asset.'
  return undefined
}

/**
 * Reads the answer to a whole upload; `headers` go with the error.
 * @throws {GatewayError} when it is not a JSON object, describes no stored file, or says that the file is incomplete.
 */
export function readStored (body: Buffer, sent: Sent, headers: Readonly<Record<string, string>> = {}): Stored {
  const answer = jsonObject(body)
  if (answer === undefined) throw unclear('Cloudinary\'s answer is not valid JSON.', headers)
  const odd = oddity(answer)
  if (odd !== undefined) throw unclear(odd, headers)
  return { answer, sent, integrity: compare(answer, sent) }
}

function unclear (message: string, headers: Readonly<Record<string, string>>): GatewayError {
  return new GatewayError('upstream_failed', message, { headers, members: { outcome: 'unknown' } })
}

/**
 * Returns the error to answer with when the stored file differs from what was sent, or undefined. Nothing changes a
 * raw file on its way in, so one that differs is always an error; an image or a video only when `strict`.
 */
export function integrityFailure (file: Stored, strict: boolean): GatewayError | undefined {
  const { answer, sent, integrity } = file
  const isRaw = sent.resourceType === 'raw' || answer.resource_type === 'raw'
  if (integrity !== 'differs' || !(isRaw || strict)) return undefined
  const message = answer.bytes === undefined || answer.bytes === sent.bytes
    ? `A file with the MD5 ${sent.md5} was sent; Cloudinary stored one with the MD5 ${String(answer.etag)}.`
    : `${sent.bytes} bytes were sent; Cloudinary stored ${String(answer.bytes)}.`
  const known = NAMED.filter((name) => answer[name] !== undefined)
  const stored = Object.fromEntries(known.map((name) => [name, answer[name]]))
  return new GatewayError('integrity_failed', message, { members: { stored } })
}
