import { setImmediate as turn } from 'node:timers/promises'
import { LRUCache } from 'lru-cache'
import type { Call } from '../api/call.ts'
import { compareKeys, type OrderedList, type Ordering, type SortKey } from '../api/paging.ts'
import type { AssetRecord } from '../assets/asset.ts'
import { SortedSet } from '../store/sorted-set.ts'
import { parseExpression } from './expression.ts'
import { matches } from './matching.ts'

/** Assets that a search has found, in its order. */
export interface Found extends OrderedList<AssetRecord> { readonly size: number }

interface KnownResult { readonly found: Found, readonly generation: number }
interface FoundRow { readonly key: SortKey, readonly record: AssetRecord }

/** Assets that are looked at before others get a turn. */
const AT_ONCE = 500
/** Most searches whose results are kept for their next pages. */
const MAX_KEPT = 8

/**
 * Runs searches. Each looks at every asset, a few at a time, so that other calls do not wait for it. Next
 * pages come from the result of the first one, unless an asset has changed since.
 */
export class Searches {
  readonly #kept = new LRUCache<string, KnownResult>({ max: MAX_KEPT })

  async find (call: Call, ordering: Ordering<AssetRecord>): Promise<Found> {
    const { fields, cloud, store } = call
    const expression = fields.text('expression') ?? ''
    const { generation } = store
    const key = JSON.stringify([cloud.cloudName, ordering.name, expression])
    const kept = this.#kept.get(key)
    // A first page is never read from a kept result: relative times in the expression count from now.
    if (fields.has('next_cursor') && kept?.generation === generation) return kept.found
    const found = await run(call, expression, ordering)
    this.#kept.set(key, { found, generation })
    return found
  }

  clear (): void { this.#kept.clear() }
}

async function run (
  { cloud, clock, store }: Call, expression: string, { descending, keyOf, name }: Ordering<AssetRecord>
): Promise<Found> {
  const query = parseExpression(expression)
  const options = { nowMs: clock(), fixedFolders: cloud.folderMode === 'fixed' }
  const rows = new SortedSet<Pick<FoundRow, 'key'>, FoundRow>((one, other) => {
    return compareKeys(one.key, other.key, descending)
  })
  await inTurns([...store.all()], (record) => {
    if (matches(query, record, options)) rows.add({ key: keyOf(record), record })
  })
  return { name, keyOf, size: rows.size, from: (key) => recordsOf(rows.from(key && { key })) }
}

function * recordsOf (rows: Iterable<FoundRow>): Iterable<AssetRecord> {
  for (const { record } of rows) yield record
}

/** Does something to each item, and lets other work have its turn after every `AT_ONCE` of them. */
export async function inTurns<T> (items: Iterable<T>, work: (item: T) => void): Promise<void> {
  let done = 0
  for (const item of items) {
    work(item)
    if (++done % AT_ONCE === 0) await turn()
  }
}
