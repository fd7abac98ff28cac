import type { Claims } from './patterns.ts'
import type { Permissions } from './permissions.ts'

/** Sender of a request, and what it may do. */
export interface Caller {
  readonly name: string
  /**
   * Tells this caller from every other where `name` may not: names of tokens are cut for the log. Absent: the name does.
   * It stays the same when a token is renewed.
   */
  readonly scope?: string
  /** Claims of a verified JWT; absent for keys. */
  readonly claims?: Claims
  readonly permissions: Permissions
  /** Brought no key where others have one: a signature may be all it has, and it learns nothing of environments. */
  readonly stranger?: true
}
