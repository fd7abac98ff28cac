import { SortedSet } from './sorted-set.ts'

/** Sorted lists by key. Many have one item only, which is stored without a list to save memory. */
export class Lists<Place extends object, Item extends Place> {
  readonly #lists = new Map<string, Item | SortedSet<Place, Item>>()
  readonly #compare: (one: Place, other: Place) => number

  constructor (compare: (one: Place, other: Place) => number) { this.#compare = compare }

  add (key: string, item: Item): void {
    const known = this.#lists.get(key)
    if (known instanceof SortedSet) known.add(item)
    else if (known === undefined || this.#compare(known, item) === 0) this.#lists.set(key, item)
    else {
      const list = new SortedSet<Place, Item>(this.#compare)
      list.add(known)
      list.add(item)
      this.#lists.set(key, list)
    }
  }

  remove (key: string, place: Place): void {
    const known = this.#lists.get(key)
    if (known instanceof SortedSet) {
      known.delete(place)
      if (known.size === 0) this.#lists.delete(key)
    } else if (known !== undefined && this.#compare(known, place) === 0) this.#lists.delete(key)
  }

  size (key: string): number {
    const known = this.#lists.get(key)
    return known instanceof SortedSet ? known.size : known === undefined ? 0 : 1
  }

  /** Reads the items of a list from a place on, including it; all of them without one. */
  from (key: string, place?: Place, { descending = false } = {}): Iterable<Item> {
    const known = this.#lists.get(key)
    if (known === undefined) return []
    if (known instanceof SortedSet) return known.from(place, { descending })
    const order = place ? this.#compare(known, place) : 0
    return (descending ? order <= 0 : order >= 0) ? [known] : []
  }
}
