import type { AssetRecord, DerivedRecord, OwnedDerived } from '../assets/asset.ts'
import type { BlobStore } from './blobs.ts'
import { DerivedIndex } from './derived-index.ts'
import type { DerivedLimit } from './derived-limit.ts'
import { journalKey, type Change, type Journal } from './journal.ts'

/** Parts of a store that its clouds share. */
export interface StoreParts {
  readonly journal: Journal
  readonly blobs: BlobStore
  readonly limit: DerivedLimit
}

/** An exchange of derived assets that memory shows and the journal does not yet. */
export interface DerivedChange {
  readonly changes: Change[]
  /** Restores the derived assets that were replaced, as far as their originals still exist. */
  undo (): void
  /** Completes the change once the journal holds it. Returns the keys of bytes that no record refers to any longer. */
  settle (): string[]
}

/** The derived assets of a cloud, as many as fit into the limit. */
export class DerivedStore {
  readonly index = new DerivedIndex()
  readonly #cloud: string
  readonly #parts: StoreParts
  readonly #hasOriginal: (assetId: string) => boolean
  #lastOrder = 0

  constructor (cloud: string, parts: StoreParts, hasOriginal: (assetId: string) => boolean) {
    this.#cloud = cloud
    this.#parts = parts
    this.#hasOriginal = hasOriginal
  }

  /** Returns one with its original and its number. */
  own ({ asset_id: assetId }: Pick<AssetRecord, 'asset_id'>, derived: DerivedRecord): OwnedDerived {
    return { ...derived, asset_id: assetId, order: ++this.#lastOrder }
  }

  /** Takes one into memory only. */
  adopt (derived: OwnedDerived): void {
    this.#lastOrder = Math.max(this.#lastOrder, derived.order)
    this.index.add(derived)
    this.#limit(derived)
  }

  /** Notes that one was used. */
  use ({ id }: OwnedDerived): void { this.#parts.limit.use(this.#keyOf(id)) }

  /** Shows `made` in place of `lost` from now on. */
  exchange (lost: readonly OwnedDerived[], made: readonly OwnedDerived[]): DerivedChange {
    const { index } = this
    for (const { id } of lost) index.remove(id)
    for (const one of made) index.add(one)
    const ids = new Set(made.map(({ id }) => id))
    const gone = lost.filter(({ id }) => !ids.has(id))
    return {
      changes: [
        ...gone.map(({ id }): Change => ({ key: this.#keyOf(id) })),
        ...made.map((one): Change => ({ key: this.#keyOf(one.id), value: JSON.stringify(one) }))
      ],
      undo: () => {
        for (const one of made) if (index.find(one.id) === one) index.remove(one.id)
        for (const one of lost) if (this.#hasOriginal(one.asset_id) && !index.find(one.id)) index.add(one)
      },
      settle: () => {
        for (const { id } of gone) this.#parts.limit.drop(this.#keyOf(id))
        for (const one of made) this.#limit(one)
        const inUse = new Set(made.map(({ blob }) => blob))
        return lost.map(({ blob }) => blob).filter((blob) => !inUse.has(blob))
      }
    }
  }

  /** Writes changes within a second or so, each record as it is by then. */
  writeLater ({ changes }: DerivedChange): void {
    for (const { key } of changes) this.#writeLater(key)
  }

  #limit (derived: OwnedDerived): void {
    const key = this.#keyOf(derived.id)
    const isThere = (): boolean => this.index.find(derived.id) === derived
    if (!isThere()) return
    this.#parts.limit.keep(key, derived.bytes, () => {
      if (!isThere()) return
      this.index.remove(derived.id)
      this.#writeLater(key)
      // The next start removes a file that stays.
      this.#parts.blobs.remove(derived.blob).catch(() => {})
    })
  }

  #writeLater (key: string): void {
    const id = key.slice(this.#keyOf('').length)
    this.#parts.journal.writeLater(key, () => {
      const derived = this.index.find(id)
      return derived && JSON.stringify(derived)
    })
  }

  #keyOf (id: string): string { return journalKey(this.#cloud, 'derived', id) }
}
