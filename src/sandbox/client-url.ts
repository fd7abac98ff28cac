import type { CloudSettings } from './clouds.ts'

/**
 * What to export as `CLOUDINARY_URL`, so that official clients call this sandbox and build delivery URLs that lead to it.
 * The options are those of Cloudinary's own clients.
 */
export function clientUrl (cloud: CloudSettings, publicUrl: string): string {
  const { protocol, host } = new URL(publicUrl)
  const delivery = protocol === 'https:' ? `secure_distribution=${host}` : `secure=false&cname=${host}`
  return `cloudinary://${encodeURIComponent(cloud.apiKey)}:${encodeURIComponent(cloud.apiSecret)}@${cloud.cloudName}?upload_prefix=${publicUrl}&${delivery}`
}
