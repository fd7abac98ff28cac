import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { decoded } from '../decoded.ts'

/**
 * Whether the signature of a delivery URL fits one of the spellings a client may have signed: eight characters of SHA-1 or
 * SHA-256, or 32 of SHA-256. Source: Cloudinary, "delivery_url_signatures".
 */
export function signatureFitsPath (signature: string, signedTexts: readonly string[], secret: string): boolean {
  const algorithms = signature.length === 32 ? ['sha256'] : ['sha1', 'sha256']
  let fits = false
  for (const text of signedTexts) {
    for (const algorithm of algorithms) {
      const digest = createHash(algorithm).update(text + secret, 'utf8').digest('base64url').slice(0, signature.length)
      // No early end: how long it takes must not tell which spelling came close.
      fits = sameLength(digest, signature) || fits
    }
  }
  return fits
}

function sameLength (one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)]
  return a.length === b.length && timingSafeEqual(a, b)
}

/** What a delivery token is checked against. */
export interface TokenCheck {
  /** Hex digits. */
  readonly key: string
  /** Percent-encoded path with its cloud, without the query. */
  readonly path: string
  readonly ip: string
  readonly nowSeconds: number
}

/** Whether `__cld_token__` opens the path: signature, time window, address and access list. Source: Cloudinary, "token_based_authentication". */
export function tokenOpens (token: string, { key, path, ip, nowSeconds }: TokenCheck): boolean {
  const parts = (token.includes('~') ? token : token.replaceAll(/%7e/gi, '~').replaceAll(/%3d/gi, '=')).split('~')
  const hmac = parts.pop()?.replace(/^hmac=/, '') ?? ''
  const values = new Map(parts.map((part) => [part.slice(0, part.indexOf('=')), part.slice(part.indexOf('=') + 1)]))
  const acl = values.get('acl')
  const paths = acl === undefined ? [path, read(path)] : [undefined]
  const isSigned = paths.some((one) => {
    const text = one === undefined ? parts.join('~') : [...parts, `url=${escapeToLower(one)}`].join('~')
    return sameLength(createHmac('sha256', Buffer.from(key, 'hex')).update(text).digest('hex'), hmac)
  })
  const start = Number(values.get('st') ?? 0)
  const end = Number(values.get('exp'))
  if (!isSigned || !(nowSeconds >= start && nowSeconds <= end)) return false
  if (values.has('ip') && values.get('ip') !== ip) return false
  return acl === undefined || read(acl).split('!').some((pattern) => matches(pattern, read(path)))
}

/** Cloudinary's clients escape these, in lower case, and nothing else. */
export function escapeToLower (text: string): string {
  return text.replace(/[ "#%&'/:;<=>?@[\\\]^`{|}~]/g, (character) => `%${character.charCodeAt(0).toString(16)}`)
}

/** Lists are written for hosts with and without the cloud in the path; either may match. */
function matches (pattern: string, path: string): boolean {
  const expression = new RegExp(`^${pattern.split('*').map((part) => part.replace(/[.+^${}()|[\]\\]/g, '\\$&').replaceAll('?', '.')).join('[^]*')}$`)
  return expression.test(path) || expression.test(path.replace(/^\/[^/]+/, ''))
}

/** What cannot be decoded stands for itself. */
function read (text: string): string { return decoded(text) ?? text }
