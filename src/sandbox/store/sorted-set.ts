import { createRequire } from 'node:module'
import type sortedBtree from 'sorted-btree'

// A CommonJS package: its default import differs between Node, Vitest and Jest, and `require` does not.
const require = createRequire(import.meta.url)
type Tree = typeof sortedBtree.default
let tree: Tree | undefined

/** Loads the package with the first set: it is optional, and importing the sandbox must not fail without it. */
function treeClass (): Tree {
  tree ??= (require('sorted-btree') as typeof sortedBtree).default
  return tree
}

/** Items in the order of their places, one of each. A place is the part of an item that decides its order. */
export class SortedSet<Place, Item extends Place = Place> {
  readonly #tree: sortedBtree.default<Place, Item>

  /** @param compare returns a number below 0 when the first place comes first, 0 when both are the same. */
  constructor (compare: (one: Place, other: Place) => number) {
    const BTree = treeClass()
    this.#tree = new BTree<Place, Item>(undefined, compare)
  }

  get size (): number { return this.#tree.size }

  /** Puts an item in its place, instead of one that was there. */
  add (item: Item): void { this.#tree.set(item, item) }

  delete (place: Place): boolean { return this.#tree.delete(place) }

  get (place: Place): Item | undefined { return this.#tree.get(place) }

  /** Yields the items from a place on, including it; all of them without one. */
  * from (place?: Place, { descending = false } = {}): Iterable<Item> {
    const entries = descending ? this.#tree.entriesReversed(place) : this.#tree.entries(place)
    for (const [, item] of entries) yield item
  }
}

/** Compares two texts by code units. */
export function compareTexts (one: string, other: string): number {
  return one === other ? 0 : one < other ? -1 : 1
}
