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

/** Returns the name of the first parameter that a value holds behind an `&`. */
export function heldParameter (value: string): string | undefined {
  if (!value.includes('&')) return undefined // as nearly all
  for (const [, name = ''] of value.matchAll(/&([a-z][a-z0-9_]*)=/g)) if (KNOWN.has(name)) return name
  return undefined
}

/**
 * Why a value may not be signed with version 1, or undefined: that version does not escape `&`, so `a&public_ids=b` is also
 * a value of `a` and another parameter, perhaps of another method.
 */
export function smugglingFault (value: string): string | undefined {
  const name = heldParameter(value)
  if (name === undefined) return undefined
  return `must not hold "&${name}=": a signature of version 1 cannot tell it from a parameter`
}

/** Finds every parameter whose value holds another parameter. Only signatures of version 1 need this. */
export function smugglingFaults (parameters: Readonly<Record<string, string>>): Fault[] {
  return Object.entries(parameters).flatMap(([name, value]) => {
    const message = smugglingFault(value)
    return message === undefined ? [] : [{ pointer: `/${name}`, message }]
  })
}

/** Parameters whose values become a part of the public ID, which Cloudinary signs in its answer. */
const ECHOED = ['public_id', 'folder', 'public_id_prefix', 'asset_folder', 'filename_override'] as const

/**
 * Finds values of which Cloudinary would make a signature of another parameter: it signs the public ID of every
 * upload, always in version 1, whatever version the environment signs in. `filename` is that of a file which
 * names its asset. Source: Cloudinary, "response_signatures".
 */
export function echoFaults (parameters: Readonly<Record<string, string>>, filename?: string): Fault[] {
  const values = [...ECHOED.map((name) => [name, parameters[name]] as const), ['file', filename] as const]
  return values.flatMap(([name, value]) => {
    const held = value === undefined ? undefined : heldParameter(value)
    if (held === undefined) return []
    const what = name === 'file' ? 'must not have a name that holds' : 'must not hold'
    const why = 'Cloudinary\'s signature of its answer would be one of that parameter too'
    return [{ pointer: `/${name}`, message: `${what} "&${held}=": ${why}` }]
  })
}
