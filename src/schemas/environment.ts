import type { Secret } from '../secret.ts'

/** Where a request names its environment. */
export const ENVIRONMENT_PLACE = 'the query or the X-Environment header'

export type SignatureAlgorithm = 'sha1' | 'sha256'
export type SignatureVersion = 1 | 2

/** How delivery URLs of one environment are built. Names are the options of Cloudinary's own `CLOUDINARY_URL`. */
export interface DeliveryOptions {
  readonly secure: boolean
  readonly private_cdn: boolean
  readonly secure_distribution?: string
  readonly cname?: string
  readonly cdn_subdomain: boolean
  readonly secure_cdn_subdomain?: boolean
  readonly long_url_signature: boolean
  readonly force_version: boolean
}

/** An HTTP proxy between the gateway and other machines. */
export interface UpstreamProxy {
  /** Host and port, safe to log. */
  readonly address: string
  /** May hold a user name and a password, so it is secret as a whole. */
  readonly url: Secret
}

/** One environment: whose cloud, with which credentials, at which address. Frozen once read. */
export interface CloudinaryEnvironment {
  /** Lower case: `editor`, `staging`, `production`, or any other name. */
  readonly name: string
  readonly cloudName: string
  readonly apiKey: string
  readonly apiSecret: Secret
  /** Root of the Upload and Admin API, without a trailing slash: `https://api.cloudinary.com`. */
  readonly uploadPrefix: string
  /**
   * How browsers reach that root, when not at the same address: an inner one, or a sandbox behind a published
   * port.
   */
  readonly publicUploadPrefix?: string
  /** Proxy that every connection to that root goes through; absent: none. */
  readonly proxy?: UpstreamProxy | undefined
  readonly signatureAlgorithm: SignatureAlgorithm
  readonly signatureVersion: SignatureVersion
  readonly delivery: DeliveryOptions
  /** True when the embedded sandbox stands behind it. */
  readonly sandbox: boolean
}
