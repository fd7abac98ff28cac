import { GatewayError } from '../../errors.ts'
import type { Rate } from '../../schemas/caller.ts'
import type { Action } from './actions.ts'
import { compilePatterns, fillClaims, type Pattern, type Claims } from './patterns.ts'
import type { CallerRules } from './policy-schema.ts'
import { compileSigning, type SigningRules } from './signing-rules.ts'
import { leadingFault } from './transformation-codes.ts'

/** What one caller may do. An absent member does not restrict. */
export interface Permissions {
  readonly environments?: ReadonlySet<string>
  readonly actions?: ReadonlySet<Action>
  /** Every asset must lie below this folder. */
  readonly folder?: string
  readonly readOnly: boolean
  readonly mayDelete: boolean
  /** Public IDs that are neither deleted nor overwritten. */
  readonly protected: readonly Pattern[]
  readonly rate?: Rate
  /** How long a signed URL may live, in seconds. */
  readonly signedUrlSeconds?: number
  readonly signing?: SigningRules
}

/** Permissions of callers that no policy names: simple keys, and everybody when there are no keys. */
export const EVERYTHING: Permissions = { readOnly: false, mayDelete: true, protected: [] }

/** The folder of one caller. Whoever chooses a claim must not choose one that a URL could read as something else. */
function folderOf (text: string, claims: Claims): string {
  const folder = fillClaims(text, claims)
  const fault = leadingFault(folder)
  if (fault !== undefined) throw new GatewayError('forbidden', `The folder that the policy gives this caller ${fault}.`)
  return folder
}

/**
 * The rules of a caller with the claims of its token put in.
 * @throws {GatewayError} `forbidden` when a claim that the rules need is absent or not plain, or makes a folder that keeps nobody in.
 */
export function permissionsOf (rules: CallerRules, claims: Claims): Permissions {
  return {
    readOnly: rules.read_only ?? false,
    mayDelete: rules.delete?.allow ?? true,
    protected: compilePatterns(rules.delete?.protected ?? [], claims),
    ...(rules.environments && { environments: new Set(rules.environments) }),
    ...(rules.actions && { actions: new Set(rules.actions) }),
    ...(rules.folder !== undefined && { folder: folderOf(rules.folder, claims) }),
    ...(rules.rate && { rate: { requests: rules.rate.requests, perSeconds: rules.rate.per_seconds } }),
    ...(rules.signed_urls && { signedUrlSeconds: rules.signed_urls.validity_seconds }),
    ...(rules.sign && { signing: compileSigning(rules.sign, claims) })
  }
}

/** True when the caller may use the environment, and so may learn of it. */
export function mayUse ({ environments }: Permissions, environment: string): boolean {
  return environments?.has(environment) ?? true
}

/** @throws {GatewayError} `forbidden` unless the caller may do this at all. */
export function requireAction (permissions: Permissions, action: Action, reads: boolean): void {
  if (permissions.actions?.has(action) === false) throw new GatewayError('forbidden', `This caller may not do ${action}.`)
  if (permissions.readOnly && !reads) throw new GatewayError('forbidden', `This caller may only read; ${action} changes something.`)
  if (action === 'deleteResource' && !permissions.mayDelete) throw new GatewayError('forbidden', 'This caller may not delete.')
}
