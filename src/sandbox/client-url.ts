import type { CloudSettings } from './clouds.ts'

/**
 * What to export as `CLOUDINARY_URL`, so that official clients call this sandbox. The options are those of Cloudinary's own clients.
 * Over plain HTTP the Node client makes links that work only when told `secure: false` at each of them: it does not read `secure` from
 * here, and makes `https` links by default. Those must lead here, too, and fail, rather than to the real cloud of that name.
 */
export function clientUrl (cloud: CloudSettings, publicUrl: string): string {
  const { protocol, host } = new URL(publicUrl)
  const delivery = `${protocol === 'https:' ? '' : `secure=false&cname=${host}&`}secure_distribution=${host}`
  return `cloudinary://${encodeURIComponent(cloud.apiKey)}:${encodeURIComponent(cloud.apiSecret)}@${cloud.cloudName}?upload_prefix=${publicUrl}&${delivery}`
}
