import type { CallerKey } from '../../schemas/caller.ts'
import type { PolicyFile } from '../policy/policy-file.ts'

/** What became of other keys. */
export interface KeyChange {
  readonly isChanged: boolean
  /** What is wrong with them beside the policy, for the log; undefined when all of them are in force. */
  readonly reason: string | undefined
}

const entryOf = ({ caller, digest }: CallerKey): string => `${caller}=${digest.toString('hex')}`
const namesOf = (keys: readonly CallerKey[]): ReadonlySet<string> => new Set(keys.map(({ caller }) => caller))
const quoted = (names: Iterable<string>): string => [...names].map((name) => `"${name}"`).join(', ')

function isSame<T> (one: ReadonlySet<T>, other: ReadonlySet<T>): boolean {
  return one.size === other.size && [...one].every((item) => other.has(item))
}

/**
 * Keys of the configuration, which may change while the process runs. One that is taken out is out at once. One that
 * comes with a new name waits for its rules: without any it may do everything.
 */
export class KeyRing {
  #inForce: readonly CallerKey[]
  #given: readonly CallerKey[]
  /** Names have changed since the policy was last read to its end. */
  #isPolicyDue = false

  constructor (keys: readonly CallerKey[]) {
    this.#inForce = keys
    this.#given = keys
  }

  /** The same list until the keys change. */
  get current (): readonly CallerKey[] { return this.#inForce }

  /** Names that the configuration has keys for, in force or held back. */
  get names (): string[] { return [...namesOf(this.#given)] }

  /** Takes other keys for the requests to come. Without a policy it is done when the call returns. */
  async replace (given: readonly CallerKey[], policy?: PolicyFile): Promise<KeyChange> {
    const before = this.#inForce
    this.#isPolicyDue ||= !isSame(namesOf(given), namesOf(this.#given))
    this.#given = given
    const known = namesOf(before)
    this.#become(given.filter(({ caller }) => known.has(caller)))
    // A policy that was changed together with the keys is to be in force before them.
    if (policy && this.#isPolicyDue) {
      await policy.reconsider()
      this.#isPolicyDue = false
    }
    // What was given last, should there be something newer meanwhile.
    const reason = this.#admit(known, policy)
    return { isChanged: this.#inForce !== before, reason }
  }

  /** Puts in force what was given; where the policy does not fit, only the keys of names that are `known`, or have rules. */
  #admit (known: ReadonlySet<string>, policy: PolicyFile | undefined): string | undefined {
    const unmet = policy?.current.unmet(this.names) ?? []
    // A rule that lost its caller while a new name came is most likely one name written in two ways.
    const isFitting = unmet.length === 0 && policy?.isSound !== false
    const isAdmitted = ({ caller }: CallerKey): boolean => isFitting || known.has(caller) || policy?.current.byName(caller) !== undefined
    const waiting = namesOf(this.#given.filter((one) => !isAdmitted(one)))
    this.#become(this.#given.filter(isAdmitted))
    const reasons = [
      ...unmet.length > 0 ? [`no key is left for ${quoted(unmet)}, of whom the policy speaks`] : [],
      ...waiting.size > 0 ? [`keys of ${quoted(waiting)} wait until the policy can be used as it stands: they are new, and it has no rules for them`] : []
    ]
    return reasons.length > 0 ? reasons.join('; ') : undefined
  }

  #become (keys: readonly CallerKey[]): void {
    if (!isSame(new Set(keys.map(entryOf)), new Set(this.#inForce.map(entryOf)))) this.#inForce = keys
  }
}
