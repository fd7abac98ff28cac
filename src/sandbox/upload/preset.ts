import { TRANSPORT } from '../api/known-parameters.ts'
import { SandboxError } from '../errors.ts'
import type { Call } from '../api/call.ts'
import { Fields } from '../api/fields.ts'
import { readPairs } from '../assets/parameters.ts'

export interface UploadPreset {
  name: string
  unsigned: boolean
  /** Upload parameters as uploads send them, but for arrays (`tags`) and real booleans. */
  settings: Record<string, unknown>
  /** Grows from preset to preset: tells which is newer. Not shown. */
  position?: number
}

const UNSIGNED_PARAMETERS = ['upload_preset', 'callback', 'public_id', 'folder', 'asset_folder', 'tags', 'context', 'metadata', 'face_coordinates',
  'custom_coordinates', 'source', 'filename_override', 'manifest_transformation', 'manifest_json', 'template', 'template_vars', 'regions', 'public_id_prefix']
const MERGED = ['tags', 'context', 'metadata']

/**
 * The parameters that count: those of the request and those of its preset. In unsigned uploads the preset wins, tags, context
 * and metadata are merged and nothing is overwritten; in signed ones the request wins. Source: Cloudinary, "Upload presets".
 */
export function effectiveFields (call: Call): Fields {
  const { fields, unsigned } = call
  const name = fields.text('upload_preset')
  const preset = name === undefined ? undefined : call.store.document<UploadPreset>('preset', name)
  if (name !== undefined && !preset) throw new SandboxError(400, 'Upload preset not found')
  if (unsigned && preset && !preset.unsigned) throw new SandboxError(400, 'Upload preset must be whitelisted for unsigned uploads')
  if (unsigned) assertUnsignedParameters(fields, preset)
  const merged = new Fields()
  merged.assign(Object.fromEntries(fields.entries()))
  for (const [key, value] of Object.entries(preset?.settings ?? {})) {
    if (unsigned && MERGED.includes(key) && fields.has(key)) merged.set(key, joined(key, value, fields))
    else if (unsigned || !fields.has(key)) merged.set(key, value)
  }
  if (unsigned) merged.set('overwrite', 'false')
  return merged
}

/** Pairs are merged as pairs: joined as text, what stands in one of them could end it. */
function joined (key: string, value: unknown, fields: Fields): unknown {
  if (key === 'tags') return `${String(value)},${fields.text(key) ?? ''}`
  const preset = new Fields()
  preset.set(key, value)
  return { ...readPairs(preset, key), ...readPairs(fields, key) }
}

function assertUnsignedParameters (fields: Fields, preset: UploadPreset | undefined): void {
  const problems = fields.names().filter((name) => !UNSIGNED_PARAMETERS.includes(name) && !TRANSPORT.has(name) && name !== 'timestamp' && fields.has(name))
    .map((name) => `${humanised(name)} parameter is not allowed when using unsigned upload`)
  if (problems.length > 0) throw new SandboxError(400, `${problems.join(', ')}. Only ${UNSIGNED_PARAMETERS.join(',')} upload parameters are allowed.`)
  if (preset?.settings.disallow_public_id === true && fields.has('public_id')) {
    throw new SandboxError(400, 'Public id parameter is not allowed when using unsigned upload.')
  }
}

/** `access_mode` is `Access mode`. */
function humanised (name: string): string {
  const words = name.replaceAll('_', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}
