import { Type } from '@sinclair/typebox'

/** Enum of strings that keeps its literal types and validates as one `enum`, so that a fault lists every choice. */
export function Choice<const T extends readonly string[]> (values: T, options: Record<string, unknown> = {}) {
  return Type.Unsafe<T[number]>({ type: 'string', enum: [...values], ...options })
}

/**
 * A public ID as Cloudinary takes it: 1 to 255 characters, slashes make folders, no file extension for images and videos.
 * Refused: a leading or trailing blank or slash, empty or dot-only path segments (they change meaning in a URL), control
 * characters and unpaired surrogates.
 */
export const PUBLIC_ID_PATTERN = '^(?![ /])(?!.*[ /]$)(?!.*//)(?!(?:.*/)?\\.\\.?(?:/|$))[^\\u0000-\\u001f\\u007f]+$'

export const PublicId = Type.String({
  minLength: 1,
  maxLength: 255,
  pattern: PUBLIC_ID_PATTERN,
  description: 'Name of the asset, with its folders: `cats/tom`. Up to 255 characters; no extension for images and videos.',
  examples: ['samples/logo'],
  'x-component': 'PublicId',
  'x-fault': 'must not begin or end with a blank or a slash, and must hold no empty, "." or ".." segment and no control character'
})

/** Cloudinary's permanent ID of an asset, which survives changes of its public ID. */
export const ASSET_ID_PATTERN = '^[0-9a-f]{32}$'

export const AssetId = Type.String({
  pattern: ASSET_ID_PATTERN,
  description: '`asset_id` of the asset, as every answer about it has it.',
  examples: ['60c1093bdd0491f5d34fd24c1f5acace'],
  'x-component': 'AssetId',
  'x-fault': 'must be an asset_id: 32 hexadecimal digits; an asset is found by its public ID at /resources/{public_id}'
})

export const RESOURCE_TYPES = ['image', 'video', 'raw'] as const
export const DELIVERY_TYPES = ['upload', 'private', 'authenticated'] as const

type Notes = Readonly<Record<string, unknown>>
export const resourceType = (notes: Notes) => Choice(RESOURCE_TYPES, {
  'x-component': 'ResourceType', ...notes
})
export const resourceTypeOrAuto = (notes: Notes) =>
  Choice(['auto', ...RESOURCE_TYPES], { 'x-component': 'ResourceTypeOrAuto', ...notes })
export const deliveryType = (notes: Notes) => Choice(DELIVERY_TYPES, {
  'x-component': 'DeliveryType', ...notes
})

export const ResourceType = resourceType({
  default: 'image', description: 'Kind of asset; audio is `video`.'
})
/** For actions that can look the asset up under each kind. */
export const ResourceTypeOrAuto = resourceTypeOrAuto({
  default: 'image', description: 'Kind of asset; `auto` tries image, video and raw.'
})
/** For uploads: Cloudinary finds out by itself. */
export const UploadResourceType = resourceTypeOrAuto({
  default: 'auto', description: 'Kind of asset; `auto` lets Cloudinary decide.'
})
export const DeliveryType = deliveryType({ default: 'upload', description: 'Storage (delivery) type.' })

export type ResourceTypeName = (typeof RESOURCE_TYPES)[number]
export type DeliveryTypeName = (typeof DELIVERY_TYPES)[number]

/** What Cloudinary answers is relayed as it is: only the members that people rely on are described, the rest is open. */
export const Asset = Type.Object({
  asset_id: Type.Optional(Type.String()),
  public_id: Type.Optional(Type.String()),
  format: Type.Optional(Type.String()),
  version: Type.Optional(Type.Integer()),
  resource_type: Type.Optional(Type.String()),
  type: Type.Optional(Type.String()),
  created_at: Type.Optional(Type.String()),
  bytes: Type.Optional(Type.Integer()),
  width: Type.Optional(Type.Integer()),
  height: Type.Optional(Type.Integer()),
  url: Type.Optional(Type.String()),
  secure_url: Type.Optional(Type.String()),
  tags: Type.Optional(Type.Array(Type.String())),
  existing: Type.Optional(Type.Boolean({
    description: 'True when `overwrite=false` kept the asset that was there: the file was not stored.'
  }))
}, { 'x-component': 'Asset', additionalProperties: true, description: 'An asset as Cloudinary describes it; further members are passed on untouched.' })

/** Asks for hints in a 404. */
export const Diagnose = Type.Optional(Type.Boolean({
  description: 'When the asset is absent, look for it under every kind and type, for one Admin API call each. While half of the hourly calls or fewer are left, each look counts as a request for the rate of the caller. Without it, a 404 has such hints only while more than half of the hourly calls are left.'
}))
