import { assetKey, type AssetRecord } from '../assets/asset.ts'
import { fieldsWithNewOptions, type MetadataField, type MetadataFields } from '../assets/metadata.ts'
import type { BlobStore } from './blobs.ts'
import type { Change, Journal } from './journal.ts'

/** What a cloud keeps besides assets, each kind by name. */
export const DOCUMENT_KINDS = [
  'preset', 'transformation', 'unnamed_transformation', 'metadata_field', 'deleted_metadata_field', 'folder', 'trigger', 'chunked', 'delete_token', 'pending_upload', 'pending_eager', 'pending_explicit', 'notification'
] as const
export type DocumentKind = (typeof DOCUMENT_KINDS)[number]

/** A document with its name, as it is written together with an asset. */
export interface NamedDocument { kind: DocumentKind, name: string, value: unknown }

/** What one cloud holds. */
export class CloudStore {
  readonly name: string
  readonly #journal: Journal
  readonly #blobs: BlobStore
  readonly #byId = new Map<string, AssetRecord>()
  readonly #byKey = new Map<string, AssetRecord>()
  readonly #documents = new Map<DocumentKind, Map<string, unknown>>()

  constructor (name: string, journal: Journal, blobs: BlobStore) {
    this.name = name
    this.#journal = journal
    this.#blobs = blobs
  }

  find (resourceType: string, type: string, publicId: string): AssetRecord | undefined {
    return this.#byKey.get(assetKey(resourceType, type, publicId))
  }

  findById (assetId: string): AssetRecord | undefined { return this.#byId.get(assetId) }

  all (): IterableIterator<AssetRecord> { return this.#byId.values() }

  /**
   * Stores a record under its name and its `asset_id`. Whatever held either of them before is gone, and so are the bytes
   * that no longer have a record.
   * @param beside what is to be kept exactly if the record is: a process that ends leaves both or neither.
   */
  put (record: AssetRecord, beside?: NamedDocument): Promise<void> {
    return this.#put(record, { durable: true, beside })
  }

  async #put (record: AssetRecord, { durable, beside }: { durable: boolean, beside?: NamedDocument | undefined }): Promise<void> {
    const displaced = new Set([this.#byId.get(record.asset_id), this.#byKey.get(keyOf(record))])
    displaced.delete(undefined)
    const gone = [...displaced].filter((old) => old !== undefined)
    for (const old of gone) this.#forget(old)
    this.adopt(record)
    const dropped = gone.filter((old) => old.asset_id !== record.asset_id).map((old) => ({ key: this.#journalKey('asset', old.asset_id) }))
    const left = this.#keepFolders(gone.filter((old) => old.asset_folder !== record.asset_folder))
    const key = this.#journalKey('asset', record.asset_id)
    if (!durable) this.#journal.writeLater(key, () => JSON.stringify(this.#byId.get(record.asset_id)))
    else {
      const kept = beside && this.#keepDocument(beside)
      await this.#commit([...dropped, ...left.changes, ...kept ? [kept.change] : [], { key, value: JSON.stringify(record) }], () => {
        left.undo()
        kept?.undo()
        if (this.#byId.get(record.asset_id) !== record) return
        this.#forget(record)
        for (const old of gone) this.#putBack(old)
      })
    }
    await this.#release(gone, record)
  }

  /**
   * Reads and changes in one go, so that two changes at once never undo each other.
   * @param change gets the present record; returning undefined leaves it as it is.
   * @param options.durable `false` for derived assets, which can be made again: nothing waits for the disk.
   * @returns the new record, or undefined when there is none or `change` declined.
   */
  async change (assetId: string, change: (record: AssetRecord) => AssetRecord | undefined, { durable = true } = {}): Promise<AssetRecord | undefined> {
    const record = this.#byId.get(assetId)
    const changed = record && change(record)
    if (changed) await this.#put(changed, { durable })
    return changed
  }

  /** Removes a record, its derived assets and their bytes. */
  async remove (record: AssetRecord): Promise<void> {
    this.#forget(record)
    const left = this.#keepFolders([record])
    await this.#commit([{ key: this.#journalKey('asset', record.asset_id) }, ...left.changes], () => {
      left.undo()
      this.#putBack(record)
    })
    await this.#release([record])
  }

  /** A folder stays when what was in it goes, until somebody deletes it. It is nothing but its name. */
  #keepFolders (gone: readonly AssetRecord[]): { changes: Change[], undo: () => void } {
    const paths = new Set(gone.map((record) => record.asset_folder).filter((path) => path !== '' && !this.document('folder', path)))
    const folders = [...paths].map((path) => ({ path }))
    for (const folder of folders) this.adoptDocument('folder', folder.path, folder)
    return {
      changes: folders.map((folder) => ({ key: this.#journalKey('folder', folder.path), value: JSON.stringify(folder) })),
      undo: () => {
        for (const folder of folders) if (this.document('folder', folder.path) === folder) this.#documents.get('folder')?.delete(folder.path)
      }
    }
  }

  /** Writes what memory shows already. What the journal refuses is taken back there, unless something newer has come over it. */
  async #commit (changes: Change[], undo: () => void): Promise<void> {
    try {
      await this.#journal.write(changes)
    } catch (error) {
      undo()
      throw error
    }
  }

  document<T> (kind: DocumentKind, name: string): T | undefined {
    // Each kind is written by one module only, which knows its shape.
    return this.#documents.get(kind)?.get(name) as T | undefined
  }

  /** All documents of a kind, by name. */
  documents<T> (kind: DocumentKind): [string, T][] {
    // As above.
    const entries = [...this.#documents.get(kind) ?? []] as [string, T][]
    return entries.sort(([one], [other]) => one < other ? -1 : 1)
  }

  /** The structured metadata that assets may have. */
  metadataFields (): MetadataFields { return new Map(this.documents<MetadataField>('metadata_field')) }

  /** Keeps options of metadata fields that assets have brought with them. */
  async keepNewOptions ({ metadata }: Pick<AssetRecord, 'metadata'>): Promise<void> {
    for (const field of fieldsWithNewOptions(this.metadataFields(), metadata)) {
      await this.putDocument('metadata_field', field.external_id, field)
    }
  }

  async putDocument (kind: DocumentKind, name: string, value: unknown): Promise<void> {
    const { change, undo } = this.#keepDocument({ kind, name, value })
    await this.#commit([change], undo)
  }

  /** Shows it from now on: what is to be written for that, and how it is taken back. */
  #keepDocument ({ kind, name, value }: NamedDocument): { change: Change, undo: () => void } {
    const before = this.document(kind, name)
    this.adoptDocument(kind, name, value)
    return {
      change: { key: this.#journalKey(kind, name), value: JSON.stringify(value) },
      undo: () => {
        if (this.document(kind, name) !== value) return
        if (before === undefined) this.#documents.get(kind)?.delete(name)
        else this.adoptDocument(kind, name, before)
      }
    }
  }

  /** @returns whether it was there. */
  async removeDocument (kind: DocumentKind, name: string): Promise<boolean> {
    const before = this.document(kind, name)
    if (!this.#documents.get(kind)?.delete(name)) return false
    await this.#commit([{ key: this.#journalKey(kind, name) }], () => {
      if (this.document(kind, name) === undefined) this.adoptDocument(kind, name, before)
    })
    return true
  }

  async clear (): Promise<void> {
    const records = [...this.#byId.values()]
    const documents = [...this.#documents].flatMap(([kind, named]) => [...named].map(([name, value]) => ({ kind, name, value })))
    const keys = [...records.map((record) => this.#journalKey('asset', record.asset_id)), ...documents.map(({ kind, name }) => this.#journalKey(kind, name))]
    this.#byId.clear()
    this.#byKey.clear()
    this.#documents.clear()
    await this.#commit(keys.map((key) => ({ key })), () => {
      for (const record of records) this.#putBack(record)
      for (const { kind, name, value } of documents) if (this.document(kind, name) === undefined) this.adoptDocument(kind, name, value)
    })
    await this.#release(records)
  }

  /** Takes a record into memory only: for the store itself, while it loads. */
  adopt (record: AssetRecord): void {
    this.#byId.set(record.asset_id, record)
    this.#byKey.set(keyOf(record), record)
  }

  /** As `adopt`. */
  adoptDocument (kind: DocumentKind, name: string, value: unknown): void {
    const documents = this.#documents.get(kind) ?? new Map<string, unknown>()
    this.#documents.set(kind, documents.set(name, value))
  }

  #forget (record: AssetRecord): void {
    this.#byId.delete(record.asset_id)
    this.#byKey.delete(keyOf(record))
  }

  /** As if it had never gone, unless another has taken its place. */
  #putBack (record: AssetRecord): void {
    if (!this.#byId.has(record.asset_id) && !this.#byKey.has(keyOf(record))) this.adopt(record)
  }

  async #release (records: readonly AssetRecord[], kept?: AssetRecord): Promise<void> {
    const inUse = new Set(kept ? blobsOf(kept) : [])
    const free = records.flatMap(blobsOf).filter((blob) => !inUse.has(blob))
    // The change is made, so it is no failure if a file stays: the next start removes it.
    await Promise.all(free.map((blob) => this.#blobs.remove(blob).catch(() => {})))
  }

  #journalKey (kind: DocumentKind | 'asset', name: string): string {
    return [this.name, kind, name].join('\u0000')
  }
}

function keyOf (record: AssetRecord): string {
  return assetKey(record.resource_type, record.type, record.public_id)
}

/** Its bytes, and those of its derived assets. */
export function blobsOf (record: AssetRecord): string[] {
  return [record.blob, ...record.derived.map((derived) => derived.blob)]
}
