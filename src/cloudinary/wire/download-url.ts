import { invalidRequest } from '../../errors.ts'
import type { DeliveryTypeName, ResourceTypeName } from '../../schemas/assets.ts'
import type { CloudinaryEnvironment } from '../../schemas/environment.ts'
import { smugglingFaults } from '../../schemas/smuggling.ts'
import type { Transformation } from '../../schemas/transformation.ts'
import { signParameters } from './signature.ts'
import { transformationToString } from './transformation.ts'

export interface DownloadUrlOptions {
  readonly public_id: string
  readonly resource_type?: ResourceTypeName | undefined
  readonly type?: DeliveryTypeName | undefined
  readonly format?: string | undefined
  /** Unix seconds; without it the link lives as long as its timestamp: one hour. */
  readonly expires_at?: number | undefined
  /** Unix seconds that the signature is dated with; now, when not given. */
  readonly timestamp?: number | undefined
  /** Ask the browser to save the file, not to show it. */
  readonly attachment?: boolean | undefined
  readonly target_filename?: string | undefined
  readonly transformation?: Transformation | undefined
}

type DownloadEnvironment = Pick<CloudinaryEnvironment, 'cloudName' | 'apiKey' | 'apiSecret' | 'uploadPrefix' | 'publicUploadPrefix' | 'signatureAlgorithm' | 'signatureVersion'>

/** Text, or nothing for what was not given: empty values are neither sent nor signed. */
function text (value: string | number | boolean | undefined): string {
  return value === undefined ? '' : String(value)
}

function encode (name: string, value: string): string {
  try {
    return encodeURIComponent(value)
  } catch {
    throw invalidRequest([{ pointer: `/${name}`, message: 'holds half of a Unicode character' }])
  }
}

/** Refuses every parameter that hides another one: callers choose the text of most of them. */
function refuseSmuggling (parameters: Readonly<Record<string, string>>): void {
  const faults = smugglingFaults(parameters)
  if (faults.length > 0) throw invalidRequest(faults)
}

/**
 * A signed link to the API that hands out the original (or, with `transformation`, a derived file) until it expires,
 * whatever the delivery type is. The order of the query is that of Cloudinary's own libraries.
 */
export function privateDownloadUrl (environment: DownloadEnvironment, options: DownloadUrlOptions, nowSeconds: number): string {
  const { cloudName, apiKey, apiSecret, uploadPrefix, publicUploadPrefix = uploadPrefix, signatureAlgorithm, signatureVersion } = environment
  const parameters: Record<string, string> = {
    timestamp: text(options.timestamp ?? nowSeconds),
    public_id: options.public_id,
    format: text(options.format),
    type: text(options.type),
    attachment: text(options.attachment),
    expires_at: text(options.expires_at),
    target_filename: text(options.target_filename),
    transformation: transformationToString(options.transformation)
  }
  if (signatureVersion === 1) refuseSmuggling(parameters)
  const signature = signParameters(parameters, { apiSecret, algorithm: signatureAlgorithm, version: signatureVersion })
  const query = Object.entries({ ...parameters, signature, api_key: apiKey })
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name}=${encode(name, value)}`)
  return `${publicUploadPrefix}/v1_1/${encodeURIComponent(cloudName)}/${options.resource_type ?? 'image'}/download?${query.join('&')}`
}
