import type { AssetRecord, DerivedRecord, OwnedDerived } from '../assets/asset.ts'
import type { BlobStore } from './blobs.ts'
import { DerivedIndex } from './derived-index.ts'
import type { DerivedLimit } from './derived-limit.ts'
import { journalKey, type Change, type Journal } from './journal.ts'

/** What the clouds of a store share. */
export interface StoreParts {
  readonly journal: Journal
  readonly blobs: BlobStore
  readonly limit: DerivedLimit
}

/** An exchange of derived assets that memory shows already. */
export interface DerivedChange {
  readonly changes: Change[]
  /** Takes it back; `isThere` tells which originals are. */
  undo (isThere: (assetId: string) => boolean): void
  /** It is written. @returns the bytes that nobody has any more. */
  settle (): string[]
}

/** The derived assets of a cloud: records of their own, as many as fit into the limit. */
export class DerivedStore {
  readonly index = new DerivedIndex()
  readonly #cloud: string
  readonly #parts: StoreParts
  #lastOrder = 0

  constructor (cloud: string, parts: StoreParts) {
    this.#cloud = cloud
    this.#parts = parts
  }

  own ({ asset_id: assetId }: Pick<AssetRecord, 'asset_id'>, derived: DerivedRecord): OwnedDerived {
    return { ...derived, asset_id: assetId, order: ++this.#lastOrder }
  }

  /** Takes one into memory only: for the store itself, while it loads. */
  adopt (derived: OwnedDerived): void {
    this.#lastOrder = Math.max(this.#lastOrder, derived.order)
    this.index.add(derived)
    this.#limit(derived)
  }

  /** Somebody has asked for it. */
  use ({ id }: OwnedDerived): void { this.#parts.limit.use(this.#keyOf(id)) }

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
      undo: (isThere) => {
        for (const one of made) if (index.find(one.id) === one) index.remove(one.id)
        for (const one of lost) if (isThere(one.asset_id) && !index.find(one.id)) index.add(one)
      },
      settle: () => {
        for (const { id } of gone) this.#parts.limit.drop(this.#keyOf(id))
        for (const one of made) this.#limit(one)
        const inUse = new Set(made.map(({ blob }) => blob))
        return lost.map(({ blob }) => blob).filter((blob) => !inUse.has(blob))
      }
    }
  }

  /** Writes changes of those that can be made again: each as it will be by then. */
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
      // If its file stays, the next start removes it.
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
