import { keyOf, type AssetRecord } from '../assets/asset.ts'
import { AssetIndex } from './asset-index.ts'
import { DerivedStore, type StoreParts } from './derived-store.ts'
import { Documents } from './documents.ts'
import { FolderTree } from './folder-tree.ts'

/** Everything that a cloud holds, in memory. */
export class Contents {
  readonly byId = new Map<string, AssetRecord>()
  readonly byKey = new Map<string, AssetRecord>()
  readonly assets: AssetIndex
  readonly documents: Documents
  readonly derived: DerivedStore

  constructor (cloud: string, parts: StoreParts) {
    const folders = new FolderTree()
    this.assets = new AssetIndex(folders)
    this.documents = new Documents(cloud, parts.journal, folders)
    this.derived = new DerivedStore(cloud, parts, (assetId) => this.byId.has(assetId))
  }

  /** Shows a record, in place of what was there under its `asset_id`. */
  adopt (record: AssetRecord): void {
    this.forget(record)
    this.byId.set(record.asset_id, record)
    this.byKey.set(keyOf(record), record)
    this.assets.add(record)
  }

  forget ({ asset_id: assetId }: Pick<AssetRecord, 'asset_id'>): void {
    const present = this.byId.get(assetId)
    if (!present) return
    this.byId.delete(assetId)
    if (this.byKey.get(keyOf(present)) === present) this.byKey.delete(keyOf(present))
    this.assets.remove(present)
  }

  /** Restores a record that was forgotten, unless another has taken its place. */
  putBack (record: AssetRecord): void {
    if (!this.byId.has(record.asset_id) && !this.byKey.has(keyOf(record))) this.adopt(record)
  }

  /** Yields the keys of the bytes of all originals and derived assets. */
  * blobs (): Iterable<string> {
    for (const { blob } of this.byId.values()) yield blob
    for (const { blob } of this.derived.index.all()) yield blob
  }
}
