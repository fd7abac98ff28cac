import type { SignatureAlgorithm } from '../schemas/environment.ts'
import type { Secret } from '../secret.ts'
import { algorithmOf, sameDigest, signParameters } from './signature.ts'

/**
 * The `signature` inside an upload answer: over `public_id` and `version`, always built by version 1, whatever the
 * request used. Source: Cloudinary, "response_signatures".
 */
export function responseSignature (publicId: string, version: number | string, apiSecret: Secret | string, algorithm: SignatureAlgorithm = 'sha1'): string {
  return signParameters({ public_id: publicId, version: String(version) }, { apiSecret, algorithm, version: 1 })
}

/** True when an answer with this `public_id`, `version` and `signature` comes from Cloudinary. */
export function verifyResponseSignature (publicId: string, version: number | string, signature: string, apiSecret: Secret | string): boolean {
  const algorithm = algorithmOf(signature)
  return algorithm !== undefined && sameDigest(responseSignature(publicId, version, apiSecret, algorithm), signature)
}
