import { SortedSet } from './sorted-set.ts'

/** Lists in order, by key. Many have one item only: that stands for the whole list. */
export class Lists<Place extends object, Item extends Place> {
  readonly #lists = new Map<string, Item | SortedSet<Place, Item>>()
  readonly #compare: (one: Place, other: Place) => number

  constructor (compare: (one: Place, other: Place) => number) { this.#compare = compare }

  add (key: string, item: Item): void {
    const known = this.#lists.get(key)
    if (known === undefined || (!(known instanceof SortedSet) && this.#compare(known, item) === 0)) this.#lists.set(key, item)
    else if (known instanceof SortedSet) known.add(item)
    else {
      const list = new SortedSet<Place, Item>(this.#compare)
      list.add(known)
      list.add(item)
      this.#lists.set(key, list)
    }
  }

  /** @returns how many are left in the list. */
  remove (key: string, place: Place): number {
    const known = this.#lists.get(key)
    if (known instanceof SortedSet) known.delete(place)
    else if (known !== undefined && this.#compare(known, place) === 0) this.#lists.delete(key)
    const left = this.size(key)
    if (left === 0) this.#lists.delete(key)
    return left
  }

  size (key: string): number {
    const known = this.#lists.get(key)
    return known instanceof SortedSet ? known.size : known === undefined ? 0 : 1
  }

  /** The items of a list from a place on, itself included; all of them without one. */
  from (key: string, place?: Place, { descending = false } = {}): Iterable<Item> {
    const known = this.#lists.get(key)
    if (known === undefined) return []
    if (known instanceof SortedSet) return known.from(place, { descending })
    const order = place ? this.#compare(known, place) : 0
    return (descending ? order <= 0 : order >= 0) ? [known] : []
  }
}
