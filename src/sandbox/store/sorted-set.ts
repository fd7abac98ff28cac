import { createRequire } from 'node:module'
import type sortedBtree from 'sorted-btree'

// A CommonJS package. What its default import is depends on who loads it: Node, Vitest or Jest.
const { default: BTree } = createRequire(import.meta.url)('sorted-btree') as typeof sortedBtree

/** Items in the order of their places, one of each place. A place is what of an item decides its order. */
export class SortedSet<Place, Item extends Place = Place> {
  readonly #tree: InstanceType<typeof BTree<Place, Item>>

  /** @param compare tells two places apart: below 0 when the first comes first. */
  constructor (compare: (one: Place, other: Place) => number) {
    this.#tree = new BTree<Place, Item>(undefined, compare)
  }

  get size (): number { return this.#tree.size }

  /** Puts an item in its place; one that was there before is gone. */
  add (item: Item): void { this.#tree.set(item, item) }

  delete (place: Place): boolean { return this.#tree.delete(place) }

  get (place: Place): Item | undefined { return this.#tree.get(place) }

  /** The items from a place on, itself included; all of them without one. */
  * from (place?: Place, { descending = false } = {}): Iterable<Item> {
    const entries = descending ? this.#tree.entriesReversed(place) : this.#tree.entries(place)
    for (const [, item] of entries) yield item
  }
}

export function compareTexts (one: string, other: string): number {
  return one === other ? 0 : one < other ? -1 : 1
}
