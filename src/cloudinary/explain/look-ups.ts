import type { NamedPlace } from '../upstream/absences.ts'
import type { AccountState } from '../upstream/account-state.ts'
import { kindsOf, type AdminCalls } from '../upstream/admin.ts'
import type { Call } from '../upstream/json-calls.ts'
import { groupsElsewhere } from '../upstream/place.ts'
import type { Absent, Finder } from './absence.ts'

/** Spends calls on hints only while the budget is plentiful, or when the caller asks for it. */
export class LookUps {
  readonly #admin: AdminCalls
  readonly #account: AccountState

  constructor (admin: AdminCalls, account: AccountState) {
    this.#admin = admin
    this.#account = account
  }

  /** Returns a finder for an asset that is not there; undefined when no call may be spent on it. */
  allowed ({ public_id: publicId, resource_type: resourceType, type }: Absent, call: Call): Finder | undefined {
    const { quota } = this.#account
    const tried = kindsOf(resourceType).map((kind) => ({ resource_type: kind, type }))
    const mayLook = (): boolean => call.diagnose === true || quota.isPlentiful
    if (!mayLook()) return undefined
    const exists = async (asset: NamedPlace): Promise<boolean> => mayLook() && this.#exists(asset, call)
    return {
      exists,
      resolve: async (assetId) =>
        mayLook() ? this.#admin.byAssetId(assetId, {}, call, 1).catch(() => undefined) : undefined,
      elsewhere: async (where) => {
        for (const places of groupsElsewhere(tried, where)) {
          const answers = await Promise.all(places.map(async (place) => exists({ ...place, public_id: publicId })))
          const found = places.filter((_, index) => answers[index])
          if (found.length > 0) return found
        }
        return []
      }
    }
  }

  async #exists (asset: NamedPlace, call: Call): Promise<boolean> {
    const { absences } = this.#account
    if (call.diagnose !== true && absences.has(asset)) return false
    const remember = absences.begin()
    const found = await this.#admin.exists(asset, asset.public_id, call)
    if (found === false) remember(asset)
    return found === true
  }
}
