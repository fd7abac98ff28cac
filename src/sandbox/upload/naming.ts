import type { CloudSettings } from '../clouds.ts'
import { SandboxError } from '../errors.ts'
import { readDisplayName } from '../assets/display-name.ts'
import { isPath, readFolder, trimSlashes } from '../assets/folder-path.ts'
import type { Fields } from '../api/fields.ts'
import type { RandomSource } from '../random.ts'
import type { ResourceTypeName } from '../assets/kinds.ts'
import { splitExtension } from '../assets/formats.ts'

export interface Names {
  public_id: string
  asset_folder: string
  display_name: string
  original_filename?: string
}

/**
 * Decides what an upload is called. Source: Cloudinary, "Upload API reference"; lengths of random names from the
 * integration tests of the official clients.
 */
export function nameAsset (fields: Fields, { cloud, resourceType, filename, random }: {
  cloud: CloudSettings, resourceType: ResourceTypeName, filename: string | undefined, random: RandomSource
}): Names {
  const dynamic = cloud.folderMode !== 'fixed'
  const sent = fields.text('filename_override') ?? filename?.split(/[/\\]/).at(-1)
  const original = sent === undefined ? undefined : splitExtension(sent)
  const prefix = idPrefix(fields, dynamic)
  const base = fields.text('public_id') ?? ownName(fields, resourceType, original, random)
  const publicId = prefix ? `${prefix}/${base}` : base
  assertPublicId(publicId)
  const folder = publicId.split('/').slice(0, -1).join('/')
  const assetFolder = dynamic ? readFolder(fields.text('asset_folder') ?? fields.text('folder') ?? '', 'asset_folder') : folder
  const keepsName = original && !fields.flag('discard_original_filename')
  return {
    public_id: publicId,
    asset_folder: assetFolder,
    display_name: displayName(fields, publicId, original?.base),
    ...keepsName && { original_filename: fields.text('filename_override') ?? original.base }
  }
}

function displayName (fields: Fields, publicId: string, originalName: string | undefined): string {
  const given = readDisplayName(fields)
  const fallback = fields.flag('use_filename_as_display_name') ? originalName : undefined
  return given ?? fallback ?? publicId.split('/').at(-1) ?? publicId
}

/**
 * Characters that no public ID may have. Source: Cloudinary, "Public ID naming conventions"; answers of the
 * live service that people have quoted.
 */
const FORBIDDEN = /[?&#\\%<>+]/

/** @throws {SandboxError} 400; folders like `v12` are reserved for the version segment of URLs. */
export function assertPublicId (publicId: string): void {
  const broken = !isPath(publicId) || publicId.trim() !== publicId || FORBIDDEN.test(publicId)
  const reserved = publicId.split('/').slice(0, -1).some((folder) => /^v\d+$/.test(folder))
  if (broken || reserved) throw new SandboxError(400, `public_id (${publicId}) is invalid`)
}

function idPrefix (fields: Fields, dynamic: boolean): string {
  const prefix = (dynamic ? fields.text('public_id_prefix') : undefined) ?? fields.text('folder')
  if (prefix !== undefined) return trimSlashes(prefix)
  return dynamic && fields.flag('use_asset_folder_as_public_id_prefix') ? trimSlashes(fields.text('asset_folder') ?? '') : ''
}

function ownName (fields: Fields, resourceType: ResourceTypeName, original: { base: string, extension?: string } | undefined, random: RandomSource): string {
  const extension = resourceType === 'raw' && original?.extension ? `.${original.extension}` : ''
  const normal = original && fields.flag('use_filename') ? normaliseName(original.base) : ''
  if (!normal) return random.name(20) + extension
  return (fields.flag('unique_filename', true) ? `${normal}_${random.name(6)}` : normal) + extension
}

/** Characters that a public ID should not have: trimmed at the ends, `_` inside. */
function normaliseName (name: string): string {
  return name.replace(/^[\s?&#\\%<>+/]+|[\s?&#\\%<>+/]+$/g, '').replace(/[\s?&#\\%<>+/]+/g, '_')
}
