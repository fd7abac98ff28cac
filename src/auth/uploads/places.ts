import type { Fault } from '../../errors.ts'
import type { Pattern } from '../policy/patterns.ts'
import type { Parameters, SigningRules } from '../policy/signing-rules.ts'
import {
  ambiguity, ambiguousParts, fileNameFaults, isFolderInside, isInside, oneOfEach, ownNames, readings, type Reading
} from './folder.ts'

type PlaceRules = Pick<SigningRules, 'folder' | 'publicId' | 'force' | 'presets'>

/** Stands for a name that nobody knows yet. No pattern holds it, so only a wildcard matches it. */
const ANY_NAME = '\u0000'

const listed = (patterns: readonly Pattern[]): string => patterns.map(({ text }) => `"${text}"`).join(' or ')
const fits = (patterns: readonly Pattern[], name: string): boolean => patterns.some((pattern) => pattern.matches(name))
const parentOf = (name: string): string => name.split('/').slice(0, -1).join('/')
const shown = (name: string): string => name.replace(ANY_NAME, '<name>')

/** The folder that the policy forces: every asset then lies below it. */
const forcedFolder = ({ force }: PlaceRules): string | undefined => force['folder']

/** True when the rules say where an asset may lie. */
export function rulePlaces (rules: PlaceRules): boolean {
  return rules.folder !== undefined || rules.publicId !== undefined || forcedFolder(rules) !== undefined
}

/** Scripts see and change every parameter of an upload, its public ID too. */
const SCRIPTS = ['eval', 'on_success'] as const

/**
 * Finds parameters that leave it open where the asset will lie: scripts, and presets that the policy does not list,
 * which can bring a folder or a prefix of their own.
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

/** Why the public ID of one reading breaks `public_id`; undefined when it fits. */
function publicIdFault ({ publicId: patterns }: PlaceRules, { pointer, name }: Reading, parameters: Parameters): Fault | undefined {
  if (!patterns || fits(patterns, name)) return undefined
  const wanted = listed(patterns)
  const { public_id: own, folder } = parameters
  if (pointer !== '/folder' && pointer !== '/public_id') return { pointer, message: `makes the public ID "${shown(name)}", which must fit ${wanted}` }
  if (own === undefined && parameters['use_filename'] === undefined) return { pointer: '/public_id', message: `must be given, and fit ${wanted}${folder === undefined ? '' : ' behind the folder'}` }
  const message = name === own ? `must fit ${wanted}` : `makes the public ID "${shown(name)}", which must fit ${wanted}`
  return { pointer: own === undefined && folder !== undefined ? '/folder' : '/public_id', message }
}

/** Why the folder of one reading breaks `folder`. The folder is what stands before the last slash, whatever brings it. */
function folderFault ({ folder: patterns }: PlaceRules, { pointer, name }: Reading, { folder, public_id: own = '' }: Parameters): Fault | undefined {
  if (!patterns) return undefined
  const wanted = listed(patterns)
  const isBase = pointer === '/folder' || pointer === '/public_id'
  if (isBase && folder !== undefined && !fits(patterns, folder)) return { pointer: '/folder', message: `must fit ${wanted}` }
  const parent = parentOf(name)
  if (fits(patterns, parent)) return undefined
  const message = `puts the asset into the folder "${parent}", which must fit ${wanted}`
  if (!isBase) return { pointer, message }
  return own.includes('/') ? { pointer: '/public_id', message } : { pointer: '/folder', message: `must be given, and fit ${wanted}` }
}

function forcedFault (rules: PlaceRules, { pointer, name }: Reading): Fault | undefined {
  const home = forcedFolder(rules)
  if (home === undefined || isInside(home, name.replace(ANY_NAME, 'any'))) return undefined
  return { pointer, message: `puts the asset outside "${home}/", the folder of this caller` }
}

/** With dynamic folders this is where people find the asset. */
function assetFolderFault (rules: PlaceRules, { asset_folder: target }: Parameters): Fault[] {
  if (target === undefined) return []
  const home = forcedFolder(rules)
  const pointer = '/asset_folder'
  const vague = rules.folder || home !== undefined ? ambiguity(target) : undefined
  if (vague !== undefined) return [{ pointer, message: vague }]
  if (rules.folder && !fits(rules.folder, target)) return [{ pointer, message: `must fit ${listed(rules.folder)}` }]
  return home === undefined || isFolderInside(home, target) ? [] : [{ pointer, message: `must be "${home}" or below it` }]
}

/** Finds the rules about places that one reading breaks. */
export function readingFaults (rules: PlaceRules, reading: Reading, parameters: Parameters): Fault[] {
  return [folderFault(rules, reading, parameters) ?? [], publicIdFault(rules, reading, parameters) ?? [], forcedFault(rules, reading) ?? []].flat()
}

/**
 * Finds where an upload breaks the rules about places. They hold for every public ID that it could get, whichever
 * parameters bring it; what cannot be decided is refused. `filename` is the name of the file, where it is known.
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
