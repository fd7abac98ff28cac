import { SandboxError } from '../errors.ts'
import type { Call, Route } from '../api/call.ts'
import { Fields } from '../api/fields.ts'
import { nameIgnored } from '../api/ignored.ts'
import { UPLOAD_PARAMETERS } from '../api/upload-parameters.ts'
import { parsePairs } from '../assets/parameters.ts'
import { eagerText, spelledOut, wireText } from '../transformation/long-names.ts'
import { parseTransformation } from '../transformation/parser.ts'
import { readBreakpoints } from '../upload/derive/breakpoints.ts'
import { readEager } from '../upload/derive/eager.ts'
import type { UploadPreset } from '../upload/preset.ts'
import { page } from '../api/paging.ts'

/** Named sets of upload parameters. Source: Cloudinary, "Admin API reference", "upload_presets". */
export const presetRoutes: Route[] = [
  { method: 'GET', path: 'upload_presets', guard: 'admin', action: list },
  { method: 'POST', path: 'upload_presets', guard: 'admin', action: create },
  { method: 'GET', path: 'upload_presets/:name', guard: 'admin', action: async (call) => shown(required(call)) },
  { method: 'PUT', path: 'upload_presets/:name', guard: 'admin', action: update },
  { method: 'DELETE', path: 'upload_presets/:name', guard: 'admin', action: remove }
]

/** Not settings: what says how the call itself is made. */
const OWN_PARAMETERS = new Set(['name', 'unsigned', 'timestamp', 'api_key', 'signature'])
/** Settings that are no upload parameters. */
const OWN_SETTINGS = new Set(['disallow_public_id'])
const LISTS = new Set(['tags', 'allowed_formats'])
const PAIRS = new Set(['context', 'metadata'])
const FLAGS = /^(overwrite|use_filename|unique_filename|invalidate|faces|colors|phash|exif|image_metadata|media_metadata|return_delete_token|eager_async|async|backup|live|disallow_public_id|discard_original_filename|use_filename_as_display_name|use_asset_folder_as_public_id_prefix|unique_display_name|quality_analysis|accessibility_analysis|cinemagraph_analysis)$/

/** The newest first. */
async function list (call: Call): Promise<unknown> {
  const presets = call.store.documents<UploadPreset>('preset').map(([, preset]) => preset)
  const { items, ...next } = page(presets, { name: 'presets', keyOf: ({ position = 0, name }) => [position, name], descending: [true, false] }, {
    cursor: call.fields.text('next_cursor'),
    maxResults: call.fields.integer('max_results', { min: 1, max: 500, fallback: 10 })
  })
  return { presets: items.map(shown), ...next }
}

async function create (call: Call): Promise<unknown> {
  const name = call.fields.text('name') ?? call.random.name(8)
  if (call.store.document('preset', name)) throw new SandboxError(409, `Upload preset ${name} already exists`)
  const others = call.store.documents<UploadPreset>('preset').map(([, { position = 0 }]) => position)
  await call.store.putDocument('preset', name, { name, unsigned: call.fields.flag('unsigned'), settings: readSettings(call), position: Math.max(0, ...others) + 1 } satisfies UploadPreset)
  return { message: 'created', name }
}

async function update (call: Call): Promise<unknown> {
  const preset = required(call)
  await call.store.putDocument('preset', preset.name, {
    ...preset,
    unsigned: call.fields.flag('unsigned', preset.unsigned),
    settings: { ...preset.settings, ...readSettings(call) }
  })
  return { message: 'updated' }
}

async function remove (call: Call): Promise<unknown> {
  const { name } = required(call)
  await call.store.removeDocument('preset', name)
  return { message: 'deleted' }
}

function required (call: Call): UploadPreset {
  const name = call.params.name ?? ''
  const preset = call.store.document<UploadPreset>('preset', name)
  if (!preset) throw new SandboxError(404, `Can't find upload preset with name ${name}`)
  return preset
}

/** @throws {SandboxError} 400 for what uploads could not read: at once, not when an upload needs it. */
function readSettings ({ fields, reply }: Call): Record<string, unknown> {
  const settings: Record<string, unknown> = {}
  for (const [name, value] of fields.entries()) if (!OWN_PARAMETERS.has(name)) settings[name] = setting(fields, name, value)
  const isKnown = (name: string) => OWN_SETTINGS.has(name) || UPLOAD_PARAMETERS.has(name)
  nameIgnored(reply, Object.keys(settings).filter((name) => !isKnown(name)))
  structured(settings)
  assertDerivable(settings)
  return settings
}

/** Chains are kept as text, in whatever form they come: what `GET` shows can be sent back. */
function setting (fields: Fields, name: string, value: unknown): unknown {
  if (name === 'transformation') return wireText(value)
  if (name === 'eager') return eagerText(value)
  if (LISTS.has(name)) return fields.list(name)
  return FLAGS.test(name) ? fields.flag(name) : value
}

function assertDerivable (settings: Readonly<Record<string, unknown>>): void {
  const fields = new Fields()
  fields.assign(settings)
  const wanted = [...readEager(fields, 'image'), ...readBreakpoints(fields, 'image')]
  for (const { transformation, format } of wanted) parseTransformation(format === undefined ? transformation : `${transformation}/${format}`)
}

/** What is kept as uploads send it is shown in structured form. */
function shown ({ name, unsigned, settings }: UploadPreset): Omit<UploadPreset, 'position'> {
  return { name, unsigned, settings: structured(settings) }
}

/** `a=b|c=d` is `{ a: 'b', c: 'd' }`, `c_scale,w_100` is `[{ crop: 'scale', width: 100 }]`. Source: integration tests of the official clients. */
function structured (settings: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(settings).map(([name, value]) => {
    if (typeof value !== 'string') return [name, value]
    if (PAIRS.has(name)) return [name, parsePairs(value, name)]
    if (name !== 'transformation') return [name, value]
    const { components, format } = parseTransformation(value)
    // A format has no place among the objects.
    return [name, format === undefined ? spelledOut(components) : value]
  }))
}
