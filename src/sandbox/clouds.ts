/** One product environment of the sandbox: who may use it and how it behaves. */
export interface CloudSettings {
  readonly cloudName: string
  readonly apiKey: string
  readonly apiSecret: string
  /** A bearer token that is accepted besides the key. */
  readonly oauthToken?: string
  /** `dynamic` (default): public IDs and asset folders are two things; `fixed`: a folder is the path of the public ID. */
  readonly folderMode?: 'dynamic' | 'fixed'
  /** Hash of response and notification signatures; `sha1` by default. */
  readonly signatureAlgorithm?: 'sha1' | 'sha256'
  /** Delivers PDF and ZIP, which Cloudinary blocks by default. */
  readonly allowPdfAndZip?: boolean
  /** Serves `/image/list/{tag}.json`, which Cloudinary answers with 401 by default. */
  readonly allowResourceList?: boolean
  /** New derived assets need a signed URL. */
  readonly strictTransformations?: boolean
  /** Hex key of delivery tokens (`__cld_token__`). */
  readonly authTokenKey?: string
}

/** All of one sandbox, by cloud name. */
export type Clouds = ReadonlyMap<string, CloudSettings>

export const DEFAULT_CLOUD: CloudSettings = { cloudName: 'demo', apiKey: '1234', apiSecret: 'abcd' }

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
