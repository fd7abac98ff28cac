import { createHash } from 'node:crypto'
import type { AssetRecord } from './asset.ts'
import type { CloudSettings } from '../clouds.ts'

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

/** Both addresses of an asset. The sandbox has one scheme, and links that work are worth more than an `s`. */
export function assetUrls (publicUrl: string, cloud: CloudSettings, asset: Addressed, transformation?: string, extension?: string): { url: string, secure_url: string } {
  const url = assetUrl(publicUrl, cloud, asset, transformation, extension)
  return { url, secure_url: url }
}

function encodePublicId (publicId: string): string {
  return encodeURIComponent(publicId).replaceAll('%2F', '/').replaceAll('%3A', ':')
}

/** Source: Cloudinary, "delivery_url_signatures": first eight characters of the URL-safe base64 of the digest. */
function shortSignature (toSign: string, secret: string): string {
  return createHash('sha1').update(toSign + secret, 'utf8').digest('base64url').slice(0, 8)
}
