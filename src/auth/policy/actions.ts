/** The nine actions, and the explanation of signatures. A route says which one it does, as `config.action`. */
export const ACTIONS = [
  'uploadResource', 'getUrl', 'getAllResources', 'getResourceById', 'updateResource', 'deleteResource', 'getSignedUrl',
  'generateSignature', 'directUpload', 'explainSignature'
] as const
const NAMES = new Set(ACTIONS)
export type Action = (typeof ACTIONS)[number]

/** Actions that leave every asset as it is. */
export const READING: ReadonlySet<Action> = new Set<Action>(['getUrl', 'getAllResources', 'getResourceById', 'getSignedUrl', 'explainSignature'])

/** Narrows what a route says of itself to an action; some say nothing. */
export function isAction (name: string | undefined): name is Action {
  return name !== undefined && (NAMES as ReadonlySet<string>).has(name)
}
