import { GatewayError } from '../errors.ts'
import type { Parameters } from './folder-jail.ts'

/** Another method of Cloudinary that takes signatures made with the same secret. */
interface Target {
  /** The parameter it aims with: without that it cannot be called. */
  readonly aim: string
  /** Does it read this upload parameter? What a method does not know it drops before it rebuilds the string to sign. */
  readonly knows: (name: string) => boolean
}

type Knows = Target['knows']

/**
 * Parameters that only an upload knows. Every other one is taken for known: the lists that are published for `destroy`,
 * `explicit`, `explode` and `download` may not be whole. Source: Cloudinary, upload reference, parameters of each method.
 */
const UPLOAD_ONLY: ReadonlySet<string> = new Set([
  'allowed_formats', 'discard_original_filename', 'filename_override', 'folder', 'public_id_prefix', 'return_delete_token', 'source', 'unique_filename',
  'use_filename', 'use_asset_folder_as_public_id_prefix', 'use_filename_as_display_name'
])
/** Of the upload parameters these alone mean something to `generate_archive`, which takes whole sets of assets by tag. */
const ARCHIVE: ReadonlySet<string> = new Set(['async', 'callback', 'notification_url', 'proxy', 'tags', 'timestamp', 'type'])

/** `rename`, `tags`, `context` and `metadata` aim with parameters that no upload has. */
const TARGETS: readonly Target[] = [
  { aim: 'public_id', knows: (name) => !UPLOAD_ONLY.has(name) },
  { aim: 'tags', knows: (name) => ARCHIVE.has(name) }
]

/** Harmless ones, with Cloudinary's defaults for values. The first sorts right after `public_id`, the others before it. */
const MARKERS: ReadonlyArray<readonly [name: string, value: string]> = [
  ['return_delete_token', 'false'],
  ['discard_original_filename', 'false'],
  ['accessibility_analysis', 'false']
]

/**
 * Is a parameter that the method does not know in the way, and cannot be hidden? Cloudinary still takes signatures of
 * version 1, whose string escapes no `&`: `timestamp=1&use_filename=1` is also a timestamp of value `1&use_filename=1`.
 * A parameter can so be swallowed by a known one that sorts before it, unless there is none, or it is `public_id`: then
 * the replay names another asset, one that does not exist.
 */
function isBlocked (names: readonly string[], { knows }: Target): boolean {
  for (const name of names) {
    if (knows(name)) continue
    const before = lastBefore(name, names, knows)
    if (before === undefined || before === 'public_id') return true
  }
  return false
}

/** Of the names that the method knows, the last one that sorts before `name`. */
function lastBefore (name: string, names: readonly string[], knows: Knows): string | undefined {
  let last: string | undefined
  for (const other of names) {
    if (other < name && (last === undefined || other > last) && knows(other)) last = other
  }
  return last
}

/** Could the signature of parameters with these names serve another method than upload? */
export function isReplayable (names: readonly string[]): boolean {
  return TARGETS.some((target) => names.includes(target.aim) && !isBlocked(names, target))
}

type Marker = (typeof MARKERS)[number]

/** The first markers that keep a signature of these names from serving another method; undefined when all of them do not. */
function markersFor (names: readonly string[]): readonly Marker[] | undefined {
  const all = new Set(names)
  if (!isReplayable(names)) return []
  for (const [index, [name]] of MARKERS.entries()) {
    all.add(name)
    if (!isReplayable([...all])) return MARKERS.slice(0, index + 1)
  }
  return undefined
}

/** Answers of `markersFor`: only names count, none holds `&`, and an application signs the same few sets again and again. */
const answers = new Map<string, readonly Marker[] | undefined>()
const MOST_ANSWERS = 1000

function knownMarkers (names: readonly string[]): readonly Marker[] | undefined {
  const key = names.join('&')
  if (answers.has(key)) return answers.get(key)
  if (answers.size >= MOST_ANSWERS) answers.clear()
  const markers = markersFor(names)
  answers.set(key, markers)
  return markers
}

/**
 * Parameters whose signature fits an upload and nothing else: where needed a harmless upload-only parameter is added,
 * and has to be sent along. `exact` sets (the Upload Widget signs what it will send) cannot be added to.
 * @throws {GatewayError} `param_not_allowed` when the set must stay as it is, or no marker helps.
 */
export function withoutReplay (parameters: Parameters, exact: boolean): Parameters {
  const markers = knownMarkers(Object.keys(parameters))
  if (markers?.length === 0) return parameters
  if (markers && !exact) {
    const guarded: Record<string, string> = Object.assign({}, parameters) // a spread that is added to is five times as slow
    for (const [name, value] of markers) guarded[name] ??= value
    return guarded
  }
  const errors = TARGETS.filter(({ aim }) => parameters[aim] !== undefined).map(({ aim }) => ({
    pointer: `/${aim}`, message: 'could be used to change, delete or fetch assets: sign allowed_formats or source too, or leave it out'
  }))
  throw new GatewayError('param_not_allowed', 'This set of parameters would also be a valid signature for another method of Cloudinary.', { errors })
}

/** Names that a smuggled `&name=` must not bring in. Version 1 of the signature does not escape `&`. */
export function smuggled (value: string, known: ReadonlySet<string>): string | undefined {
  for (const [, name = ''] of value.matchAll(/&([a-z][a-z0-9_]*)=/g)) {
    if (known.has(name)) return name
  }
  return undefined
}
