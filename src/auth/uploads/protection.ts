import { refusal, type Fault } from '../../errors.ts'
import { fitsAny } from '../policy/patterns.ts'
import type { Permissions } from '../policy/permissions.ts'
import { isOff, type Parameters } from '../policy/signing-rules.ts'
import { ambiguity, ownNames, readings } from './folder.ts'

/** May this caller delete at all, by whatever way? */
function mayDelete ({ mayDelete, readOnly, actions }: Permissions): boolean {
  return mayDelete && !readOnly && (actions?.has('deleteResource') ?? true)
}

/** A caller that may not must not run scripts before its uploads either. */
export const mayDeleteAll = (permissions: Permissions): boolean =>
  mayDelete(permissions) && permissions.protected.length === 0

const isProtected = ({ protected: patterns }: Permissions, name: string): boolean => fitsAny(patterns, name)

/** Brings parameters that are not known here, unless the policy lists it. */
const hasUnknownPreset = ({ signing }: Permissions, parameters: Parameters): boolean => parameters['upload_preset'] !== undefined && signing?.presets === undefined

/** Finds why the upload could replace a protected asset. */
export function overwritingFault (
  permissions: Permissions, parameters: Parameters, filename: string | undefined
): Fault[] {
  if (permissions.protected.length === 0 || isOff(parameters['overwrite'])) return []
  const unknown = (name: string): Fault[] => [{ pointer: '/overwrite', message: `must be false: with ${name} the upload could replace a protected asset` }]
  if (parameters['on_success'] !== undefined) return unknown('on_success')
  if (hasUnknownPreset(permissions, parameters)) return unknown('an upload_preset that the policy does not list')
  const own = ownNames(parameters, filename)
  if (own === undefined) return unknown('use_filename')
  const names = own.flatMap((one) => readings(parameters, one)).map(({ name }) => name)
  const hit = names.find((name) => isProtected(permissions, name))
  if (hit !== undefined) return [{ pointer: '/public_id', message: `is protected, as "${hit}": send overwrite=false` }]
  return names.some((name) => ambiguity(name) !== undefined) ? unknown('this spelling of the public ID') : []
}

/** Could a token that deletes the uploaded asset delete one that the caller may not delete? A random name has a stand-in. */
function tokenReachesTooFar (permissions: Permissions, parameters: Parameters, filename?: string): boolean {
  if (mayDeleteAll(permissions)) return false
  if (!mayDelete(permissions)) return true
  if (parameters['on_success'] !== undefined || hasUnknownPreset(permissions, parameters)) return true
  const own = ownNames(parameters, filename)
  if (own === undefined) return true
  const places = own.length > 0 ? own.flatMap((one) => readings(parameters, one)) : readings(parameters)
  return places.some(({ name }) => isProtected(permissions, name) || ambiguity(name) !== undefined)
}

/** The script runs before the upload and changes its parameters: none of them means anything beside it. */
function scriptFault (parameters: Parameters): Fault[] {
  return parameters['eval'] === undefined ? [] : [{ pointer: '/eval', message: 'may not be used by a caller that may not delete every asset: a script can change each parameter' }]
}

function deleteTokenFault (permissions: Permissions, parameters: Parameters, filename: string | undefined): Fault[] {
  const { return_delete_token: token } = parameters
  if (isOff(token) || (token === undefined && !hasUnknownPreset(permissions, parameters)) || !tokenReachesTooFar(permissions, parameters, filename)) return []
  const message = token === undefined
    ? 'must be sent as "false" beside this upload_preset, which could ask for a token that deletes the asset'
    : 'must be left out or false: the token could delete an asset that this caller may not delete'
  return [{ pointer: '/return_delete_token', message }]
}

/**
 * Why an upload could overwrite a protected asset, or give a caller the means to delete what it may not delete.
 * `filename` is the name of the file, where it is known.
 */
export function protectionFaults (permissions: Permissions, parameters: Parameters, filename?: string): Fault[] {
  if (mayDeleteAll(permissions)) return []
  return [...overwritingFault(permissions, parameters, filename), ...scriptFault(parameters), ...deleteTokenFault(permissions, parameters, filename)]
}

/** The parameters with no delete token asked for, where only a preset could ask for one: what is sent wins over a preset. */
export function withoutPresetToken (permissions: Permissions, parameters: Parameters): Parameters {
  const isOpen = parameters['return_delete_token'] === undefined && hasUnknownPreset(permissions, parameters)
  return isOpen && tokenReachesTooFar(permissions, parameters) ? { ...parameters, return_delete_token: 'false' } : parameters
}

/** @throws {GatewayError} `forbidden` when the asset is protected, or could be once somebody decodes or normalises its name. */
export function requireDeletable (permissions: Permissions, name: string): void {
  const spelling = permissions.protected.length > 0 ? ambiguity(name) : undefined
  if (spelling !== undefined) throw refusal('forbidden', [{ pointer: '/public_id', message: `${spelling}: it could name a protected asset` }])
  if (isProtected(permissions, name)) throw refusal('forbidden', [{ pointer: '/public_id', message: 'is protected from being deleted' }])
}
