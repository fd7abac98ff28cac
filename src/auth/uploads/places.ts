import type { Fault } from '../../errors.ts'
import { fitsAny, type Pattern } from '../policy/patterns.ts'
import type { Permissions } from '../policy/permissions.ts'
import type { Parameters, SigningRules } from '../policy/signing-rules.ts'
import {
  ambiguity,
  ambiguousParts,
  fileNameFaults,
  isFolderInside,
  isInside,
  oneOfEach,
  ownNames,
  readings,
  type Reading
} from './folder.ts'

type PlaceRules = Pick<SigningRules, 'folder' | 'publicId' | 'force' | 'presets'>

/** Stands for a name that nobody knows yet. No pattern holds it, so only a wildcard matches it. */
const ANY_NAME = '\u0000'

const listed = (patterns: readonly Pattern[]): string => patterns.map(({ text }) => `"${text}"`).join(' or ')
const parentOf = (name: string): string => name.split('/').slice(0, -1).join('/')
const shown = (name: string): string => name.replace(ANY_NAME, '<name>')

/** Returns the folder that the policy forces: every asset then lies below it. */
const forcedFolder = ({ force }: PlaceRules): string | undefined => force['folder']

/** True when the rules say where an asset may lie. */
export function rulePlaces (rules: PlaceRules): boolean {
  return rules.folder !== undefined || rules.publicId !== undefined || forcedFolder(rules) !== undefined
}

/** True for a caller whose folder or rules say where its assets may lie. */
export function isPlaced ({ folder, signing }: Permissions): boolean {
  return folder !== undefined || (signing !== undefined && rulePlaces(signing))
}

/** Scripts see and change every parameter of an upload, its public ID too. */
export const SCRIPTS = ['eval', 'on_success'] as const

/**
 * Finds parameters that leave it open where the asset will lie: scripts, and presets that the policy does not
 * list, which can bring a folder or a prefix of their own.
 */
export function undecidableFaults (parameters: Parameters, hasPresets: boolean, who: string): Fault[] {
  const faults: Fault[] = SCRIPTS.filter((name) => parameters[name] !== undefined)
    .map((name) => ({ pointer: `/${name}`, message: `may not be used by ${who}` }))
  if (parameters['upload_preset'] !== undefined && !hasPresets) {
    const message = `may not be used by ${who}, unless its policy lists presets: a preset can bring a folder of its own`
    faults.push({ pointer: '/upload_preset', message })
  }
  return faults
}

/** True when `public_id` and `folder` alone make this name. */
const isBase = ({ pointer }: Reading): boolean => pointer === '/folder' || pointer === '/public_id'

/** Returns why the public ID of one reading breaks `public_id`; undefined when it fits. */
function publicIdFault (
  { publicId: patterns }: PlaceRules, reading: Reading, parameters: Parameters
): Fault | undefined {
  const { pointer, name } = reading
  if (!patterns || fitsAny(patterns, name)) return undefined
  const wanted = listed(patterns)
  const made = `makes the public ID "${shown(name)}", which must fit ${wanted}`
  if (!isBase(reading)) return { pointer, message: made }
  const { public_id: own, folder } = parameters
  if (own === undefined && parameters['use_filename'] === undefined) {
    const behind = folder === undefined ? '' : ' behind the folder'
    return { pointer: '/public_id', message: `must be given, and fit ${wanted}${behind}` }
  }
  const message = name === own ? `must fit ${wanted}` : made
  return { pointer: own === undefined && folder !== undefined ? '/folder' : '/public_id', message }
}

/** Returns why the folder of one reading, all before its last slash, breaks `folder`; undefined when it fits. */
function folderFault (
  { folder: patterns }: PlaceRules, reading: Reading, { folder, public_id: own = '' }: Parameters
): Fault | undefined {
  if (!patterns) return undefined
  const wanted = listed(patterns)
  if (isBase(reading) && folder !== undefined && !fitsAny(patterns, folder)) {
    return { pointer: '/folder', message: `must fit ${wanted}` }
  }
  const parent = parentOf(reading.name)
  if (fitsAny(patterns, parent)) return undefined
  const message = `puts the asset into the folder "${parent}", which must fit ${wanted}`
  if (!isBase(reading)) return { pointer: reading.pointer, message }
  if (own.includes('/')) return { pointer: '/public_id', message }
  return { pointer: '/folder', message: `must be given, and fit ${wanted}` }
}

function forcedFault (rules: PlaceRules, { pointer, name }: Reading): Fault | undefined {
  const home = forcedFolder(rules)
  if (home === undefined || isInside(home, name.replace(ANY_NAME, 'any'))) return undefined
  return { pointer, message: `puts the asset outside "${home}/", the folder of this caller` }
}

/** Judges `asset_folder`: with dynamic folders it is where people find the asset. */
function assetFolderFault (rules: PlaceRules, { asset_folder: target }: Parameters): Fault[] {
  if (target === undefined) return []
  const home = forcedFolder(rules)
  const pointer = '/asset_folder'
  const vague = rules.folder || home !== undefined ? ambiguity(target) : undefined
  if (vague !== undefined) return [{ pointer, message: vague }]
  if (rules.folder && !fitsAny(rules.folder, target)) {
    return [{ pointer, message: `must fit ${listed(rules.folder)}` }]
  }
  if (home === undefined || isFolderInside(home, target)) return []
  return [{ pointer, message: `must be "${home}" or below it` }]
}

/** Finds the rules about places that one reading breaks. */
export function readingFaults (rules: PlaceRules, reading: Reading, parameters: Parameters): Fault[] {
  return [
    folderFault(rules, reading, parameters) ?? [],
    publicIdFault(rules, reading, parameters) ?? [],
    forcedFault(rules, reading) ?? []
  ].flat()
}

/**
 * Finds where an upload breaks the rules about places. They hold for every public ID that it could get,
 * whichever parameters bring it; what cannot be decided is refused. `filename` is the name of the file, where it
 * is known.
 */
export function placeFaults (rules: PlaceRules, parameters: Parameters, filename?: string): Fault[] {
  if (!rulePlaces(rules)) return []
  const vague = [...ambiguousParts(parameters), ...fileNameFaults(parameters, filename)]
  if (vague.length > 0) return vague
  const known = ownNames(parameters, filename) ?? []
  const names = known.length > 0 ? known : [ANY_NAME]
  const faults = names.flatMap((own) => readings(parameters, own))
    .flatMap((reading) => readingFaults(rules, reading, parameters))
  return oneOfEach([...faults, ...assetFolderFault(rules, parameters)])
}

/** Finds where an update moves an asset into a folder that an upload of this caller could not name. */
export function moveFaults (rules: PlaceRules, changes: Parameters): Fault[] {
  return assetFolderFault(rules, changes)
}
