import { decodeBase64 } from '../base64.ts'
import type { Clouds, CloudSettings } from '../clouds.ts'
import { missingParameter, SandboxError } from '../errors.ts'
import type { Fields } from './fields.ts'
import { sameText, signatureFits, stringsToSign } from './signature.ts'

const HOUR_MS = 3_600_000

/** Who is asking, and for which cloud. */
export interface Attempt {
  readonly clouds: Clouds
  readonly cloudName: string
  readonly authorization: string | undefined
  readonly fields: Fields
  /** Which parameters the call has, and a signature so covers. */
  readonly known: ReadonlySet<string>
  readonly nowMs: number
}

/** `unsigned` is true when nothing but a preset speaks for the caller. */
export interface Admitted { cloud: CloudSettings, unsigned: boolean }

/** The Upload API takes a header, signed fields, or (only for uploads) no key at all but a preset. */
export function admitUpload (attempt: Attempt, { unsigned }: { unsigned: boolean }): Admitted {
  const { fields } = attempt
  if (attempt.authorization) return { cloud: byHeader(attempt), unsigned: false }
  if (fields.has('api_key')) return { cloud: bySignature(attempt), unsigned: false }
  if (!unsigned) throw missingParameter('api_key')
  const cloud = attempt.clouds.get(attempt.cloudName)
  // The vendor's words for an unsigned call to an unknown cloud: the key is empty, the blank stays.
  if (!cloud) throw new SandboxError(401, 'Unknown API key ')
  if (!fields.has('upload_preset')) throw new SandboxError(400, 'Upload preset must be specified when using unsigned upload')
  return { cloud, unsigned: true }
}

/**
 * The Admin API takes a header. Where one official client signs instead (`signed`), it makes SHA-256 and always covers something
 * besides the time, so a signature over a bare `timestamp`, which an upload may have, opens nothing.
 */
export function admitAdmin (attempt: Attempt, { signed }: { signed: boolean }): Admitted {
  const { authorization, fields, known } = attempt
  const covers = fields.names().some((name) => name !== 'timestamp' && known.has(name) && fields.has(name))
  if (authorization || !signed || !covers || fields.text('signature')?.length !== 64) return { cloud: byHeader(attempt), unsigned: false }
  const cloud = bySignature(attempt)
  fields.retain((name) => known.has(name))
  return { cloud, unsigned: false }
}

function byHeader ({ clouds, cloudName, authorization = '' }: Attempt): CloudSettings {
  const [, scheme = '', value = ''] = /^(\w+)\s+(\S+)\s*$/.exec(authorization) ?? []
  if (scheme.toLowerCase() === 'bearer') {
    const cloud = clouds.get(cloudName)
    if (cloud?.oauthToken !== undefined && sameText(cloud.oauthToken, value)) return cloud
    throw new SandboxError(401, 'Invalid token')
  }
  const pair = scheme.toLowerCase() === 'basic' ? decodeBase64(value)?.toString('utf8') ?? '' : ''
  const colon = pair.indexOf(':')
  const key = colon < 0 ? pair : pair.slice(0, colon)
  const cloud = byKey(clouds, cloudName, key)
  if (!sameText(cloud.apiSecret, pair.slice(colon + 1))) throw new SandboxError(401, 'api_secret mismatch')
  return cloud
}

function bySignature ({ clouds, cloudName, fields, known, nowMs }: Attempt): CloudSettings {
  const cloud = byKey(clouds, cloudName, fields.text('api_key') ?? '')
  const timestamp = fields.text('timestamp')
  const signature = fields.text('signature')
  if (timestamp === undefined) throw missingParameter('timestamp')
  if (signature === undefined) throw missingParameter('signature')
  const strings = stringsToSign(fields, known)
  if (!signatureFits(signature, strings, cloud.apiSecret)) {
    throw new SandboxError(401, `Invalid Signature ${signature}. String to sign - '${strings.v1}'.`)
  }
  const seconds = Number(timestamp)
  if (!Number.isInteger(seconds) || seconds < 0) throw new SandboxError(400, `Invalid timestamp ${timestamp}`)
  assertFresh(seconds * 1000, nowMs)
  return cloud
}

/** A future time passes: nothing public says that the vendor minds. */
export function assertFresh (atMs: number, nowMs: number, lifetimeMs = HOUR_MS): void {
  if (nowMs - atMs <= lifetimeMs) return
  const allowed = lifetimeMs === HOUR_MS ? '1 hour' : `${lifetimeMs / 60_000} minutes`
  throw new SandboxError(400, `Stale request - reported time is ${rubyTime(atMs)} which is more than ${allowed} ago`)
}

/** `2024-04-11 13:23:38 +0000` */
export function rubyTime (milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19).replace('T', ' ')} +0000`
}

function byKey (clouds: Clouds, cloudName: string, key: string): CloudSettings {
  const cloud = clouds.get(cloudName)
  if (!cloud) throw new SandboxError(401, `Invalid cloud_name ${cloudName}`)
  if (sameText(cloud.apiKey, key)) return cloud
  const elsewhere = [...clouds.values()].some((other) => sameText(other.apiKey, key))
  throw new SandboxError(401, elsewhere ? 'cloud_name mismatch' : `Unknown API key ${key}`)
}
