import type { NamedPlace } from '../upstream/account/absences.ts'
import type { AccountState } from '../upstream/account/account-state.ts'
import { kindsOf, type AdminCalls } from '../upstream/admin.ts'
import type { Call } from '../upstream/json-calls.ts'
import { groupsElsewhere } from '../upstream/place.ts'
import type { Absent, Finder } from './absence.ts'

/**
 * Spends calls on hints only while the budget is plentiful, or when the caller asks for it: then each counts
 * against the rate of the caller.
 */
export class LookUps {
  readonly #admin: AdminCalls
  readonly #account: AccountState

  constructor (admin: AdminCalls, account: AccountState) {
    this.#admin = admin
    this.#account = account
  }

  /** Returns a finder for an asset that is not there; undefined when no call may be spent on it. */
  allowed (
    { public_id: publicId, resource_type: resourceType, type }: Absent, call: Call
  ): Finder | undefined {
    const { quota } = this.#account
    const tried = kindsOf(resourceType).map((kind) => ({ resource_type: kind, type }))
    if (!call.diagnose && !quota.isPlentiful) return undefined
    let isCut = false
    const mayLook = async (): Promise<boolean> => {
      const may = quota.isPlentiful || await call.diagnose?.() === true
      isCut ||= !may
      return may
    }
    const exists = async (asset: NamedPlace): Promise<boolean> => this.#exists(asset, call, mayLook)
    return {
      exists,
      isCut: () => isCut,
      resolve: async (assetId) =>
        await mayLook() ? this.#admin.byAssetId(assetId, {}, call, 1).catch(() => undefined) : undefined,
      elsewhere: async (where) => {
        for (const places of groupsElsewhere(tried, where)) {
          const asked = places.map(async (place) => exists({ ...place, public_id: publicId }))
          const answers = await Promise.all(asked)
          const found = places.filter((_, index) => answers[index])
          if (found.length > 0) return found
        }
        return []
      }
    }
  }

  async #exists (asset: NamedPlace, call: Call, mayLook: () => Promise<boolean>): Promise<boolean> {
    const { absences } = this.#account
    if (!call.diagnose && absences.has(asset)) return false
    if (!await mayLook()) return false
    const remember = absences.begin()
    const found = await this.#admin.exists(asset, asset.public_id, call)
    if (found === false) remember(asset)
    return found === true
  }
}
