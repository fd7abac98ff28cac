import { GatewayError } from '../errors.ts'

/** Cloudinary refused the credentials, or the signature that was made with them. */
export interface Rejection {
  /** Cloudinary's message without secrets; undefined for messages that show what was signed. */
  readonly told: string | undefined
  /** False for a refused signature: what a caller sends is part of what was signed, and may be at fault. */
  readonly certain: boolean
}

/** What one call to Cloudinary shows of the credentials of its environment. */
export type Proof =
  | { readonly shows: 'accepted' }
  | { readonly shows: 'rejected', readonly rejection: Rejection }
  /** Says nothing about the credentials: no answer came, or none from whoever checks them. */
  | { readonly shows: 'away', readonly reason: string }

export const ACCEPTED: Proof = { shows: 'accepted' }

/**
 * Returns the system's code at the root of a failure, such as `ENOTFOUND`, `ECONNREFUSED` or a TLS fault: all
 * that operators need.
 */
function rootCode (error: unknown): string {
  let code = ''
  for (let at = error; at instanceof Error; at = at.cause) {
    if (at instanceof GatewayError) continue
    code = (at as NodeJS.ErrnoException).code ?? code // absent from other errors
  }
  return code === '' ? '' : ` (${code})`
}

/** Statuses of a used-up quota. Cloudinary counts by account, so it has accepted the credentials before. */
const BY_QUOTA: ReadonlySet<number> = new Set([420, 429])

/**
 * Returns what a failed call shows of the credentials; undefined for nothing. Only a `telling` call, which
 * carried them itself, shows more than a refusal: after it a 400 or 404 means that they were accepted.
 */
export function proofOf (failure: GatewayError, telling: boolean): Proof | undefined {
  const { code, message, upstream } = failure
  if (code === 'credentials_rejected') {
    return { shows: 'rejected', rejection: { told: upstream?.message, certain: telling } }
  }
  const { status = 0, message: told } = upstream ?? {}
  // A caller's signature that fits our secret: either that is not the account's any more, or the caller's way
  // to sign.
  if (code === 'signature_mismatch' && status === 401) {
    return { shows: 'rejected', rejection: { told: undefined, certain: false } }
  }
  if (!telling || code === 'client_closed' || code === 'internal' || code === 'overloaded') return undefined
  if (BY_QUOTA.has(status)) return ACCEPTED
  // A proxy or a wrong address can answer 403 and 404 too, but not in Cloudinary's form.
  if (status >= 400 && status < 500 && told !== undefined) return ACCEPTED
  // Rejected by the gateway, without a call.
  if (upstream === undefined && (code === 'quota_exhausted' || code === 'rate_limited')) return undefined
  return { shows: 'away', reason: `${code}: ${message}${rootCode(failure)}` }
}
