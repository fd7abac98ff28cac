import { isDeepStrictEqual } from 'node:util'
import { boundedMemory } from '../../bounded-memory.ts'
import { GatewayError } from '../../errors.ts'
import type { Parameters } from '../policy/signing-rules.ts'

/** Another method of Cloudinary that takes signatures made with the same secret. */
interface Target {
  /** The parameter it aims with: without that it cannot be called. Absent where the path aims, which nobody signs. */
  readonly aim?: string
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

/**
 * What an asset may be given by an update, `POST /resources/:resource_type/:type/:public_id`. The Admin API is meant to be
 * called with the secret itself, but one official client signs this call. Source: Cloudinary, Admin reference, `update`.
 */
const UPDATE: ReadonlySet<string> = new Set([
  'access_control', 'access_mode', 'asset_folder', 'auto_tagging', 'auto_transcription', 'background_removal', 'categorization', 'clear_invalid', 'context', 'custom_coordinates', 'detection',
  'display_name', 'face_coordinates', 'headers', 'metadata', 'moderation_status', 'notification_url', 'ocr', 'quality_override', 'raw_convert', 'regions', 'similarity_search',
  'tags', 'timestamp', 'unique_display_name', 'visual_search'
])
/** What the details of an asset may be asked with, which that client signs too. Source: Cloudinary, Admin reference, `resource`. */
const DETAILS: ReadonlySet<string> = new Set([
  'accessibility_analysis', 'cinemagraph_analysis', 'colors', 'exif', 'faces', 'image_metadata', 'media_metadata', 'phash', 'quality_analysis', 'timestamp'
])

/** `rename`, `tags`, `context` and `metadata` aim with parameters that no upload has. */
const TARGETS: readonly Target[] = [
  { aim: 'public_id', knows: (name) => !UPLOAD_ONLY.has(name) },
  { aim: 'tags', knows: (name) => ARCHIVE.has(name) },
  { knows: (name) => UPDATE.has(name) },
  { knows: (name) => DETAILS.has(name) }
]

/** Harmless ones, with Cloudinary's defaults for values. The first sorts right after `public_id`, the others before it. */
const MARKERS = [
  ['return_delete_token', 'false'],
  ['discard_original_filename', 'false'],
  ['async', 'false'],
  ['accessibility_analysis', 'false']
] as const
type Markers = ReadonlyArray<(typeof MARKERS)[number]>
/** Every choice of markers, the smallest ones first. */
const CHOICES: readonly Markers[] = MARKERS.reduce<Markers[]>((found, marker) => [...found, ...found.map((choice) => [...choice, marker])], [[]])
  .sort((one, other) => one.length - other.length)

/**
 * Is a parameter that the method does not know in the way, and cannot be hidden? Cloudinary still takes signatures of
 * version 1, whose string escapes no `&`: `timestamp=1&use_filename=1` is also a timestamp of value `1&use_filename=1`.
 * A parameter can so be swallowed by a known one that sorts before it, unless there is none, or it is `public_id`: then
 * the replay names another asset, one that does not exist.
 */
function isBlocked (names: readonly string[], { knows }: Target, canHide: boolean): boolean {
  for (const name of names) {
    if (knows(name)) continue
    if (!canHide) return true
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

/** A path aims at once, but a signature over nothing but the time is not taken there. */
function canAim (names: readonly string[], { aim, knows }: Target): boolean {
  return aim === undefined ? names.some((name) => name !== 'timestamp' && knows(name)) : names.includes(aim)
}

/**
 * The methods that the signature of parameters with these names could serve beside upload. With `hidden` off, those that
 * are aimed by their path count only when nothing has to be hidden from them.
 */
function replays (names: readonly string[], hidden: boolean): Target[] {
  return TARGETS.filter((target) => canAim(names, target) && !isBlocked(names, target, hidden || target.aim !== undefined))
}

/** Could the signature of parameters with these names serve another method than upload? */
export function isReplayable (names: readonly string[], hidden = true): boolean {
  return replays(names, hidden).length > 0
}

/**
 * The fewest markers that keep a signature of these names from serving another method; undefined when none do. A name
 * that sorts as early as `asset_folder` has no marker before it: there one that is known to no other method has to do.
 */
function markersFor (names: readonly string[]): Markers | undefined {
  const helps = (hidden: boolean) => CHOICES.find((choice) => !isReplayable([...new Set([...names, ...choice.map(([name]) => name)])], hidden))
  return helps(true) ?? helps(false)
}

/** Answers of `markersFor`: only names count, none holds `&`, and an application signs the same few sets again and again. */
const answers = boundedMemory<{ readonly markers: Markers | undefined }>({ maxBytes: 1024 ** 2 })

function knownMarkers (names: readonly string[]): Markers | undefined {
  const key = names.join('&')
  const known = answers.get(key)
  if (known) return known.markers
  const markers = markersFor(names)
  answers.set(key, { markers })
  return markers
}

/** Returns the markers that a form lacks. A blank field counts as absent. */
function missing (markers: Markers, form: Parameters): Markers {
  return markers.filter(([name]) => (form[name] ?? '') === '')
}

/**
 * Yields the form with each choice of markers that its sender may have left out: first none, then the choice
 * that is made for these names today, then the others. Forced parameters, or another version of the gateway,
 * lead to another choice.
 */
export function * markedForms (form: Parameters): Generator<Parameters, void> {
  yield form
  const open = missing(MARKERS, form)
  const likely = missing(knownMarkers(Object.keys(form)) ?? [], form)
  const possible = CHOICES.filter((choice) => choice.every((marker) => open.includes(marker)))
  const others = possible.filter((choice) => !isDeepStrictEqual(choice, likely))
  for (const choice of [likely, ...others]) {
    if (choice.length > 0) yield { ...form, ...Object.fromEntries(choice) }
  }
}

/**
 * Parameters whose signature fits an upload and nothing else: where needed a harmless upload-only parameter is added,
 * and has to be sent along. `exact` sets (the Upload Widget signs what it will send) cannot be added to: its `source`,
 * which no other method knows, must do for the paths of the Admin API, or no widget could send a context.
 * @throws {GatewayError} `param_not_allowed` when the set must stay as it is, or no marker helps.
 */
export function withoutReplay (parameters: Parameters, exact: boolean): Parameters {
  const names = Object.keys(parameters)
  const markers = exact ? undefined : knownMarkers(names)
  if (markers?.length === 0) return parameters
  if (markers) {
    const guarded: Record<string, string> = Object.assign({}, parameters) // an object from a spread is slow to add to
    for (const [name, value] of markers) guarded[name] ??= value
    return guarded
  }
  const open = replays(names, !exact)
  if (open.length === 0) return parameters
  throw replayable(names, open, exact)
}

/** Parameters that callers can add themselves, and that no other method knows. */
const CURES = ['allowed_formats', 'source'] as const
const SOURCE_ADVICE = 'The Upload Widget sends `source=uw` by itself; other signers add `source` to what they sign and send.'

/** The refusal of a set that stays open to the methods in `open`; it names only what would close it. */
function replayable (names: readonly string[], open: readonly Target[], exact: boolean): GatewayError {
  const aims = open.flatMap(({ aim, knows }) => aim ?? names.filter((name) => name !== 'timestamp' && knows(name)))
  const cures = CURES.filter((cure) => !names.includes(cure) && !isReplayable([...names, cure], !exact))
  const cure = cures.length > 0 ? `sign ${cures.join(' or ')} too, or leave it out` : 'leave it out'
  const message = `could be used to change, delete or fetch assets: ${cure}`
  const detail = 'This set of parameters would also be a valid signature for another method of Cloudinary.'
  return new GatewayError('param_not_allowed', detail, {
    errors: [...new Set(aims)].map((name) => ({ pointer: `/${name}`, message })),
    members: exact && cures.includes('source') ? { advice: SOURCE_ADVICE } : {}
  })
}
