import { GatewayError } from '../../errors.ts'
import { jsonObject } from '../upstream/answer.ts'

/** What was sent, as far as it is known. `bytes` is undefined when Cloudinary fetched or decoded the file itself. */
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
 * Compares what Cloudinary says it stored with what was sent. An image or a video may differ without fault: a
 * transformation, a format or a preset may have changed it on its way in.
 */
export function compare (answer: Readonly<Record<string, unknown>>, { bytes, md5 }: Sent): Integrity {
  // With overwrite=false the answer describes the asset that was there before.
  if (bytes === undefined || answer.existing === true || typeof answer.bytes !== 'number') return 'not-checked'
  if (answer.bytes !== bytes) return 'differs'
  if (md5 !== undefined && typeof answer.etag === 'string' && answer.etag !== md5) return 'differs'
  return 'verified'
}

/**
 * Reads the answer to a whole upload.
 * @throws {GatewayError} when it is not a JSON object, or says that the file is incomplete.
 */
export function readStored (body: Buffer, sent: Sent): Stored {
  const answer = jsonObject(body)
  if (answer === undefined) throw unclear('Cloudinary\'s answer is not valid JSON.')
  if (answer.done === false) throw unclear('Cloudinary says that the file is not complete, though all of it was sent.')
  return { answer, sent, integrity: compare(answer, sent) }
}

function unclear (message: string): GatewayError {
  return new GatewayError('upstream_failed', message, { members: { outcome: 'unknown' } })
}

/**
 * Returns the failure that a stored file is to its caller, or undefined. Nothing changes a raw file on its way
 * in, so one that differs is always a failure; an image or a video only when `strict`.
 */
export function integrityFailure (file: Stored, strict: boolean): GatewayError | undefined {
  const { answer, sent, integrity } = file
  const isRaw = sent.resourceType === 'raw' || answer.resource_type === 'raw'
  if (integrity !== 'differs' || !(isRaw || strict)) return undefined
  const message = answer.bytes === sent.bytes
    ? `A file with the MD5 ${sent.md5} was sent; Cloudinary stored one with the MD5 ${String(answer.etag)}.`
    : `${sent.bytes} bytes were sent; Cloudinary stored ${String(answer.bytes)}.`
  const known = NAMED.filter((name) => answer[name] !== undefined)
  const stored = Object.fromEntries(known.map((name) => [name, answer[name]]))
  return new GatewayError('integrity_failed', message, { members: { stored } })
}
