import { compareTexts, SortedSet } from './sorted-set.ts'

/** A folder in its parent, with the number of things in it and below it. */
interface Entry { readonly name: string, readonly count: number }
type Level = SortedSet<Pick<Entry, 'name'>, Entry>

/** The tree of folders. A folder exists as long as something is in it or below it. */
export class FolderTree {
  readonly #levels = new Map<string, Level>()

  /** Counts something that lies in a folder. */
  add (path: string): void {
    for (const [parent, name] of steps(path)) {
      const level: Level = this.#levels.get(parent) ??
        new SortedSet((one, other) => compareTexts(one.name, other.name))
      this.#levels.set(parent, level)
      level.add({ name, count: (level.get({ name })?.count ?? 0) + 1 })
    }
  }

  /** Takes back one `add` of the same path. */
  remove (path: string): void {
    for (const [parent, name] of steps(path)) {
      const level = this.#levels.get(parent)
      const left = (level?.get({ name })?.count ?? 0) - 1
      if (left > 0) level?.add({ name, count: left })
      else level?.delete({ name })
      if (level?.size === 0) this.#levels.delete(parent)
    }
  }

  has (path: string): boolean {
    const at = path.lastIndexOf('/')
    return this.#levels.get(path.slice(0, Math.max(0, at)))?.get({ name: path.slice(at + 1) }) !== undefined
  }

  /** Returns the number of folders directly in a folder; `''` is the root. */
  count (parent: string): number { return this.#levels.get(parent)?.size ?? 0 }

  /** Yields their names in order, from a name on. */
  * names (parent: string, from?: string): Iterable<string> {
    const place = from === undefined ? undefined : { name: from }
    for (const { name } of this.#levels.get(parent)?.from(place) ?? []) yield name
  }

  /** Yields the paths of all folders below a folder, each before those in it. */
  * below (parent: string): Iterable<string> {
    for (const name of this.names(parent)) {
      const path = parent === '' ? name : `${parent}/${name}`
      yield path
      yield * this.below(path)
    }
  }
}

/** Splits a path into its folders: `a/b/c` is `a` in `''`, `b` in `a` and `c` in `a/b`. */
function steps (path: string): [parent: string, name: string][] {
  const parts = path.split('/').filter((part) => part !== '')
  return parts.map((name, depth) => [parts.slice(0, depth).join('/'), name])
}
