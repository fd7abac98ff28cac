import { SandboxError } from '../errors.ts'

/** What a list is sorted by, most significant first. Two assets never share all of it. */
export type SortKey = readonly (string | number)[]

/** An ordering that a cursor can continue: the key of an item, and the direction of each of its parts. */
export interface Ordering<T> {
  /** Names the ordering; a cursor of another one is refused. */
  name: string
  keyOf: (item: T) => SortKey
  descending: readonly boolean[]
}

export function compareKeys (one: SortKey, other: SortKey, descending: readonly boolean[]): number {
  for (const [index, value] of one.entries()) {
    const otherValue = other[index] ?? ''
    if (value === otherValue) continue
    return (value < otherValue ? -1 : 1) * (descending[index] ? -1 : 1)
  }
  return 0
}

/**
 * One page of a sorted list. The cursor holds the sort key of the last item shown, not a position: assets that come or go
 * between two pages make nothing appear twice and nothing be skipped.
 */
export function page<T> (items: Iterable<T>, ordering: Ordering<T>, { cursor, maxResults }: { cursor: string | undefined, maxResults: number }): { items: T[], next_cursor?: string } {
  const after = cursor === undefined ? undefined : readCursor(cursor, ordering.name)
  const sorted = [...items].map((item) => ({ item, key: ordering.keyOf(item) }))
    .filter(({ key }) => !after || compareKeys(key, after, ordering.descending) > 0)
    .sort((one, other) => compareKeys(one.key, other.key, ordering.descending))
  const shown = sorted.slice(0, maxResults)
  const last = shown.at(-1)
  return {
    items: shown.map(({ item }) => item),
    ...last && sorted.length > shown.length && { next_cursor: writeCursor(ordering.name, last.key) }
  }
}

/** A list that is kept in order, and can be read on from any place in it. */
export interface OrderedList<T> {
  /** Names the ordering; a cursor of another one is refused. */
  name: string
  keyOf: (item: T) => SortKey
  /** Reads the items from a key on. The item with that very key may be among them. */
  from: (key: SortKey | undefined) => Iterable<T>
}

/** Returns one page of such a list, and reads no more than is on it. The cursor is as in `page`. */
export function pageInOrder<T> (
  list: OrderedList<T>, { cursor, maxResults }: { cursor: string | undefined, maxResults: number }
): { items: T[], next_cursor?: string } {
  const after = cursor === undefined ? undefined : readCursor(cursor, list.name)
  const items: T[] = []
  for (const item of list.from(after)) {
    const key = list.keyOf(item)
    // The last one shown. A cursor of an older version may have fewer parts.
    if (after?.every((part, index) => part === key[index])) continue
    const last = items.at(-1)
    if (items.length >= maxResults) {
      return { items, ...last && { next_cursor: writeCursor(list.name, list.keyOf(last)) } }
    }
    items.push(item)
  }
  return { items }
}

function writeCursor (name: string, key: SortKey): string {
  return Buffer.from(JSON.stringify([name, ...key])).toString('hex')
}

function readCursor (cursor: string, name: string): SortKey {
  try {
    const [written, ...key]: unknown[] = JSON.parse(Buffer.from(cursor, 'hex').toString('utf8'))
    if (written === name && key.every((part) => typeof part === 'string' || typeof part === 'number')) return key
  } catch {
    // Not one of ours: the answer below says so.
  }
  throw new SandboxError(400, 'Invalid value for parameter next_cursor')
}
