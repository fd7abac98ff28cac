import { createHash, hash, timingSafeEqual } from 'node:crypto'
import type { SignatureAlgorithm, SignatureVersion } from '../../schemas/environment.ts'
import type { Secret } from '../../secret.ts'

export interface SigningOptions {
  apiSecret: Secret | string
  algorithm: SignatureAlgorithm
  version: SignatureVersion
}

export interface SignatureForm {
  algorithm: SignatureAlgorithm
  version: SignatureVersion
}

/** What travels beside the signed parameters and is never part of the signed text. */
export const UNSIGNED_NAMES: ReadonlySet<string> = new Set(['file', 'cloud_name', 'resource_type', 'api_key', 'signature'])

/** The only way a secret becomes text: where it is hashed. */
function reveal (secret: Secret | string): string {
  return typeof secret === 'string' ? secret : secret.reveal()
}

/** Above this many names the engine's own sort is the quicker one. */
const FEW = 24

/** By code unit, in place. For a handful of names this does less than `sort`. */
function sorted (names: string[]): string[] {
  if (names.length > FEW) return names.sort()
  for (let index = 1; index < names.length; index++) {
    const name = names[index] as string // within bounds, as is what stands before it
    let place = index
    for (; place > 0 && (names[place - 1] as string) > name; place--) names[place] = names[place - 1] as string
    names[place] = name
  }
  return names
}

/** A name, a value or a pair as version 2 writes it. Where `&` is often in it, joining is quicker than `replaceAll`. */
export const escaped = (text: string): string => text.includes('&') ? text.split('&').join('%26') : text

/**
 * The text that is signed: `name=value` pairs, sorted by name, joined by `&`, values as they are sent. Empty values count
 * as absent. Version 2 writes `&` inside a pair as `%26`, so that one value cannot pose as two parameters.
 * Source: Cloudinary, "authentication_signatures".
 */
export function stringToSign (parameters: Readonly<Record<string, string>>, version: SignatureVersion): string {
  let text = ''
  for (const name of sorted(Object.keys(parameters))) {
    const value = parameters[name]
    if (value === undefined || value === '' || UNSIGNED_NAMES.has(name)) continue
    if (text !== '') text += '&'
    text += version === 2 ? `${escaped(name)}=${escaped(value)}` : `${name}=${value}`
  }
  return text
}

/** Lower-case hex signature of an Upload API request: 40 digits for SHA-1, 64 for SHA-256. */
export function signParameters (parameters: Readonly<Record<string, string>>, { apiSecret, algorithm, version }: SigningOptions): string {
  return hash(algorithm, stringToSign(parameters, version) + reveal(apiSecret), 'hex')
}

/** Which algorithm a hex signature was made with, by its length. */
export function algorithmOf (signature: string): SignatureAlgorithm | undefined {
  if (/^[0-9a-f]{40}$/.test(signature)) return 'sha1'
  return /^[0-9a-f]{64}$/.test(signature) ? 'sha256' : undefined
}

/** Compares two lower-case hex digests in a time that does not depend on where they differ. */
export function sameDigest (one: string, other: string): boolean {
  return one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other))
}

/**
 * How the signature was made, or undefined when it does not fit. Nobody says which algorithm and version were used, so
 * the length decides the first and both versions are tried, as Cloudinary does.
 */
export function verifyParameters (parameters: Readonly<Record<string, string>>, signature: string, apiSecret: Secret | string): SignatureForm | undefined {
  const algorithm = algorithmOf(signature)
  if (algorithm === undefined) return undefined
  let tried: string | undefined
  for (const version of [2, 1] as const) {
    const text = stringToSign(parameters, version)
    if (text !== tried && sameDigest(hash(algorithm, text + reveal(apiSecret), 'hex'), signature)) return { algorithm, version }
    tried = text
  }
  return undefined
}

/** Up to this many characters a text is hashed anew sooner than what has been hashed of it is copied. */
const SHORT_TEXT = 1024

/**
 * Returns a function that says whether a secret made the signature of these parameters, for when there are
 * many secrets to try: the text is built once, a long one is hashed once, and each secret costs the same
 * however long it is.
 */
export function signerTest (
  parameters: Readonly<Record<string, string>>, signature: string
): (apiSecret: Secret) => boolean {
  const algorithm = algorithmOf(signature)
  if (algorithm === undefined) return () => false
  const texts = new Set(([2, 1] as const).map((version) => stringToSign(parameters, version)))
  const digests = [...texts].map((text) => {
    if (text.length <= SHORT_TEXT) return (secret: string) => hash(algorithm, text + secret, 'hex')
    const begun = createHash(algorithm).update(text)
    return (secret: string) => begun.copy().update(secret).digest('hex')
  })
  return (apiSecret) => digests.some((digest) => sameDigest(digest(reveal(apiSecret)), signature))
}
