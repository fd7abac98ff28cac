import { notImitated, SandboxError } from '../errors.ts'
import type { Call } from './call.ts'
import type { Fields } from './fields.ts'
import { nameIgnored } from './ignored.ts'
import type { ResourceTypeName } from '../assets/kinds.ts'

/** How an upload parameter is treated: done as the vendor does it, taken and not acted upon, or refused by name. */
export type Support = 'real' | 'ignored' | 'refused'

interface AddOn { name: string, kinds: RegExp, invalid: (value: string) => string }

/** Parameters that start an add-on. An account without it gets 420; a kind that does not exist is a 400. */
const ADD_ONS: Readonly<Record<string, AddOn>> = {
  raw_convert: { name: 'Aspose Document Conversion', kinds: /^(aspose|google_speech|azure_video_indexer|extract_text)/, invalid: () => 'Raw convert is invalid' },
  categorization: { name: 'the tagging add-on', kinds: /^(google_tagging|google_video_tagging|aws_rek_tagging|imagga_tagging|azure_video_indexer)/, invalid: (value) => `Categorization item ${value} is not valid` },
  detection: { name: 'Cloudinary AI Content Analysis', kinds: /^(adv_face|aws_rek_face|captioning|cld-|coco|lvis|unidet|human-anatomy|openimages|shop-classifier|iqa|watermark)/, invalid: (value) => `Detection invalid model '${value}'` },
  ocr: { name: 'OCR Text Detection and Extraction', kinds: /^adv_ocr/, invalid: (value) => `Ocr ${value} is not valid` },
  background_removal: { name: 'the background removal add-on', kinds: /^(cloudinary_ai|pixelz|remove_the_background)/, invalid: () => 'Background removal is invalid' },
  similarity_search: { name: 'similarity search', kinds: /^/, invalid: () => '' }
}

const IGNORED = ['backup', 'invalidate', 'proxy', 'callback', 'eval', 'on_success', 'auto_tagging', 'visual_search', 'auto_transcription', 'auto_chaptering', 'auto_video_details', 'quality_analysis',
  'accessibility_analysis', 'cinemagraph_analysis', 'quality_override', 'source']

/** What means nothing where the folder of an asset is the path of its public ID. Source: Cloudinary, "Folder modes". */
const DYNAMIC_ONLY = ['asset_folder', 'public_id_prefix', 'use_asset_folder_as_public_id_prefix']

/** What slideshows and templates are made of. */
const NOT_IMITATED = ['manifest_json', 'manifest_transformation', 'template', 'template_vars']

const REAL = ['access_control', 'access_mode', 'allowed_formats', 'asset_folder', 'async', 'clear_invalid', 'colors', 'context', 'custom_coordinates', 'discard_original_filename', 'display_name', 'eager', 'eager_async',
  'eager_notification_url', 'exif', 'face_coordinates', 'faces', 'file', 'filename_override', 'folder', 'format', 'headers', 'image_metadata', 'media_metadata', 'metadata', 'moderation', 'notification_url', 'overwrite', 'phash',
  'public_id', 'public_id_prefix', 'regions', 'responsive_breakpoints', 'return_delete_token', 'tags', 'transformation', 'type', 'unique_display_name', 'unique_filename', 'upload_preset', 'use_asset_folder_as_public_id_prefix', 'use_filename', 'use_filename_as_display_name']

/** Every upload parameter that is known here. */
export const UPLOAD_PARAMETERS: ReadonlyMap<string, Support> = new Map([
  ...REAL.map((name): [string, Support] => [name, 'real']),
  ...IGNORED.map((name): [string, Support] => [name, 'ignored']),
  ...[...Object.keys(ADD_ONS), ...NOT_IMITATED].map((name): [string, Support] => [name, 'refused'])
].sort(([one], [other]) => String(one) < String(other) ? -1 : 1) as [string, Support][]) // pairs, as made above

/** Upload parameters that are treated otherwise where the file is no image: pixels are only looked at in images, and nothing is transcoded. */
const ONLY_IMAGES = { colors: 'ignored', exif: 'ignored', image_metadata: 'ignored', media_metadata: 'ignored', phash: 'ignored', responsive_breakpoints: 'ignored' } as const
export const OTHERWISE: Readonly<Record<'video' | 'raw', Readonly<Record<string, Support>>>> = {
  video: { ...ONLY_IMAGES, format: 'refused', transformation: 'refused' },
  // Presets of many accounts hold transformations, for whatever is uploaded with them: a raw file cannot have any.
  raw: { ...ONLY_IMAGES, eager: 'ignored', format: 'ignored', transformation: 'ignored' }
}

/** How a kind of add-on that does not exist is refused. */
export type Wording = (parameter: string, value: string) => string

const inUploads: Wording = (parameter, value) => ADD_ONS[parameter]?.invalid(value) ?? ''
/** The Admin API has one text for all of them. Source: integration tests of the official clients, which know how it begins. */
export const inUpdates: Wording = (parameter, value) => `Illegal value ${value} for parameter ${parameter}`

/**
 * Says in a header of our own which parameters had no effect.
 * @throws {SandboxError} 420 for an add-on, 400 for one that does not exist, 501 for what is not imitated.
 */
export function checkSupport (call: Call, fields: Fields, wording = inUploads): void {
  for (const [name, { name: addOn, kinds }] of Object.entries(ADD_ONS)) {
    const value = sent(fields, name)
    if (value === undefined) continue
    throw kinds.test(value) ? new SandboxError(420, `You don't have an active subscription for ${addOn}`) : new SandboxError(400, wording(name, value))
  }
  for (const name of NOT_IMITATED) if (sent(fields, name) !== undefined) throw notImitated(`the upload parameter ${name}`)
  const ignored = call.cloud.folderMode === 'fixed' ? [...IGNORED, ...DYNAMIC_ONLY] : IGNORED
  nameIgnored(call.reply, ignored.filter((name) => sent(fields, name) !== undefined))
}

/** The same for what reads an asset: analyses that are not made here. */
export function nameIgnoredAnalyses (call: Call): void {
  nameIgnored(call.reply, IGNORED.filter((name) => name.endsWith('_analysis') && sent(call.fields, name) !== undefined))
}

/** Says which parameters had no effect because the file is no image. */
export function nameUnfit (call: Call, fields: Fields, resourceType: ResourceTypeName): void {
  if (resourceType === 'image') return
  const unfit = Object.entries(OTHERWISE[resourceType]).filter(([name, support]) => support === 'ignored' && sent(fields, name) !== undefined)
  nameIgnored(call.reply, unfit.map(([name]) => name).sort())
}

/** Some clients send every flag with its default: `false` asks for nothing. */
function sent (fields: Fields, name: string): string | undefined {
  const text = fields.text(name)
  return text === 'false' || text === '0' ? undefined : text
}
