import { GatewayError } from '../errors.ts'
import type { Parameters } from './folder-jail.ts'

/**
 * Parameters that only an upload knows. Cloudinary drops what an endpoint does not know before it rebuilds the string
 * to sign, so one of these in the set makes the signature worthless for `destroy` and `explicit`. (`rename` wants
 * `from_public_id`, which no upload has.) Source: Cloudinary, upload reference, parameters of each method.
 */
const UPLOAD_ONLY: ReadonlySet<string> = new Set([
  'allowed_formats', 'discard_original_filename', 'filename_override', 'folder', 'format', 'public_id_prefix', 'return_delete_token', 'source',
  'unique_filename', 'use_filename', 'use_asset_folder_as_public_id_prefix', 'use_filename_as_display_name'
])

/** Harmless ones: their values are Cloudinary's defaults. The first sorts right after `public_id`, the second before it. */
const MARKERS: ReadonlyArray<readonly [name: string, value: string]> = [
  ['return_delete_token', 'false'],
  ['discard_original_filename', 'false']
]

/**
 * Could the signature of these parameters serve another endpoint than upload?
 *
 * Not when it names no public ID: the others demand one, and adding it breaks the signature. Otherwise an upload-only
 * parameter must stand in the way, and it must not be possible to hide it. Cloudinary still takes signatures of version
 * 1, whose string escapes no `&`: `timestamp=1&use_filename=1` is then also a timestamp of value `1&use_filename=1`. A
 * parameter can so be swallowed by the one that sorts before it, unless there is none, or it is `public_id`: then the
 * replay names another asset, one that does not exist.
 */
export function isReplayable (names: readonly string[]): boolean {
  if (!names.includes('public_id')) return false
  let before: string | undefined
  for (const name of [...names].sort()) {
    if (!UPLOAD_ONLY.has(name)) before = name
    else if (before === undefined || before === 'public_id') return false
  }
  return true
}

/**
 * Parameters whose signature fits an upload and nothing else: where needed a harmless upload-only parameter is added,
 * and has to be sent along. `exact` sets (the Upload Widget signs what it will send) cannot be added to.
 * @throws {GatewayError} `param_not_allowed` when the set must stay as it is, or no marker helps.
 */
export function withoutReplay (parameters: Parameters, exact: boolean): Parameters {
  let guarded = parameters
  if (!exact) {
    for (const [name, value] of MARKERS) {
      if (!isReplayable(Object.keys(guarded))) return guarded
      guarded = { ...guarded, [name]: parameters[name] ?? value }
    }
  }
  if (!isReplayable(Object.keys(guarded))) return guarded
  const errors = [{ pointer: '/public_id', message: 'could be used to delete or change the asset: sign allowed_formats or folder too, or leave it out' }]
  throw new GatewayError('param_not_allowed', 'This set of parameters would also be a valid signature for another method of Cloudinary.', { errors })
}

/** Names that a smuggled `&name=` must not bring in. Version 1 of the signature does not escape `&`. */
export function smuggled (value: string, known: ReadonlySet<string>): string | undefined {
  for (const [, name = ''] of value.matchAll(/&([a-z][a-z0-9_]*)=/g)) {
    if (known.has(name)) return name
  }
  return undefined
}
