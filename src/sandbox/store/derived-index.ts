import type { DerivedRecord, OwnedDerived } from '../assets/asset.ts'
import { canonicalFormat } from '../format-names.ts'
import { compareTexts, SortedSet } from './sorted-set.ts'

type ById = SortedSet<Pick<DerivedRecord, 'id'>, OwnedDerived>

/** The derived assets of one original. */
interface Family { readonly byId: ById, readonly byName: Map<string, OwnedDerived[]> }

/** A transformation, and the derived assets that it made. */
interface Used { readonly transformation: string, readonly made: ById }

/** The derived assets of a cloud, by ID, original, name and transformation. */
export class DerivedIndex {
  readonly #byId = new Map<string, OwnedDerived>()
  readonly #families = new Map<string, Family>()
  readonly #used = new SortedSet<Pick<Used, 'transformation'>, Used>((one, other) => {
    return compareTexts(one.transformation, other.transformation)
  })

  #bytes = 0

  get count (): number { return this.#byId.size }
  get bytes (): number { return this.#bytes }

  add (derived: OwnedDerived): void {
    const { id, asset_id: assetId, transformation } = derived
    this.remove(id)
    this.#byId.set(id, derived)
    const family = this.#families.get(assetId) ?? { byId: byId(), byName: new Map<string, OwnedDerived[]>() }
    this.#families.set(assetId, family)
    family.byId.add(derived)
    const name = nameOf(bareName(derived), derived.format)
    family.byName.set(name, [...family.byName.get(name) ?? [], derived])
    const used = this.#used.get({ transformation }) ?? { transformation, made: byId() }
    this.#used.add(used)
    used.made.add(derived)
    this.#bytes += derived.bytes
  }

  remove (id: string): void {
    const derived = this.#byId.get(id)
    if (!derived) return
    const { asset_id: assetId, transformation } = derived
    this.#byId.delete(id)
    const family = this.#families.get(assetId)
    family?.byId.delete(derived)
    const name = nameOf(bareName(derived), derived.format)
    const others = family?.byName.get(name)?.filter((other) => other.id !== id) ?? []
    if (others.length > 0) family?.byName.set(name, others)
    else family?.byName.delete(name)
    if (family?.byId.size === 0) this.#families.delete(assetId)
    const used = this.#used.get({ transformation })
    used?.made.delete(derived)
    if (used?.made.size === 0) this.#used.delete(used)
    this.#bytes -= derived.bytes
  }

  find (id: string): OwnedDerived | undefined { return this.#byId.get(id) }

  /** Returns those of an asset, in the order in which they were made. */
  of (assetId: string): OwnedDerived[] {
    return [...this.byId(assetId)].sort((one, other) => one.order - other.order)
  }

  /** Reads those of an asset by ID, from one on. */
  byId (assetId: string, from?: string): Iterable<OwnedDerived> {
    return this.#families.get(assetId)?.byId.from(placeOf(from)) ?? []
  }

  /** Returns those of an asset that a chain made in a format, whether or not the format ends their names. */
  made (assetId: string, chain: string, format: string): readonly OwnedDerived[] {
    return this.#families.get(assetId)?.byName.get(nameOf(chain, format)) ?? []
  }

  /** Returns those that one replaces: of the same asset, name and format, or with the same ID. */
  alike (derived: OwnedDerived): OwnedDerived[] {
    const named = this.made(derived.asset_id, bareName(derived), derived.format)
      .filter(({ transformation }) => transformation === derived.transformation)
    return [...new Set([...named, this.find(derived.id)])].filter((one) => one !== undefined)
  }

  all (): Iterable<OwnedDerived> { return this.#byId.values() }

  /** Reads those of all assets that one transformation made, by ID, from one on. */
  madeBy (transformation: string, from?: string): Iterable<OwnedDerived> {
    return this.#used.get({ transformation })?.made.from(placeOf(from)) ?? []
  }

  isUsed (transformation: string): boolean { return this.#used.get({ transformation }) !== undefined }

  /** Yields the transformations that made them, in order, from one on. */
  * transformations (from?: string): Iterable<string> {
    const place = from === undefined ? undefined : { transformation: from }
    for (const { transformation } of this.#used.from(place)) yield transformation
  }
}

function byId (): ById { return new SortedSet((one, other) => compareTexts(one.id, other.id)) }

function placeOf (id: string | undefined): Pick<DerivedRecord, 'id'> | undefined {
  return id === undefined ? undefined : { id }
}

function nameOf (chain: string, format: string): string { return `${chain}\n${format}` }

/** Returns the name without a last `/ext` that repeats the format. */
function bareName ({ transformation, format }: DerivedRecord): string {
  const last = transformation.slice(transformation.lastIndexOf('/') + 1)
  if (canonicalFormat(last) !== format) return transformation
  return transformation.slice(0, -last.length).replace(/\/$/, '')
}
