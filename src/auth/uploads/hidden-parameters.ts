import { refusal, type GatewayError } from '../../errors.ts'
import { heldParameter } from '../../schemas/smuggling.ts'
import type { Permissions } from '../policy/permissions.ts'
import { isOff, type Parameters } from '../policy/signing-rules.ts'
import { isCheckedByCloudinary } from '../policy/single-use.ts'
import { isInside, ownNames, readings } from './folder.ts'
import { isPlaced, readingFaults } from './places.ts'
import { overwritingFault } from './protection.ts'

/**
 * A form that the same signature covers: Cloudinary still takes signatures of version 1, whose string escapes
 * no `&`, so a parameter, or several in a row, can be hidden in the value of the one that sorts before them.
 */
interface Hidden {
  readonly form: Parameters
  /** The parameter whose value hides others. */
  readonly by: string
  /** Those that it hides. */
  readonly hidden: readonly string[]
}

/**
 * True where a parameter is a part of every name that the upload could get: with another hidden in it, nobody
 * has that name.
 */
function isInEveryName (name: string, parameters: Parameters): boolean {
  return name === 'public_id' || (name === 'folder' && parameters['public_id_prefix'] === undefined)
}

/** Yields the forms in which something is hidden; never the timestamp, which no form may lack. */
function * hiddenForms (parameters: Parameters): Generator<Hidden, void> {
  const sorted = Object.entries(parameters).sort(([one], [other]) => one < other ? -1 : 1)
  for (const [start, [by, own]] of sorted.entries()) {
    if (isInEveryName(by, parameters)) continue
    const hidden: string[] = []
    let value = own
    for (const [name, text] of sorted.slice(start + 1)) {
      if (name === 'timestamp') break
      hidden.push(name)
      value += `&${name}=${text}`
      const rest = Object.entries(parameters).filter(([each]) => !hidden.includes(each))
      yield { form: { ...Object.fromEntries(rest), [by]: value }, by, hidden: [...hidden] }
    }
  }
}

/** True when the upload could replace an asset that exists: its name is given, or is that of the file. */
function canReplace (parameters: Parameters): boolean {
  const { public_id: publicId, use_filename: usesFilename, unique_filename: isUnique } = parameters
  return publicId !== undefined || (usesFilename !== undefined && isOff(isUnique))
}

/**
 * Could the form replace an asset that the caller may not replace? A name that holds a parameter is refused
 * to everybody.
 */
function isHarmful (permissions: Permissions, form: Parameters): boolean {
  if (!canReplace(form)) return false
  const { folder, signing } = permissions
  const names = ownNames(form, undefined)
  const all = (names ?? [undefined]).flatMap((own) => readings(form, own))
    .filter(({ name }) => heldParameter(name) === undefined)
  if (folder !== undefined && all.some(({ name }) => !isInside(folder, name))) return true
  if (signing && all.some((reading) => readingFaults(signing, reading, form).length > 0)) return true
  return overwritingFault(permissions, form, undefined).length > 0
}

/** The first form in which something is hidden that keeps the caller to what it may replace. */
function harmfulForm (permissions: Permissions, parameters: Parameters): Hidden | undefined {
  if (!canReplace(parameters)) return undefined
  for (const hidden of hiddenForms(parameters)) if (isHarmful(permissions, hidden.form)) return hidden
  return undefined
}

/**
 * The same upload with its whole name in one parameter, and without those that a given name makes
 * meaningless.
 */
function inOneName (parameters: Parameters): Parameters {
  const { folder, use_filename: _uses, unique_filename: _unique, ...rest } = parameters
  const { public_id: publicId, public_id_prefix: prefix } = rest
  if (publicId === undefined) return parameters
  if (folder === undefined || prefix !== undefined) return { ...rest, ...(folder !== undefined && { folder }) }
  // With dynamic folders, `folder` would also say where people find the asset.
  return { asset_folder: folder, ...rest, public_id: `${folder}/${publicId}` }
}

/** True for callers that may not replace every asset. */
function isKept (permissions: Permissions): boolean {
  return permissions.protected.length > 0 || isPlaced(permissions)
}

/**
 * What the caller can leave out: where what hides was added to its parameters, the one that lets the upload
 * replace.
 */
function toLeaveOut (by: string, given: Parameters): string {
  if (given[by] !== undefined) return by
  return given['public_id'] === undefined ? 'use_filename' : 'public_id'
}

function hiding ({ by, hidden }: Hidden, given: Parameters): GatewayError {
  const name = toLeaveOut(by, given)
  const where = name === by ? 'it' : `${by}, which is added,`
  const message = 'must be left out: a signature of version 1, which Cloudinary also takes, could hide ' +
    `${hidden.join(' and ')} in ${where} and replace other assets`
  const advice = 'Leave out the parameter that `errors` names, or upload through the gateway: ' +
    '`POST /upload` takes it.'
  return refusal('forbidden', [{ pointer: `/${name}`, message }]).but({ members: { advice } })
}

/** What is to be signed. */
interface Signed {
  readonly parameters: Parameters
  /** What the caller has sent of them. */
  readonly given: Parameters
  /** The set cannot be changed. */
  readonly exact: boolean
}

/**
 * Returns parameters of the same upload whose signature replaces no asset that the caller may not replace,
 * whatever is hidden in it. `finish` adds what else is signed.
 * @throws {GatewayError} `forbidden` when there are none.
 */
export function withoutHiding (
  permissions: Permissions,
  { parameters, given, exact }: Signed,
  finish: (parameters: Parameters) => Parameters
): Parameters {
  const finished = finish(parameters)
  const harmful = isKept(permissions) ? harmfulForm(permissions, finished) : undefined
  if (harmful === undefined) return finished
  if (exact) throw hiding(harmful, given)
  const renamed = finish(inOneName(parameters))
  const left = harmfulForm(permissions, renamed)
  if (left !== undefined) throw hiding(left, given)
  return renamed
}

/** Returns every name that an upload whose public ID is given could get. */
const namesOf = (parameters: Parameters): string[] => readings(parameters).map(({ name }) => name)

/** Finds a form in which `overwrite` is hidden, so that a second use would replace the asset of the first. */
function reusableForm (parameters: Parameters): Hidden | undefined {
  const own = new Set(namesOf(parameters))
  for (const hidden of hiddenForms(parameters)) {
    const { form, by } = hidden
    if (form['public_id'] === undefined || isOff(form['overwrite']) || isCheckedByCloudinary(by)) continue
    if (namesOf(form).some((name) => own.has(name))) return hidden
  }
  return undefined
}

/**
 * Returns parameters whose signature is good for one asset, whatever is hidden in it. Where only a folder
 * helps, the asset is put into `shard`. `finish` adds what else is signed.
 * @throws {GatewayError} `forbidden` when there are none.
 */
export function withoutReuse (
  { parameters, given }: Omit<Signed, 'exact'>,
  shard: string | undefined,
  finish: (parameters: Parameters) => Parameters
): Parameters {
  const finished = finish(parameters)
  const reusable = reusableForm(finished)
  if (reusable === undefined) return finished
  if (shard === undefined || parameters['folder'] !== undefined) throw reuse(reusable, given)
  const sharded = finish({ ...parameters, folder: shard })
  const left = reusableForm(sharded)
  if (left !== undefined) throw reuse(left, given)
  return sharded
}

function reuse ({ by, hidden: [first = by] }: Hidden, given: Parameters): GatewayError {
  const isInOverwrite = by === 'overwrite' // which no form may lack
  const name = isInOverwrite ? first : by
  const isOwn = given[name] !== undefined
  const what = isInOverwrite ? `${name} in overwrite` : `overwrite=false in ${isOwn ? 'it' : `${by}, which is added`}`
  const why = `a signature of version 1, which Cloudinary also takes, could hide ${what}, and the form is good for one asset`
  const advice = isOwn
    ? 'Leave out the parameter that `errors` names, or upload through the gateway: `POST /upload` takes it.'
    : 'Give a `folder`, or ask the operator of the gateway for a policy with one.'
  const fault = isOwn
    ? { pointer: `/${name}`, message: `must be left out: ${why}` }
    : { pointer: '/folder', message: `is needed: ${why}` }
  return refusal('forbidden', [fault]).but({ members: { advice } })
}
