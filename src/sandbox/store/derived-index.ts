import type { DerivedRecord, OwnedDerived } from '../assets/asset.ts'
import { canonicalFormat } from '../format-names.ts'
import { compareTexts, SortedSet } from './sorted-set.ts'

type ById = SortedSet<Pick<DerivedRecord, 'id'>, OwnedDerived>

/** What was made of one asset. */
interface Family { readonly byId: ById, readonly byName: Map<string, OwnedDerived[]> }

/** The derived assets of a cloud, by all that they are looked up by. */
export class DerivedIndex {
  readonly #byId = new Map<string, OwnedDerived>()
  readonly #families = new Map<string, Family>()
  readonly #byTransformation = new Map<string, ById>()
  readonly #transformations = new SortedSet<string>(compareTexts)
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
    const alike = this.#byTransformation.get(transformation) ?? byId()
    this.#byTransformation.set(transformation, alike)
    this.#transformations.add(transformation)
    alike.add(derived)
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
    const alike = this.#byTransformation.get(transformation)
    alike?.delete(derived)
    if (alike?.size === 0) {
      this.#byTransformation.delete(transformation)
      this.#transformations.delete(transformation)
    }
    this.#bytes -= derived.bytes
  }

  find (id: string): OwnedDerived | undefined { return this.#byId.get(id) }

  /** Those of an asset, in the order in which they were made. */
  of (assetId: string): OwnedDerived[] {
    return [...this.byId(assetId)].sort((one, other) => one.order - other.order)
  }

  /** Those of an asset by id, from one on. */
  byId (assetId: string, from?: string): Iterable<OwnedDerived> {
    return this.#families.get(assetId)?.byId.from(placeOf(from)) ?? []
  }

  /** Those of an asset that a chain made in a format, whether or not the name of the format was a part of it. */
  made (assetId: string, chain: string, format: string): readonly OwnedDerived[] {
    return this.#families.get(assetId)?.byName.get(nameOf(chain, format)) ?? []
  }

  /** Those that one takes the place of: of the same asset under the same name, in the same format. */
  alike (derived: OwnedDerived): OwnedDerived[] {
    const named = this.made(derived.asset_id, bareName(derived), derived.format)
      .filter(({ transformation }) => transformation === derived.transformation)
    return [...new Set([...named, this.find(derived.id)])].filter((one) => one !== undefined)
  }

  all (): Iterable<OwnedDerived> { return this.#byId.values() }

  /** Those of all assets that one transformation made, by id, from one on. */
  madeBy (transformation: string, from?: string): Iterable<OwnedDerived> {
    return this.#byTransformation.get(transformation)?.from(placeOf(from)) ?? []
  }

  isUsed (transformation: string): boolean { return this.#byTransformation.has(transformation) }

  /** What they were made with, in order, from one on. */
  transformations (from?: string): Iterable<string> { return this.#transformations.from(from) }
}

function byId (): ById { return new SortedSet((one, other) => compareTexts(one.id, other.id)) }

function placeOf (id: string | undefined): Pick<DerivedRecord, 'id'> | undefined {
  return id === undefined ? undefined : { id }
}

function nameOf (chain: string, format: string): string { return `${chain}\n${format}` }

/** Its name without a last `/ext` that says no more than its format does. */
function bareName ({ transformation, format }: DerivedRecord): string {
  const last = transformation.slice(transformation.lastIndexOf('/') + 1)
  return canonicalFormat(last) === format ? transformation.slice(0, -last.length).replace(/\/$/, '') : transformation
}
