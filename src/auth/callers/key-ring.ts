import type { CallerKey } from '../../schemas/caller.ts'
import type { PolicyFile } from '../policy/policy-file.ts'

/** Result of replacing the keys. */
export interface KeyChange {
  readonly isChanged: boolean
  /** Why the keys and the policy do not fit together, for the log; undefined when they do. */
  readonly reason: string | undefined
}

const entryOf = ({ caller, digest }: CallerKey): string => `${caller}=${digest.toString('hex')}`
const namesOf = (keys: readonly CallerKey[]): ReadonlySet<string> => new Set(keys.map(({ caller }) => caller))

/** Names for a log line. */
export const quoted = (names: Iterable<string>): string => [...names].map((name) => `"${name}"`).join(', ')

function isSame<T> (one: ReadonlySet<T>, other: ReadonlySet<T>): boolean {
  return one.size === other.size && [...one].every((item) => other.has(item))
}

/** Keys of the configuration, which may change while the process runs. All of them are in force at once. */
export class KeyRing {
  #inForce: readonly CallerKey[]
  /** Names have changed since the policy was last read to its end. */
  #isPolicyDue = false

  constructor (keys: readonly CallerKey[]) { this.#inForce = keys }

  /** The same list until the keys change. */
  get current (): readonly CallerKey[] { return this.#inForce }

  /** Names that the configuration has keys for. */
  get names (): string[] { return [...namesOf(this.#inForce)] }

  /**
   * Takes other keys for the requests to come; those of names without rules may do nothing. The policy is read
   * again when names have changed: one that was refused because a key was missing may be good now.
   */
  async replace (given: readonly CallerKey[], policy?: PolicyFile): Promise<KeyChange> {
    const before = this.#inForce
    this.#isPolicyDue ||= !isSame(namesOf(given), namesOf(before))
    if (!isSame(new Set(given.map(entryOf)), new Set(before.map(entryOf)))) this.#inForce = given
    if (policy && this.#isPolicyDue) {
      await policy.reconsider()
      this.#isPolicyDue = false
    }
    const unmet = policy?.current.unmet(this.names) ?? []
    return {
      isChanged: this.#inForce !== before,
      reason: unmet.length > 0 ? `no key is left for ${quoted(unmet)}, of whom the policy speaks` : undefined
    }
  }
}
