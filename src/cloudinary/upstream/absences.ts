import { boundedMemory, type MemoryBounds } from '../../bounded-memory.ts'
import { DELIVERY_TYPES, RESOURCE_TYPES } from '../../schemas/assets.ts'
import type { Place } from './place.ts'

/** An asset by its name and its place. */
export interface NamedPlace extends Place { readonly public_id: string }

/** So long is it believed that an asset is not where a hint has looked. */
const BELIEVED_MS = 30_000
const MOST_BYTES = 1024 * 1024

const keyOf = ({ resource_type: kind, type, public_id: id }: NamedPlace): string => `${kind}/${type}/${id}`

/**
 * Places where hints have looked in vain. It answers no question of a caller: an asset that has come
 * meanwhile is found wherever somebody asks for it.
 */
export class Absences {
  /** A number, as the memory keeps no booleans. */
  readonly #known: ReturnType<typeof boundedMemory<1>>
  #changes = 0

  constructor (clock: () => number, { maxBytes = MOST_BYTES, maxEntries }: MemoryBounds = {}) {
    this.#known = boundedMemory({ maxBytes, maxEntries, lifetimeMs: BELIEVED_MS, now: clock })
  }

  get bytes (): number { return this.#known.calculatedSize }

  has (place: NamedPlace): boolean { return this.#known.has(keyOf(place)) }

  /** Begins a look. What it finds absent is not remembered when something was stored meanwhile. */
  begin (): (place: NamedPlace) => void {
    const changes = this.#changes
    return (place) => { if (changes === this.#changes) this.#known.set(keyOf(place), 1) }
  }

  /** An asset of that ID may be anywhere now; without an ID, any asset. */
  forget (publicId?: string): void {
    this.#changes++
    if (publicId === undefined) return this.#known.clear()
    for (const kind of RESOURCE_TYPES) {
      for (const type of DELIVERY_TYPES) this.#known.delete(keyOf({ resource_type: kind, type, public_id: publicId }))
    }
  }
}
