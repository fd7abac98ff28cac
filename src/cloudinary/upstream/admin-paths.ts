import { invalidRequest } from '../../errors.ts'
import type { DeliveryTypeName, ResourceTypeName } from '../../schemas/assets.ts'
import type { CloudinaryEnvironment } from '../../schemas/environment.ts'

export type Query = Readonly<Record<string, string | readonly string[]>>

/** Selects a list: assets of a kind and a type, or those that one filter finds. */
export interface Listed {
  readonly resource_type?: ResourceTypeName
  readonly type?: DeliveryTypeName
  readonly tag?: string
  readonly moderation_kind?: string
  readonly moderation_status?: string
  readonly asset_folder?: string
}

/** Path that the API of one cloud begins with, after the host. */
export function apiRoot ({ uploadPrefix, cloudName }: CloudinaryEnvironment): string {
  return `${new URL(uploadPrefix).pathname.replace(/\/$/, '')}/v1_1/${encodeURIComponent(cloudName)}`
}

/**
 * A public ID, or another name, as one path segment: its slashes become `%2F`, as Cloudinary's own client
 * sends them.
 * @throws {GatewayError} when it would change meaning in a URL.
 */
export function pathSegment (name: string, pointer = '/public_id'): string {
  if (name === '' || name === '.' || name === '..' || !name.isWellFormed()) {
    const message = pointer === '/public_id' ? 'cannot be a public ID' : 'cannot be asked for by this name'
    throw invalidRequest([{ pointer, message }])
  }
  return encodeURIComponent(name)
}

/** Encodes a query with its question mark, or as empty text. Lists are repeated as `name[]`. */
export function encodeQuery (query: Query): string {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (typeof value === 'string') search.append(name, value)
    else for (const each of value) search.append(`${name}[]`, each)
  }
  const text = search.toString()
  return text === '' ? '' : `?${text}`
}

/** Path and query of one page. Each filter is a call of its own. */
export function listPath (listed: Listed, query: Query): string {
  const { resource_type: kind = 'image', type = 'upload', tag, asset_folder: folder } = listed
  const { moderation_kind: moderation, moderation_status: status = '' } = listed
  if (folder !== undefined) return `/resources/by_asset_folder${encodeQuery({ ...query, asset_folder: folder })}`
  if (tag !== undefined) return `/resources/${kind}/tags/${pathSegment(tag, '/tag')}${encodeQuery(query)}`
  if (moderation === undefined) return `/resources/${kind}/${type}${encodeQuery(query)}`
  const state = `${pathSegment(moderation, '/moderation_kind')}/${pathSegment(status, '/moderation_status')}`
  return `/resources/${kind}/moderations/${state}${encodeQuery(query)}`
}
