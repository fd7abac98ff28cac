import type { Fault } from '../../errors.ts'
import type { SignRules } from './policy-schema.ts'
import { isOff, type Parameters, type SigningRules } from './signing-rules.ts'

/** Parameters that choose the public ID, or run a script that can choose it. */
const CHOOSERS = ['public_id', 'public_id_prefix', 'eval', 'on_success'] as const
/** Flags that do the same unless they are off. */
const CHOOSING_FLAGS = ['use_filename', 'use_asset_folder_as_public_id_prefix'] as const
const CHOSEN = 'must be left out: the policy makes each form good for one asset, so the gateway picks its public ID'

/** Names of the parameters that a form for one asset does not take. */
export const NOT_OF_SINGLE_USE: ReadonlySet<string> = new Set([...CHOOSERS, ...CHOOSING_FLAGS])

/** Finds what would choose the public ID of a form for one asset, or let the form replace an asset. */
export function choiceFaults (parameters: Parameters, hasPresets: boolean): Fault[] {
  const faults: Fault[] = [
    ...CHOOSERS.filter((name) => parameters[name] !== undefined),
    ...CHOOSING_FLAGS.filter((name) => parameters[name] !== undefined && !isOff(parameters[name]))
  ].map((name) => ({ pointer: `/${name}`, message: CHOSEN }))
  const { overwrite, upload_preset: preset } = parameters
  if (overwrite !== undefined && !isOff(overwrite)) {
    faults.push({
      pointer: '/overwrite', message: 'must be false or left out: the form is good for one asset'
    })
  }
  if (preset !== undefined && !hasPresets) {
    const message = 'must be left out, unless the policy lists it: a preset can choose the public ID'
    faults.push({ pointer: '/upload_preset', message })
  }
  return faults
}

/**
 * Parameters whose values Cloudinary checks against a list of its own, for every kind of asset. A value that
 * hides another parameter is not on that list, so the upload is refused. `format` is not checked for raw assets.
 */
const CHECKED: ReadonlySet<string> = new Set(['moderation'])

/**
 * True for a parameter that keeps a signature of version 1 from binding `overwrite` and leaves the name of the
 * asset as it is. Either its value could hide `overwrite` (one that sorts before `folder` would hide the folder
 * too, a part of that name), or that of `overwrite` could hide it, and would then be neither on nor off.
 */
export function hidesOverwrite (name: string): boolean {
  const isHider = name > 'folder' && name < 'overwrite' && !CHECKED.has(name)
  return isHider || (name > 'overwrite' && name < 'public_id')
}

/** True for a parameter whose value, with something hidden in it, makes Cloudinary refuse the upload. */
export const isCheckedByCloudinary = (name: string): boolean => CHECKED.has(name)

const WILDCARD = /\*{1,2}/g

/** A fault of a policy under which no form could ever be signed. */
export interface SingleUseFault { readonly path: readonly string[], readonly message: string }

/** Finds the rules that `single_use` leaves no room for. */
export function singleUseFaults ({ single_use: isSingle, ...rules }: SignRules): SingleUseFault[] {
  if (isSingle !== true) return []
  const forced = Object.entries(rules.force ?? {}).map(([name, value]) => [name, String(value)] as const)
  const choices = choiceFaults(Object.fromEntries(forced), rules.presets !== undefined)
  const faults: SingleUseFault[] = choices.map(({ pointer }) => ({
    path: ['force', pointer.slice(1)], message: 'cannot be forced beside single_use'
  }))
  for (const [name] of forced) {
    if (!hidesOverwrite(name)) continue
    faults.push({
      path: ['force', name],
      message: 'cannot be forced beside single_use: a signature of version 1 would then not bind overwrite=false'
    })
  }
  rules.require?.forEach((name, index) => {
    if (!NOT_OF_SINGLE_USE.has(name) && !hidesOverwrite(name)) return
    faults.push({
      path: ['require', String(index)], message: 'cannot be required beside single_use, which refuses it'
    })
  })
  if (rules.public_id && !rules.public_id.some((text) => text.includes('*'))) {
    faults.push({
      path: ['public_id'], message: 'needs a pattern with a * for the name that single_use picks'
    })
  }
  return faults
}

/** Returns the public ID below `folder` for a random `id`, after the first pattern that has room for one. */
function nameFor ({ publicId: patterns = [] }: SigningRules, folder: string | undefined, id: string): string {
  const start = folder === undefined ? '' : `${folder}/`
  const pattern = patterns.find(
    ({ text }) => text.startsWith(start) && text.slice(start.length).includes('*')
  )
  return pattern === undefined ? id : pattern.text.slice(start.length).replace(WILDCARD, id)
}

/** Returns the same upload under a public ID of its own, and replacing nothing. */
export function withOwnName (rules: SigningRules, parameters: Parameters, id: string): Parameters {
  const { folder } = parameters
  const name = nameFor(rules, folder, id)
  const slash = name.lastIndexOf('/')
  // A folder protects the name: a parameter before it that hides `overwrite` hides the folder as well.
  const place = folder === undefined && slash > 0
    ? { folder: name.slice(0, slash), public_id: name.slice(slash + 1) }
    : { public_id: name }
  return { ...parameters, ...place, overwrite: 'false' }
}
