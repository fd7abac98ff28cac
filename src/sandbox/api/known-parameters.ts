import { UPLOAD_PARAMETERS } from './upload-parameters.ts'

/** Calls that take a signature, each with the parameters that it is documented to have. */
export type SignedCall = 'upload' | 'explicit' | 'destroy' | 'rename' | 'tags' | 'context' | 'metadata' | 'generate_archive' | 'text' | 'explode' | 'multi' | 'sprite' |
  'download' | 'download_backup' | AdminCall

/**
 * Calls of the Admin API that one official client signs, because their paths look to it like paths of the Upload API: it goes
 * by `image/upload`, `raw/context` and the like in the URL. No other call of the Admin API takes a signature.
 */
export type AdminCall = 'resource' | 'update' | 'delete_resources' | 'resources_by_context'

/** Sent along with every call and never a part of what is signed. */
export const TRANSPORT: ReadonlySet<string> = new Set(['file', 'api_key', 'signature', 'resource_type', 'cloud_name'])

const known = (...names: string[]): ReadonlySet<string> => new Set(['timestamp', ...names])

/**
 * Parameters that only clients with an `Authorization` header send. A signature does not cover them: one over
 * `tags` is made for an upload, and must open nothing else. Source: models of the asset management MCP
 * server.
 */
export const KNOWN_WITH_HEADER: Partial<Readonly<Record<SignedCall, ReadonlySet<string>>>> = { tags: new Set(['tags']) }

const UPLOADS = [...UPLOAD_PARAMETERS.keys()].filter((name) => !TRANSPORT.has(name))

/**
 * Which files are taken, and what they are then called: `explicit` has no file. Official clients would send it all that an upload takes,
 * and sign that. How much of it the vendor knows there is not public; the parameters documented for it hold none of these.
 */
const UPLOAD_ONLY = new Set(['allowed_formats', 'discard_original_filename', 'filename_override', 'folder', 'public_id_prefix', 'return_delete_token', 'source', 'unique_filename', 'use_asset_folder_as_public_id_prefix',
  'use_filename', 'use_filename_as_display_name'])

/** What an asset may be given after its upload. */
const CHANGES = ['access_control', 'access_mode', 'asset_folder', 'auto_tagging', 'auto_transcription', 'background_removal', 'categorization', 'clear_invalid', 'context', 'custom_coordinates', 'detection',
  'display_name', 'face_coordinates', 'headers', 'metadata', 'notification_url', 'ocr', 'quality_override', 'raw_convert', 'regions', 'similarity_search', 'tags', 'unique_display_name', 'visual_search']
const ANALYSES = ['accessibility_analysis', 'cinemagraph_analysis', 'colors', 'exif', 'faces', 'image_metadata', 'media_metadata', 'phash', 'quality_analysis']

/**
 * Parameters that take part in a signature, call by call. The vendor leaves out of its string to sign what it does not know,
 * so signing an unknown parameter fails, and the signature of an upload with a parameter that only uploads have opens
 * nothing else. Source: Cloudinary, "Upload API reference", the parameters of each method; official clients.
 */
export const KNOWN_PARAMETERS: Readonly<Record<SignedCall, ReadonlySet<string>>> = {
  upload: known(...UPLOADS),
  explicit: known(...UPLOADS.filter((name) => !UPLOAD_ONLY.has(name))),
  destroy: known('asset_id', 'callback', 'invalidate', 'notification_url', 'public_id', 'type'),
  rename: known('context', 'from_public_id', 'invalidate', 'metadata', 'notification_url', 'overwrite', 'to_public_id', 'to_type', 'type'),
  tags: known('command', 'public_ids', 'tag', 'type'),
  context: known('command', 'context', 'public_ids', 'type'),
  metadata: known('clear_invalid', 'metadata', 'public_ids', 'type'),
  generate_archive: known('allow_missing', 'async', 'expires_at', 'flatten_folders', 'flatten_transformations', 'fully_qualified_public_ids', 'keep_derived', 'mode', 'notification_url', 'prefixes',
    'public_ids', 'skip_transformation_name', 'tags', 'target_asset_folder', 'target_format', 'target_public_id', 'target_tags', 'transformations', 'type', 'use_original_filename'),
  text: known('background', 'font_antialiasing', 'font_color', 'font_family', 'font_hinting', 'font_size', 'font_style', 'font_weight', 'letter_spacing', 'line_spacing', 'opacity', 'overwrite', 'public_id',
    'stroke', 'text', 'text_align', 'text_decoration'),
  explode: known('format', 'notification_url', 'public_id', 'transformation', 'type'),
  multi: known('async', 'format', 'mode', 'notification_url', 'tag', 'transformation', 'urls'),
  sprite: known('async', 'format', 'mode', 'notification_url', 'tag', 'transformation', 'urls'),
  download: known('attachment', 'expires_at', 'format', 'public_id', 'target_filename', 'transformation', 'type'),
  download_backup: known('asset_id', 'version_id'),
  resource: known(...ANALYSES, 'coordinates', 'derived_next_cursor', 'max_results', 'next_cursor', 'pages', 'related', 'related_next_cursor', 'versions'),
  update: known(...CHANGES, 'moderation_status'),
  delete_resources: known('all', 'invalidate', 'keep_original', 'next_cursor', 'prefix', 'public_ids', 'transformations'),
  resources_by_context: known('context', 'direction', 'fields', 'key', 'max_results', 'metadata', 'moderations', 'next_cursor', 'start_at', 'tags', 'value')
}
