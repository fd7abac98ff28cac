import { GatewayError } from '../errors.ts'

/** Cloudinary refused the credentials, or the signature that was made with them. */
export interface Rejection {
  /** What Cloudinary said, free of secrets; undefined for texts that show what was signed. */
  readonly told: string | undefined
  /** False for a refused signature: what a caller sends is part of what was signed, and may be at fault. */
  readonly certain: boolean
}

/** What one call to Cloudinary shows of the credentials of its environment. */
export type Proof =
  | { readonly shows: 'accepted' }
  | { readonly shows: 'rejected', readonly rejection: Rejection }
  /** Nothing is known of the credentials: nobody answered, or nobody who read them. */
  | { readonly shows: 'away', readonly reason: string }

export const ACCEPTED: Proof = { shows: 'accepted' }

/**
 * Returns the code of the system at the root of a failure: `ENOTFOUND`, `ECONNREFUSED`, a fault of TLS. Operators need
 * no more to find it.
 */
function rootCode (error: unknown): string {
  let code = ''
  for (let at = error; at instanceof Error; at = at.cause) {
    if (!(at instanceof GatewayError)) code = (at as NodeJS.ErrnoException).code ?? code
  }
  return code === '' ? '' : ` (${code})`
}

/** Refusals by a quota, which Cloudinary counts by account: it has read the credentials first. */
const BY_QUOTA: ReadonlySet<number> = new Set([420, 429])

/**
 * Reads a failed call. Only a `telling` one shows more than a refusal of the credentials: it carried them itself, so
 * that a 404 or 400 means that they were accepted.
 */
export function proofOf (failure: GatewayError, telling: boolean): Proof | undefined {
  const { code, message, upstream } = failure
  if (code === 'credentials_rejected') {
    return { shows: 'rejected', rejection: { told: upstream?.message, certain: telling } }
  }
  if (!telling || code === 'client_closed' || code === 'internal') return undefined
  const { status = 0, message: told } = upstream ?? {}
  if (BY_QUOTA.has(status)) return ACCEPTED
  // A proxy on the way, or a wrong address, answers 404 and 403 as well, but not in Cloudinary's form.
  if (status >= 400 && status < 500 && told !== undefined) return ACCEPTED
  // Refused here, without a call.
  if (upstream === undefined && (code === 'quota_exhausted' || code === 'rate_limited')) return undefined
  return { shows: 'away', reason: `${code}: ${message}${rootCode(failure)}` }
}
