import type { AccessRule, AssetRecord } from '../assets/asset.ts'
import type { CloudSettings } from '../clouds.ts'
import type { DeliveryPath } from './path.ts'
import { signatureFitsPath, tokenOpens } from './signature.ts'
import { SandboxError } from '../errors.ts'
import { BLOCKED_FORMATS } from '../transformation/output-formats.ts'

/** Who asks, and for what. */
export interface AccessRequest {
  readonly cloud: CloudSettings
  readonly path: DeliveryPath
  /** As received, without the query. */
  readonly rawPath: string
  readonly token: string | undefined
  readonly ip: string
  readonly nowMs: number
}

/** The only text seen for a 401 on delivery; never a 404, so that "protected" and "absent" stay two things. */
export function denied (): SandboxError {
  return new SandboxError(401, 'deny or ACL failure')
}

/**
 * Lets the request pass or not. Source: Cloudinary, "control_access_to_media".
 * @returns whether the URL carries a signature that fits.
 * @throws {SandboxError} 401
 */
export function checkAccess (request: AccessRequest, record: AssetRecord, isOriginal: boolean, format: string | undefined): boolean {
  const { cloud, path } = request
  const isSigned = path.signature !== undefined && signatureFitsPath(path.signature, path.signedTexts, cloud.apiSecret)
  // A signature is a claim: a wrong one is refused even where none is needed.
  if (path.signature !== undefined && !isSigned) throw denied()
  if (!cloud.allowPdfAndZip && format !== undefined && BLOCKED_FORMATS.has(format.toLowerCase())) throw denied()
  const opensWithToken = () => request.token !== undefined && cloud.authTokenKey !== undefined &&
    tokenOpens(request.token, { key: cloud.authTokenKey, path: request.rawPath, ip: request.ip, nowSeconds: Math.floor(request.nowMs / 1000) })
  const rules = record.access_control ?? []
  const isOpened = rules.some((rule) => rule.access_type === 'anonymous' && isOpen(rule, request.nowMs))
  if (rules.length > 0 && !isOpened && !opensWithToken()) throw denied()
  const needsSignature = isSignedFor(record, isOriginal) || (isAuthenticatedByMode(record) && !isOpened)
  if (needsSignature && !isSigned && !opensWithToken()) throw denied()
  return isSigned
}

/** True when access is restricted in any way, so that shared caches must not keep the asset. */
export function isProtected (record: AssetRecord, isOriginal: boolean): boolean {
  const { access_control: rules = [] } = record
  return isSignedFor(record, isOriginal) || isAuthenticatedByMode(record) || rules.length > 0
}

function isSignedFor ({ type }: AssetRecord, isOriginal: boolean): boolean {
  return type === 'authenticated' || (type === 'private' && isOriginal)
}

/**
 * True when the asset behaves as one of type `authenticated` under URLs of type `upload`.
 * Source: Cloudinary, "Upload API reference", "access_mode".
 */
function isAuthenticatedByMode ({ access_mode: mode, type }: AssetRecord): boolean {
  return mode === 'authenticated' && type === 'upload'
}

function isOpen ({ start, end }: AccessRule, nowMs: number): boolean {
  return (start === undefined || nowMs >= Date.parse(start)) && (end === undefined || nowMs <= Date.parse(end))
}

/** `__cld_token__` of the query or of a cookie, escapes left as they are: they were signed. */
export function readToken (url: string, cookie: string | undefined): string | undefined {
  const query = url.slice(url.indexOf('?') + 1)
  const fromQuery = url.includes('?') ? query.split('&').find((pair) => pair.startsWith('__cld_token__=')) : undefined
  const pair = fromQuery ?? cookie?.split(';').map((one) => one.trim()).find((one) => one.startsWith('__cld_token__='))
  return pair?.slice('__cld_token__='.length)
}
