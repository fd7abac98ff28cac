import { compareTexts, SortedSet } from './sorted-set.ts'

interface Level { readonly names: SortedSet<string>, readonly counts: Map<string, number> }

/** Folders by what they are in. Each is there as long as something is in it or below it. */
export class FolderTree {
  readonly #levels = new Map<string, Level>()

  /** Counts something that lies in a folder. */
  add (path: string): void {
    for (const [parent, name] of steps(path)) {
      const level = this.#levels.get(parent) ?? { names: new SortedSet<string>(compareTexts), counts: new Map<string, number>() }
      this.#levels.set(parent, level)
      const count = level.counts.get(name) ?? 0
      if (count === 0) level.names.add(name)
      level.counts.set(name, count + 1)
    }
  }

  /** Takes back one `add` of the same path. */
  remove (path: string): void {
    for (const [parent, name] of steps(path)) {
      const level = this.#levels.get(parent)
      const count = (level?.counts.get(name) ?? 0) - 1
      if (!level || count > 0) level?.counts.set(name, count)
      else {
        level.counts.delete(name)
        level.names.delete(name)
        if (level.names.size === 0) this.#levels.delete(parent)
      }
    }
  }

  has (path: string): boolean {
    const at = path.lastIndexOf('/')
    return this.#levels.get(path.slice(0, Math.max(0, at)))?.counts.has(path.slice(at + 1)) ?? false
  }

  /** How many folders lie directly in a folder; `''` is what all are in. */
  count (parent: string): number { return this.#levels.get(parent)?.names.size ?? 0 }

  /** Their names, in order, from a name on. */
  names (parent: string, from?: string): Iterable<string> { return this.#levels.get(parent)?.names.from(from) ?? [] }

  /** All folders below a folder, at any depth, each before those in it. */
  * below (parent: string): Iterable<string> {
    for (const name of this.names(parent)) {
      const path = parent === '' ? name : `${parent}/${name}`
      yield path
      yield * this.below(path)
    }
  }
}

/** `a/b/c` is `a` in `''`, `b` in `a` and `c` in `a/b`. */
function steps (path: string): [parent: string, name: string][] {
  const parts = path.split('/').filter((part) => part !== '')
  return parts.map((name, depth) => [parts.slice(0, depth).join('/'), name])
}
