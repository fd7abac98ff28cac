import { LRUCache } from 'lru-cache'
import type { MemoryBounds } from '../../../bounded-memory.ts'
import { Absences } from './absences.ts'
import { CoalescedReads } from './coalesced-reads.ts'
import { AdminQuota } from './quota.ts'
import type { QuotaStore } from './quota-reading.ts'
import type { Pace } from '../retry.ts'

/** What all clients of one account share: its budget, the reads under way, and recent absences. */
export interface AccountState {
  readonly quota: AdminQuota
  readonly reads: CoalescedReads
  readonly absences: Absences
}

/** Accounts change only with the configuration. */
const MOST_ACCOUNTS = 1_000

/** States by account: environments may share an account, and new credentials may belong to the same one. */
export class Accounts {
  readonly #states = new LRUCache<string, AccountState>({ max: MOST_ACCOUNTS })
  readonly #store: QuotaStore | undefined
  readonly #memory: MemoryBounds

  constructor (store?: QuotaStore, memory: MemoryBounds = {}) {
    this.#store = store
    this.#memory = memory
  }

  /** @param account see `accountOf`. */
  of (account: string, pace: Pace): AccountState {
    const known = this.#states.get(account)
    if (known) return known
    const state = {
      quota: new AdminQuota({ account, pace, store: this.#store }),
      reads: new CoalescedReads(pace.clock),
      absences: new Absences(pace.clock, this.#memory)
    }
    this.#states.set(account, state)
    return state
  }
}
