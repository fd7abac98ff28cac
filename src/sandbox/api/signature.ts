import { createHash, timingSafeEqual } from 'node:crypto'
import type { Fields } from './fields.ts'

/**
 * The text that a signature covers, in both versions: sorted `name=value` pairs joined by `&`, values as they are;
 * version 2 writes `%26` for `&` inside a pair. What the call does not know is left out. Source: Cloudinary,
 * "authentication_signatures".
 */
export function stringsToSign (fields: Fields, known: ReadonlySet<string>): { v1: string, v2: string } {
  const pairs: string[] = []
  for (const name of fields.names()) {
    const text = known.has(name) ? fields.text(name) : undefined
    if (text !== undefined) pairs.push(`${name}=${text}`)
  }
  pairs.sort()
  return { v1: pairs.join('&'), v2: pairs.map((pair) => pair.replaceAll('&', '%26')).join('&') }
}

/** Whether a signature fits in any of the four ways that clients use: SHA-1 or SHA-256, version 1 or 2. */
export function signatureFits (signature: string, strings: { v1: string, v2: string }, secret: string): boolean {
  const algorithm = signature.length === 64 ? 'sha256' : 'sha1'
  return [strings.v1, strings.v2].some((text) => sameText(hex(algorithm, text + secret), signature))
}

/** `signature` of an answer: always a version 1 string. Source: Cloudinary, "response_signatures". */
export function responseSignature (publicId: string, version: number, secret: string, algorithm: 'sha1' | 'sha256' = 'sha1'): string {
  return hex(algorithm, `public_id=${publicId}&version=${version}${secret}`)
}

/** Compares in a time that does not tell where the first difference is. */
export function sameText (one: string, other: string): boolean {
  return timingSafeEqual(createHash('sha256').update(one).digest(), createHash('sha256').update(other).digest())
}

export function hex (algorithm: 'sha1' | 'sha256', text: string): string {
  return createHash(algorithm).update(text, 'utf8').digest('hex')
}
