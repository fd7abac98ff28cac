import { boundedMemory, type MemoryBounds } from '../../../bounded-memory.ts'
import { DELIVERY_TYPES, RESOURCE_TYPES } from '../../../schemas/assets.ts'
import type { Place } from '../place.ts'

/** An asset by its name and its place. */
export interface NamedPlace extends Place { readonly public_id: string }

/** How long an asset counts as absent where a look for hints has not found it. */
const BELIEVED_MS = 30_000
const MOST_BYTES = 1024 * 1024

const keyOf = ({ resource_type: kind, type, public_id: id }: NamedPlace): string => `${kind}/${type}/${id}`

/**
 * Remembers places where a look for hints has found nothing. It never answers for Cloudinary: an asset that
 * was stored meanwhile is found by whoever asks for it.
 */
export class Absences {
  /** The value is a number because the cache takes no booleans. */
  readonly #known: ReturnType<typeof boundedMemory<1>>
  #changes = 0

  constructor (clock: () => number, { maxBytes = MOST_BYTES, maxEntries }: MemoryBounds = {}) {
    this.#known = boundedMemory({ maxBytes, maxEntries, lifetimeMs: BELIEVED_MS, now: clock })
  }

  get bytes (): number { return this.#known.calculatedSize }

  has (place: NamedPlace): boolean { return this.#known.has(keyOf(place)) }

  /** Begins a look. What it misses is remembered only if nothing was stored meanwhile. */
  begin (): (place: NamedPlace) => void {
    const changes = this.#changes
    return (place) => { if (changes === this.#changes) this.#known.set(keyOf(place), 1) }
  }

  /** Forgets what is known of a public ID, or of all: the asset may be anywhere now. */
  forget (publicId?: string): void {
    this.#changes++
    if (publicId === undefined) return this.#known.clear()
    for (const kind of RESOURCE_TYPES) {
      for (const type of DELIVERY_TYPES) {
        this.#known.delete(keyOf({ resource_type: kind, type, public_id: publicId }))
      }
    }
  }
}
