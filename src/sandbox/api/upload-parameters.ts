import type { Imitation } from '../imitation.ts'

interface AddOn { name: string, kinds: RegExp, invalid: (value: string) => string }

/** Parameters that start an add-on. An account without it gets 420; a kind that does not exist is a 400. */
export const ADD_ONS: Readonly<Record<string, AddOn>> = {
  raw_convert: { name: 'Aspose Document Conversion', kinds: /^(aspose|google_speech|azure_video_indexer|extract_text)/, invalid: () => 'Raw convert is invalid' },
  categorization: { name: 'the tagging add-on', kinds: /^(google_tagging|google_video_tagging|aws_rek_tagging|imagga_tagging|azure_video_indexer)/, invalid: (value) => `Categorization item ${value} is not valid` },
  detection: { name: 'Cloudinary AI Content Analysis', kinds: /^(adv_face|aws_rek_face|captioning|cld-|coco|lvis|unidet|human-anatomy|openimages|shop-classifier|iqa|watermark)/, invalid: (value) => `Detection invalid model '${value}'` },
  ocr: { name: 'OCR Text Detection and Extraction', kinds: /^adv_ocr/, invalid: (value) => `Ocr ${value} is not valid` },
  background_removal: { name: 'the background removal add-on', kinds: /^(cloudinary_ai|pixelz|remove_the_background)/, invalid: () => 'Background removal is invalid' },
  similarity_search: { name: 'similarity search', kinds: /^/, invalid: () => '' }
}

export const IGNORED = ['backup', 'invalidate', 'proxy', 'callback', 'batch_id', 'eval', 'on_success', 'auto_tagging', 'visual_search', 'auto_transcription', 'auto_chaptering', 'auto_video_details', 'quality_analysis',
  'accessibility_analysis', 'cinemagraph_analysis', 'quality_override', 'source']

/** What means nothing where the folder of an asset is the path of its public ID. Source: Cloudinary, "Folder modes". */
export const DYNAMIC_ONLY = ['asset_folder', 'public_id_prefix', 'use_asset_folder_as_public_id_prefix']

/** What slideshows and templates are made of. */
export const NOT_IMITATED = ['manifest_json', 'manifest_transformation', 'template', 'template_vars']

const REAL = ['access_control', 'access_mode', 'allowed_formats', 'asset_folder', 'async', 'clear_invalid', 'colors', 'context', 'custom_coordinates', 'discard_original_filename', 'display_name', 'eager', 'eager_async',
  'eager_notification_url', 'exif', 'face_coordinates', 'faces', 'file', 'filename_override', 'folder', 'format', 'headers', 'image_metadata', 'media_metadata', 'metadata', 'moderation', 'notification_url', 'overwrite', 'phash',
  'public_id', 'public_id_prefix', 'regions', 'responsive_breakpoints', 'return_delete_token', 'tags', 'transformation', 'type', 'unique_display_name', 'unique_filename', 'upload_preset', 'use_asset_folder_as_public_id_prefix', 'use_filename', 'use_filename_as_display_name']

/** Every upload parameter that is known here. */
export const UPLOAD_PARAMETERS: ReadonlyMap<string, Imitation> = new Map([
  ...REAL.map((name): [string, Imitation] => [name, 'real']),
  ...IGNORED.map((name): [string, Imitation] => [name, 'ignored']),
  ...[...Object.keys(ADD_ONS), ...NOT_IMITATED].map((name): [string, Imitation] => [name, 'refused'])
].sort(([one], [other]) => String(one) < String(other) ? -1 : 1) as [string, Imitation][]) // pairs, as made above

/** Upload parameters that are treated otherwise where the file is no image: pixels are only looked at in images, and nothing is transcoded. */
const ONLY_IMAGES = { colors: 'ignored', exif: 'ignored', image_metadata: 'ignored', media_metadata: 'ignored', phash: 'ignored', responsive_breakpoints: 'ignored' } as const
export const OTHERWISE: Readonly<Record<'video' | 'raw', Readonly<Record<string, Imitation>>>> = {
  video: { ...ONLY_IMAGES, format: 'refused', transformation: 'refused' },
  // Presets of many accounts hold transformations, for whatever is uploaded with them: a raw file cannot have any.
  raw: { ...ONLY_IMAGES, eager: 'ignored', format: 'ignored', transformation: 'ignored' }
}
