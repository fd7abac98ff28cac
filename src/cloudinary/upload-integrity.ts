import { GatewayError } from '../errors.ts'
import { jsonObject } from './answer.ts'

/** What was sent, as far as it is known. `bytes` is undefined when Cloudinary fetched or decoded the file itself. */
export interface Sent {
  readonly bytes: number | undefined
  /** Hex MD5, when it was computed. */
  readonly md5: string | undefined
}

export type Integrity = 'verified' | 'differs' | 'not-checked'

const STORED = ['asset_id', 'public_id', 'resource_type', 'type', 'version', 'bytes', 'etag'] as const

/**
 * Compares what Cloudinary says it stored with what was sent. `differs` need not be a fault: a transformation, a format
 * or a preset may have changed the file on its way in.
 */
export function compare (answer: Readonly<Record<string, unknown>>, { bytes, md5 }: Sent): Integrity {
  // With overwrite=false the answer describes the asset that was there before.
  if (bytes === undefined || answer.existing === true || typeof answer.bytes !== 'number') return 'not-checked'
  if (answer.bytes !== bytes) return 'differs'
  if (md5 !== undefined && typeof answer.etag === 'string' && answer.etag !== md5) return 'differs'
  return 'verified'
}

/**
 * The outcome for an answer to a whole upload.
 * @throws {GatewayError} when the answer is no JSON object or not final, or when `strict` and the bytes differ.
 */
export function checkStored (body: Buffer, sent: Sent, strict: boolean): Integrity {
  const answer = jsonObject(body)
  if (answer === undefined) throw new GatewayError('upstream_failed', 'Cloudinary\'s answer is not valid JSON.', { members: { outcome: 'unknown' } })
  if (answer.done === false) {
    throw new GatewayError('upstream_failed', 'Cloudinary says that the file is not complete, though all of it was sent.', { members: { outcome: 'unknown' } })
  }
  const outcome = compare(answer, sent)
  if (outcome === 'differs' && strict) {
    const stored = Object.fromEntries(STORED.flatMap((name) => answer[name] === undefined ? [] : [[name, answer[name]]]))
    throw new GatewayError('integrity_failed', `${sent.bytes} bytes were sent; Cloudinary stored ${String(answer.bytes)} (etag ${String(answer.etag)}).`, { members: { stored } })
  }
  return outcome
}
