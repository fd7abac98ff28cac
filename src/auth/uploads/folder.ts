import type { Fault } from '../../errors.ts'
import { isOff, isOn, type Parameters } from '../policy/signing-rules.ts'

const ENCODED = /%[0-9a-f]{2}/i
const DOT_SEGMENT = /(?:^|\/)\s*\.{1,2}\s*(?:\/|$)/
// Both slashes of other alphabets and the full stops that some normalisations turn into "." are refused with the plain ones.
const LOOKALIKE = /[\u2024\u2025\u2215\u2044\u29f8\ufe52\uff0e\uff0f\uff3c\u3002\uff61]/

/** True when Unicode form NFKC, which writes out what one character stands for, changes the segments. */
function changesSegments (name: string): boolean {
  const plain = name.normalize('NFKC')
  return plain.split('/').length !== name.split('/').length || plain.includes('\\') || DOT_SEGMENT.test(plain)
}

/**
 * Why it cannot be told where this name would end up once somebody decodes, normalises or joins it; undefined when it is
 * plain. Only callers with a folder of their own are held to this: for others a name is just a name.
 */
export function ambiguity (name: string): string | undefined {
  if (/^[\s/]|[\s/]$|\/\//.test(name)) return 'must not begin or end with a blank or a slash, or hold an empty segment'
  if (DOT_SEGMENT.test(name)) return 'must not hold a "." or ".." segment'
  if (LOOKALIKE.test(name) || changesSegments(name)) {
    return 'must not hold a backslash or a look-alike of a slash or a dot'
  }
  if (ENCODED.test(name)) return 'must not hold percent-encoded characters'
  if (/[\p{Cc}\p{Cf}\p{Cs}]/u.test(name)) return 'must not hold control or invisible characters'
  if (name.normalize('NFC') !== name) return 'must be in Unicode form NFC'
  return undefined
}

/** Below the folder, by whole segments: `users/1` holds `users/1/a` and neither itself nor `users/10/a`. */
export function isInside (folder: string, name: string): boolean {
  return name.startsWith(`${folder}/`) && ambiguity(name) === undefined
}

/** The folder itself, or a folder below it. */
export function isFolderInside (folder: string, name: string): boolean {
  return name === folder || isInside(folder, name)
}

/** A fault that keeps the caller inside the folder, or undefined when `name` is below it. */
export function outsideFault (folder: string, name: string, pointer: string): Fault | undefined {
  if (isInside(folder, name)) return undefined
  return { pointer, message: ambiguity(name) ?? `must be below "${folder}/"` }
}

/** Stands for the name that Cloudinary will choose. */
const ANY_NAME = 'any'

/** A name that Cloudinary takes as it is, where a file gives it: other characters are replaced. */
const PLAIN_FILENAME = /^[\w-]+(?:\.[\w-]+)*$/

/**
 * Returns what the end of the public ID may be, as far as it decides over an asset that exists: none where the
 * name will be random. Undefined when it cannot be told: the browser names the file, or Cloudinary rewrites its
 * name.
 */
export function ownNames (
  parameters: Parameters, filename: string | undefined
): readonly string[] | undefined {
  const {
    public_id: publicId,
    use_filename: usesFilename,
    unique_filename: isUnique,
    filename_override: name = filename
  } = parameters
  if (publicId !== undefined) return [publicId]
  if (!isOn(usesFilename) || !isOff(isUnique)) return []
  return name === undefined || !PLAIN_FILENAME.test(name) ? undefined : [name, name.replace(/\.[^.]*$/, '')]
}

/** A public ID that an upload could get, and the parameter that decides it. */
export interface Reading { readonly pointer: string, readonly name: string }

/**
 * Every public ID an upload with these parameters could get, each with the parameter that decides it; `own` is the end of
 * it. Whether a cloud has fixed or dynamic folders is not known here, and they read the parameters differently (a prefix
 * replaces the folder, or stands before it, or is not read): all readings count.
 * Source: Cloudinary, upload reference, `folder`, `public_id_prefix`, `use_asset_folder_as_public_id_prefix`.
 */
export function readings (parameters: Parameters, own = parameters['public_id'] ?? ANY_NAME): Reading[] {
  const { public_id_prefix: prefix, folder, asset_folder: assetFolder } = parameters
  const base = folder ? `${folder}/${own}` : own
  const all = [{ pointer: folder ? '/folder' : '/public_id', name: base }]
  const add = (pointer: string, before: string): void => {
    all.push({ pointer, name: `${before}/${base}` })
    if (folder) all.push({ pointer, name: `${before}/${own}` })
  }
  if (prefix) add('/public_id_prefix', prefix)
  if (assetFolder && isPrefix(parameters)) add('/use_asset_folder_as_public_id_prefix', assetFolder)
  return all
}

/** True when the folder in which the asset is shown is a part of its name, too. */
const isPrefix = (parameters: Parameters): boolean => isOn(parameters['use_asset_folder_as_public_id_prefix'])

/** Finds parts of a name that are ambiguous by themselves: "a/." and "./b" would otherwise hide in a join. */
export function ambiguousParts (parameters: Parameters): Fault[] {
  const names = ['public_id', 'folder', 'public_id_prefix', ...isPrefix(parameters) ? ['asset_folder'] : []]
  return names.flatMap((name) => {
    const value = parameters[name]
    const message = value === undefined ? undefined : ambiguity(value)
    return message === undefined ? [] : [{ pointer: `/${name}`, message }]
  })
}

/** Finds the name of a file that becomes the end of the public ID and is not one plain segment. */
export function fileNameFaults (parameters: Parameters, filename: string | undefined): Fault[] {
  const { use_filename: usesFilename, filename_override: override } = parameters
  const name = override ?? filename
  if (!isOn(usesFilename) || name === undefined) return []
  const why = /[/\\]/.test(name) ? 'must not hold a slash or a backslash' : ambiguity(name)
  if (why === undefined) return []
  const pointer = override === undefined ? '/file' : '/filename_override'
  return [{ pointer, message: `must be a plain name when use_filename is on, and so ${why}` }]
}

/** Keeps the first fault of each parameter: several readings of one may break the same rule. */
export function oneOfEach (faults: readonly Fault[]): Fault[] {
  return faults.filter(({ pointer }, index) => index === faults.findIndex((other) => other.pointer === pointer))
}

/**
 * Why an upload could leave the folder. `filename` is the name of the file, where it is known: with `use_filename` it
 * becomes the end of the public ID.
 */
export function uploadFaults (folder: string, parameters: Parameters, filename?: string): Fault[] {
  const faults = ambiguousParts(parameters)
  if (faults.length === 0) {
    const outside = readings(parameters).flatMap(({ pointer, name }) => outsideFault(folder, name, pointer) ?? [])
    faults.push(...oneOfEach(outside))
  }
  const assetFolder = parameters['asset_folder']
  const isTold = faults.some(({ pointer }) => pointer === '/asset_folder')
  if (assetFolder !== undefined && !isTold && !isFolderInside(folder, assetFolder)) {
    faults.push({ pointer: '/asset_folder', message: ambiguity(assetFolder) ?? `must be "${folder}" or below it` })
  }
  faults.push(...fileNameFaults(parameters, filename))
  return faults
}

/** The folder that an upload is given when it names no place at all, so that its random name lies inside. */
export function withFolder (folder: string, parameters: Parameters): Parameters {
  const placed = parameters['public_id'] !== undefined || parameters['folder'] !== undefined || parameters['public_id_prefix'] !== undefined
  return placed ? parameters : { ...parameters, folder }
}
