import { randomBytes } from 'node:crypto'
import { GatewayError, refusal } from '../../errors.ts'
import type { Permissions } from '../policy/permissions.ts'
import type { Parameters, SigningRules } from '../policy/signing-rules.ts'
import { choiceFaults } from '../policy/single-use.ts'
import { withoutReuse } from './hidden-parameters.ts'
import { isPlaced } from './places.ts'

/** Returns a name that nobody can guess, and that no two uploads share. */
export const randomName = (): string => randomBytes(16).toString('hex')

/** The part of a wish that may name the asset. */
interface Unnamed {
  readonly parameters: Parameters
  readonly exact?: boolean
}

/** @throws {GatewayError} `param_not_allowed` when the caller chooses a public ID, or signs its own form. */
export function requireUnnamed ({ parameters, exact = false }: Unnamed, rules: SigningRules): void {
  if (exact) {
    const detail = 'This caller\'s forms are good for one asset: the gateway picks the public ID, ' +
      'and to a form that is signed as it is nothing can be added.'
    const advice = 'Send the settings to `POST /signature` without `paramsToSign`, and all `fields` of its answer beside the file.'
    throw new GatewayError('param_not_allowed', detail, {
      errors: [{ pointer: '', message: 'is not signed for this caller: its forms are good for one asset' }],
      members: { advice }
    })
  }
  const faults = choiceFaults(parameters, rules.presets !== undefined)
  if (faults.length > 0) throw refusal('param_not_allowed', faults)
}

interface NamedForm {
  readonly parameters: Parameters
  /** What the caller has sent of them. */
  readonly given: Parameters
  /** The random part of the public ID. */
  readonly name: string
  readonly newName: () => string
}

/** Parameters for one asset, and a function that returns those for one more. */
interface FormForOne { readonly parameters: Parameters, readonly another: () => Parameters }

/**
 * Returns what is signed for one asset. Names differ only in their random part, and a rule that allows one of
 * them allows all, so another one is not judged again.
 * @throws {GatewayError} `forbidden` when a second use of the form could replace what the first has stored.
 */
export function formForOne (
  permissions: Permissions,
  { parameters, given, name, newName }: NamedForm,
  finish: (parameters: Parameters) => Parameters
): FormForOne {
  const shard = isPlaced(permissions) ? undefined : name.slice(0, 2)
  const signed = withoutReuse({ parameters, given }, shard, finish)
  const publicId = signed['public_id'] as string // it was given to this function
  const another = (): Parameters => ({ ...signed, public_id: publicId.replaceAll(name, newName()) })
  return { parameters: signed, another }
}
