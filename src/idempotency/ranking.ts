/**
 * A binary heap: items of which the first is always at hand, however many there are and however often their order
 * changes.
 */
export class Ranking<T> {
  /** Negative when `one` comes before `other`. */
  readonly #compare: (one: T, other: T) => number
  readonly #items: T[] = []
  readonly #places = new Map<T, number>()

  constructor (compare: (one: T, other: T) => number) { this.#compare = compare }

  get first (): T | undefined { return this.#items[0] }

  /**
   * Puts an item where it belongs. Call it for a new item, and whenever what it is compared by has changed.
   */
  place (item: T): void {
    this.#sink(this.#rise(this.#places.get(item) ?? this.#items.length, item), item)
  }

  remove (item: T): void {
    const place = this.#places.get(item)
    if (place === undefined) return
    this.#places.delete(item)
    const last = this.#items.pop() as T // `item` is there
    if (last === item) return
    this.#put(last, place)
    this.place(last)
  }

  #put (item: T, place: number): void {
    this.#items[place] = item
    this.#places.set(item, place)
  }

  /** Moves the item before those that come after it, and returns its place. */
  #rise (from: number, item: T): number {
    let place = from
    while (place > 0) {
      const above = (place - 1) >> 1
      const parent = this.#items[above] as T // within bounds
      if (this.#compare(item, parent) >= 0) break
      this.#put(parent, place)
      place = above
    }
    this.#put(item, place)
    return place
  }

  #sink (from: number, item: T): void {
    let place = from
    for (;;) {
      const left = 2 * place + 1
      const [one, other] = [this.#items[left], this.#items[left + 1]]
      if (one === undefined) break
      const isOther = other !== undefined && this.#compare(other, one) < 0
      const child = isOther ? other : one
      if (this.#compare(item, child) <= 0) break
      this.#put(child, place)
      place = isOther ? left + 1 : left
    }
    this.#put(item, place)
  }
}
