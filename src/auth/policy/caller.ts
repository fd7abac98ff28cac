import type { Permissions } from './permissions.ts'

/** The nine actions, and the explanation of signatures. A route says which one it does, as `config.action`. */
export const ACTIONS = [
  'uploadResource', 'getUrl', 'getAllResources', 'getResourceById', 'updateResource', 'deleteResource', 'getSignedUrl',
  'generateSignature', 'directUpload', 'explainSignature'
] as const
const NAMES = new Set(ACTIONS)
export type Action = (typeof ACTIONS)[number]

/** Actions that leave every asset as it is. */
export const READING: ReadonlySet<Action> = new Set<Action>(['getUrl', 'getAllResources', 'getResourceById', 'getSignedUrl', 'explainSignature'])

export type Claims = Readonly<Record<string, unknown>>

/** Who sends a request, and what they may do. */
export interface Caller {
  readonly name: string
  /**
   * Tells this caller from every other where `name` may not: names of tokens are cut for the log. Absent: the name does.
   * It stays the same when a token is renewed.
   */
  readonly scope?: string
  /** Of a verified JWT; absent for keys. */
  readonly claims?: Claims
  readonly permissions: Permissions
  /** Brought no key where others have one: a signature may be all it has, and it learns nothing of environments. */
  readonly stranger?: true
}

/** Narrows what a route says of itself to an action; some say nothing. */
export function isAction (name: string | undefined): name is Action {
  return name !== undefined && (NAMES as ReadonlySet<string>).has(name)
}
