import { assetKey, keyOf, type AssetRecord, type DerivedRecord, type OwnedDerived } from '../assets/asset.ts'
import { fieldsWithNewOptions, type MetadataField, type MetadataFields } from '../assets/metadata.ts'
import type { AssetIndex } from './asset-index.ts'
import { Contents } from './contents.ts'
import type { DerivedIndex } from './derived-index.ts'
import type { DerivedChange, StoreParts } from './derived-store.ts'
import type { DocumentKind, DocumentName, NamedDocument, Shown } from './documents.ts'
import { commit, journalKey, type Change } from './journal.ts'

/** Records that are written together with an asset, all of them or none. */
export interface PutOptions {
  readonly beside?: NamedDocument | undefined
  /** The derived assets that it has from now on. Without them it keeps those that it has. */
  readonly derived?: readonly DerivedRecord[] | undefined
}

/** What one cloud holds. */
export class CloudStore {
  readonly name: string
  readonly #parts: StoreParts
  #held: Contents
  #generation = 0

  constructor (name: string, parts: StoreParts) {
    this.name = name
    this.#parts = parts
    this.#held = new Contents(name, parts)
  }

  find (resourceType: string, type: string, publicId: string): AssetRecord | undefined {
    return this.#held.byKey.get(assetKey(resourceType, type, publicId))
  }

  findById (assetId: string): AssetRecord | undefined { return this.#held.byId.get(assetId) }

  /** Returns all assets in no particular order. Most calls need only one of the lists of `assets`. */
  all (): IterableIterator<AssetRecord> { return this.#held.byId.values() }

  /** The assets in the order of every list. */
  get assets (): AssetIndex { return this.#held.assets }
  get derived (): DerivedIndex { return this.#held.derived.index }
  /** A number that grows with each change of an asset. */
  get generation (): number { return this.#generation }

  /**
   * Stores a record under its name and its `asset_id`. Whatever held either of them before is gone, and so are the bytes
   * that no longer have a record.
   */
  async put (record: AssetRecord, { beside, derived }: PutOptions = {}): Promise<void> {
    const held = this.#held
    const present = [held.byId.get(record.asset_id), held.byKey.get(keyOf(record))]
    const gone = [...new Set(present)].filter((old) => old !== undefined)
    const others = gone.filter((old) => old.asset_id !== record.asset_id)
    const exchange = this.#exchangeFor(record, others, derived)
    for (const old of gone) held.forget(old)
    this.adopt(record)
    const folders = this.#keepFolders(gone.filter((old) => old.asset_folder !== record.asset_folder))
    const shown = [...folders, ...beside ? [held.documents.keep(beside)] : []]
    const changes: Change[] = [
      ...others.map((old) => ({ key: this.#assetKey(old) })),
      ...exchange.changes,
      ...shown.map(({ change }) => change),
      { key: this.#assetKey(record), value: JSON.stringify(record) }
    ]
    await this.#commit(changes, () => {
      for (const { undo } of shown) undo()
      const isNewest = held.byId.get(record.asset_id) === record
      if (isNewest) held.forget(record)
      if (isNewest) for (const old of gone) held.putBack(old)
      exchange.undo()
    })
    const left = gone.map(({ blob }) => blob).filter((blob) => blob !== record.blob)
    await this.#release([...left, ...exchange.settle()])
  }

  /** Removes derived assets of `others` and those that the record no longer has, and adds its new ones. */
  #exchangeFor (
    record: AssetRecord, others: readonly AssetRecord[], derived: PutOptions['derived']
  ): DerivedChange {
    const { derived: store } = this.#held
    const wanted = derived && new Set(derived.map(({ id }) => id))
    const own = wanted ? store.index.of(record.asset_id).filter(({ id }) => !wanted.has(id)) : []
    const lost = [...own, ...others.flatMap((old) => store.index.of(old.asset_id))]
    const made = (derived ?? []).filter(({ id }) => !store.index.find(id))
      .map((one) => store.own(record, one))
    return store.exchange(lost, made)
  }

  /**
   * Reads and changes in one go, so that two changes at once never undo each other.
   * @param change gets the present record; returning undefined leaves it as it is.
   * @returns the new record, or undefined when there is none or `change` declined.
   */
  async change (
    assetId: string,
    change: (record: AssetRecord) => AssetRecord | undefined,
    options: Pick<PutOptions, 'derived'> = {}
  ): Promise<AssetRecord | undefined> {
    const record = this.findById(assetId)
    const changed = record && change(record)
    if (changed) await this.put(changed, options)
    return changed
  }

  /** Removes a record, its derived assets and their bytes. */
  async remove ({ asset_id: assetId }: Pick<AssetRecord, 'asset_id'>): Promise<void> {
    const held = this.#held
    const record = held.byId.get(assetId)
    if (!record) return
    const exchange = held.derived.exchange(held.derived.index.of(record.asset_id), [])
    held.forget(record)
    this.#generation++
    const folders = this.#keepFolders([record])
    const kept = folders.map(({ change }) => change)
    await this.#commit([{ key: this.#assetKey(record) }, ...exchange.changes, ...kept], () => {
      for (const { undo } of folders) undo()
      held.putBack(record)
      exchange.undo()
    })
    await this.#release([record.blob, ...exchange.settle()])
  }

  /**
   * Stores derived assets of one version of an asset, each in place of the one that had its name before.
   * @param options.durable `false` does not wait for the disk: a lost one is made again on demand.
   * @returns false when the asset has changed its version or is gone: then nothing is stored.
   */
  async addDerived (
    version: Pick<AssetRecord, 'asset_id' | 'version_id'>,
    made: readonly DerivedRecord[],
    { durable = true } = {}
  ): Promise<boolean> {
    const { derived } = this.#held
    if (this.findById(version.asset_id)?.version_id !== version.version_id) return false
    const owned = made.map((one) => derived.own(version, one))
    const exchange = derived.exchange([...new Set(owned.flatMap((one) => derived.index.alike(one)))], owned)
    await this.#settle(exchange, durable)
    return true
  }

  /** Removes derived assets and their bytes; their originals stay. */
  async removeDerived (gone: readonly OwnedDerived[]): Promise<void> {
    await this.#settle(this.#held.derived.exchange(gone, []), true)
  }

  /** Notes that a derived asset was used, which delays its eviction. */
  useDerived (derived: OwnedDerived): void { this.#held.derived.use(derived) }

  async #settle (exchange: DerivedChange, durable: boolean): Promise<void> {
    if (durable) await this.#commit(exchange.changes, () => { exchange.undo() })
    else this.#held.derived.writeLater(exchange)
    await this.#release(exchange.settle())
  }

  /** Keeps the folders of assets that go: an empty one stays until it is deleted. */
  #keepFolders (gone: readonly AssetRecord[]): Shown[] {
    const paths = new Set(gone.map((record) => record.asset_folder))
    return [...paths].filter((path) => path !== '' && !this.document('folder', path))
      .map((path) => this.#held.documents.keep({ kind: 'folder', name: path, value: { path } }))
  }

  document<T> (kind: DocumentKind, name: string): T | undefined {
    // Each kind is written by one module only, which knows its shape.
    return this.#held.documents.find({ kind, name })?.value as T | undefined
  }

  /** Returns all documents of a kind, by name. */
  documents<T> (kind: DocumentKind): [string, T][] { return [...this.documentsFrom<T>(kind)] }

  /** Yields the documents of a kind by name, from a name on. */
  * documentsFrom<T> (
    kind: DocumentKind, from?: string, options: { descending?: boolean } = {}
  ): Iterable<[string, T]> {
    // As above.
    for (const { name, value } of this.#held.documents.of(kind, from, options)) yield [name, value as T]
  }

  putDocument (kind: DocumentKind, name: string, value: unknown): Promise<void> {
    return this.#held.documents.put({ kind, name, value })
  }

  /** Removes some documents and writes others, all of it or nothing. */
  exchangeDocuments (gone: readonly DocumentName[], put: readonly NamedDocument[]): Promise<void> {
    return this.#held.documents.exchange(gone, put)
  }

  /** @returns whether it was there. */
  removeDocument (kind: DocumentKind, name: string): Promise<boolean> {
    return this.#held.documents.remove({ kind, name })
  }

  /** The structured metadata that assets may have. */
  metadataFields (): MetadataFields { return new Map(this.documents<MetadataField>('metadata_field')) }

  /** Keeps options of metadata fields that assets have brought with them. */
  async keepNewOptions ({ metadata }: Pick<AssetRecord, 'metadata'>): Promise<void> {
    for (const field of fieldsWithNewOptions(this.metadataFields(), metadata)) {
      await this.putDocument('metadata_field', field.external_id, field)
    }
  }

  /** Takes a record into memory only. The caller writes it, or has read it from the journal. */
  adopt (record: AssetRecord): void {
    this.#held.adopt(record)
    this.#generation++
  }

  /** As `adopt`. */
  adoptDocument (kind: DocumentKind, name: string, value: unknown): void {
    this.#held.documents.adopt({ kind, name, value })
  }

  /** As `adopt`. */
  adoptDerived (derived: OwnedDerived): void { this.#held.derived.adopt(derived) }

  /** Yields the keys of all its bytes, except those that documents name. */
  blobs (): Iterable<string> { return this.#held.blobs() }

  /** Empties the cloud in memory only, and returns the bytes that it held and a way back. */
  empty (): { blobs: () => Iterable<string>, undo: () => void } {
    const before = this.#held
    this.#held = new Contents(this.name, this.#parts)
    this.#generation++
    return {
      blobs: () => before.blobs(),
      undo: () => {
        for (const record of before.byId.values()) this.#held.putBack(record)
        for (const derived of before.derived.index.all()) {
          if (this.findById(derived.asset_id)) this.adoptDerived(derived)
        }
        for (const document of before.documents.all()) this.#held.documents.putBack(document)
      }
    }
  }

  #commit (changes: Change[], undo: () => void): Promise<void> {
    return commit(this.#parts.journal, changes, () => {
      undo()
      this.#generation++
    })
  }

  async #release (blobs: readonly string[]): Promise<void> {
    // The change is durable, and the next start removes a file that stays.
    await Promise.all(blobs.map((blob) => this.#parts.blobs.remove(blob).catch(() => {})))
  }

  #assetKey ({ asset_id: id }: AssetRecord): string { return journalKey(this.name, 'asset', id) }
}
