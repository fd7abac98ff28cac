import type { Fault } from '../errors.ts'
import { SIGNABLE_PARAMETER_NAMES } from './upload-parameters.ts'

/**
 * Every parameter of every method that takes a signature, beside those of an upload. Source: Cloudinary, upload reference and,
 * for the calls that one official client signs, Admin reference.
 */
const OF_OTHERS = [
  'all', 'allow_missing', 'asset_id', 'asset_ids', 'attachment', 'background', 'command', 'coordinates', 'derived_next_cursor', 'direction', 'expires_at', 'fields', 'flatten_folders',
  'flatten_transformations', 'font_antialiasing', 'font_color', 'font_family', 'font_hinting', 'font_size', 'font_style', 'font_weight', 'from_public_id', 'fully_qualified_public_ids',
  'keep_derived', 'keep_original', 'key', 'letter_spacing', 'line_spacing', 'manifest_json', 'max_results', 'mode', 'moderation_status', 'moderations', 'next_cursor', 'opacity', 'pages',
  'prefix', 'prefixes', 'public_ids', 'related', 'related_next_cursor', 'resource_type', 'skip_transformation_name', 'start_at', 'stroke', 'tag', 'target_asset_folder', 'target_filename',
  'target_format', 'target_public_id', 'target_tags', 'text', 'text_align', 'text_decoration', 'to_public_id', 'to_type', 'transformations', 'urls', 'use_original_filename', 'value',
  'version_id', 'versions'
]
const KNOWN: ReadonlySet<string> = new Set([...SIGNABLE_PARAMETER_NAMES, ...OF_OTHERS])

/**
 * Why a value may not be signed with version 1, or undefined: that version does not escape `&`, so `a&public_ids=b` is also
 * a value of `a` and another parameter, perhaps of another method.
 */
export function smugglingFault (value: string): string | undefined {
  for (const [, name = ''] of value.matchAll(/&([a-z][a-z0-9_]*)=/g)) {
    if (KNOWN.has(name)) return `must not hold "&${name}=": a signature of version 1 cannot tell it from a parameter`
  }
  return undefined
}

/** Finds every parameter whose value holds another parameter. Only signatures of version 1 need this. */
export function smugglingFaults (parameters: Readonly<Record<string, string>>): Fault[] {
  return Object.entries(parameters).flatMap(([name, value]) => {
    const message = smugglingFault(value)
    return message === undefined ? [] : [{ pointer: `/${name}`, message }]
  })
}
