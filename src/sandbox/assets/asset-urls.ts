import { createHash } from 'node:crypto'
import type { AssetRecord } from './asset.ts'
import type { CloudSettings } from '../clouds.ts'

/** Context in which assets are shown: the beginning of their links, and the cloud with its settings. */
export interface Viewer {
  readonly cloud: CloudSettings
  /** Scheme, host and port, without a trailing slash. */
  readonly publicUrl: string
  /** Whether `url` is always http and `secure_url` https, like the vendor's, even if only one opens. */
  readonly strictUrls: boolean
}

/** What of an asset appears in its URLs. */
type Addressed = Pick<AssetRecord, 'resource_type' | 'type' | 'public_id' | 'version' | 'format'>

/**
 * The delivery URL of an asset or of one of its transformations, at this sandbox. Private and authenticated ones are signed.
 * @param extension absent: the stored format; raw assets have theirs in the public ID.
 */
export function assetUrl (publicUrl: string, cloud: CloudSettings, asset: Addressed, transformation?: string, extension = asset.format): string {
  const suffix = asset.resource_type !== 'raw' && extension ? `.${extension}` : ''
  const source = encodePublicId(asset.public_id) + suffix
  const signature = asset.type === 'upload' ? undefined : `s--${shortSignature(transformation ? `${transformation}/${source}` : source, cloud.apiSecret)}--`
  const segments = [cloud.cloudName, asset.resource_type, asset.type, signature, transformation, `v${asset.version}`, source]
  return [publicUrl, ...segments.filter((segment) => segment)].join('/')
}

/**
 * Both addresses of an asset: `url` is http and `secure_url` https. Where the sandbox is reached by plain
 * http, and nobody asked for strict URLs, both are http: links that open are worth more than an `s`. Source:
 * integration tests of the official clients.
 */
export function assetUrls (
  { publicUrl, cloud, strictUrls }: Viewer, asset: Addressed, transformation?: string, extension?: string
): { url: string, secure_url: string } {
  const url = assetUrl(publicUrl, cloud, asset, transformation, extension)
  if (publicUrl.startsWith('http:') && !strictUrls) return { url, secure_url: url }
  const address = url.replace(/^https?:/, '')
  return { url: `http:${address}`, secure_url: `https:${address}` }
}

function encodePublicId (publicId: string): string {
  // Nearly every ID needs no encoding, and a list has hundreds of them.
  if (/^[\w./:-]*$/.test(publicId)) return publicId
  return encodeURIComponent(publicId).replaceAll('%2F', '/').replaceAll('%3A', ':')
}

/** Source: Cloudinary, "delivery_url_signatures": first eight characters of the URL-safe base64 of the digest. */
function shortSignature (toSign: string, secret: string): string {
  return createHash('sha1').update(toSign + secret, 'utf8').digest('base64url').slice(0, 8)
}
