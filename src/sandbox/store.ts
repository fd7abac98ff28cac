import { assetKey, type AssetRecord } from './asset.ts'
import type { BlobStore } from './blobs.ts'
import type { Journal } from './journal.ts'

/** What a cloud keeps besides assets, each kind by name. */
export const DOCUMENT_KINDS = [
  'preset', 'transformation', 'unnamed_transformation', 'metadata_field', 'deleted_metadata_field', 'folder', 'trigger', 'chunked', 'delete_token', 'pending_upload', 'notification'
] as const
export type DocumentKind = (typeof DOCUMENT_KINDS)[number]

/**
 * All records of a sandbox: in memory for reading, written through to the journal. A change is visible at once, so that
 * reading and changing in one go needs no lock; its promise resolves when it is durable, and only then is it answered.
 */
export class Store {
  readonly #journal: Journal
  readonly #blobs: BlobStore
  readonly #clouds = new Map<string, CloudStore>()
  #sequence = 0

  private constructor (journal: Journal, blobs: BlobStore) {
    this.#journal = journal
    this.#blobs = blobs
  }

  /** Loads what the journal holds and removes bytes that no record names. */
  static async open (journal: Journal, blobs: BlobStore): Promise<Store> {
    const store = new Store(journal, blobs)
    const known = { blobs: new Set<string>(), drafts: new Set<string>() }
    for await (const [key, value] of journal.load()) {
      const [cloud = '', kind = '', name = ''] = key.split('\u0000')
      // The journal holds what this class wrote, nothing else.
      const record = JSON.parse(value) as AssetRecord
      const room = store.cloud(cloud)
      if (kind !== 'asset') {
        room.adoptDocument(kind as DocumentKind, name, record)
        // The bytes of an unfinished upload.
        if (kind === 'chunked' || kind === 'pending_upload') nameBytes(record, known)
        continue
      }
      room.adopt(record)
      for (const blob of blobsOf(record)) known.blobs.add(blob)
      store.#sequence = Math.max(store.#sequence, record.sequence)
    }
    await blobs.sweep(known)
    return store
  }

  /** The next number for `record.sequence`. */
  nextSequence (): number { return ++this.#sequence }

  /** The assets and documents of one cloud; an unknown name is an empty cloud. */
  cloud (name: string): CloudStore {
    let cloud = this.#clouds.get(name)
    if (!cloud) {
      cloud = new CloudStore(name, this.#journal, this.#blobs)
      this.#clouds.set(name, cloud)
    }
    return cloud
  }

  /** Those that were ever asked for. */
  clouds (): CloudStore[] { return [...this.#clouds.values()] }

  /** Forgets everything. */
  async clear (): Promise<void> {
    await Promise.all([...this.#clouds.values()].map((cloud) => cloud.clear()))
    this.#sequence = 0
  }

  async close (): Promise<void> { await this.#journal.close() }
}

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
   */
  put (record: AssetRecord): Promise<void> {
    return this.#put(record, true)
  }

  async #put (record: AssetRecord, durable: boolean): Promise<void> {
    const displaced = new Set([this.#byId.get(record.asset_id), this.#byKey.get(keyOf(record))])
    displaced.delete(undefined)
    const gone = [...displaced].filter((old) => old !== undefined)
    for (const old of gone) this.#forget(old)
    this.adopt(record)
    const dropped = gone.filter((old) => old.asset_id !== record.asset_id).map((old) => ({ key: this.#journalKey('asset', old.asset_id) }))
    const left = gone.filter((old) => old.asset_folder !== record.asset_folder).flatMap((old) => this.#keepFolder(old))
    const key = this.#journalKey('asset', record.asset_id)
    if (durable) await this.#journal.write([...dropped, ...left, { key, value: JSON.stringify(record) }])
    else this.#journal.writeLater(key, () => JSON.stringify(this.#byId.get(record.asset_id)))
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
    if (changed) await this.#put(changed, durable)
    return changed
  }

  /** Removes a record, its derived assets and their bytes. */
  async remove (record: AssetRecord): Promise<void> {
    this.#forget(record)
    await this.#journal.write([{ key: this.#journalKey('asset', record.asset_id) }, ...this.#keepFolder(record)])
    await this.#release([record])
  }

  /** A folder stays when what was in it goes, until somebody deletes it. It is nothing but its name. */
  #keepFolder ({ asset_folder: path }: AssetRecord): { key: string, value: string }[] {
    if (path === '' || this.document('folder', path)) return []
    this.adoptDocument('folder', path, { path })
    return [{ key: this.#journalKey('folder', path), value: JSON.stringify({ path }) }]
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

  async putDocument (kind: DocumentKind, name: string, value: unknown): Promise<void> {
    this.adoptDocument(kind, name, value)
    await this.#journal.write([{ key: this.#journalKey(kind, name), value: JSON.stringify(value) }])
  }

  /** @returns whether it was there. */
  async removeDocument (kind: DocumentKind, name: string): Promise<boolean> {
    const known = this.#documents.get(kind)?.delete(name) ?? false
    if (known) await this.#journal.write([{ key: this.#journalKey(kind, name) }])
    return known
  }

  async clear (): Promise<void> {
    const records = [...this.#byId.values()]
    const keys = records.map((record) => this.#journalKey('asset', record.asset_id))
    for (const [kind, documents] of this.#documents) for (const name of documents.keys()) keys.push(this.#journalKey(kind, name))
    this.#byId.clear()
    this.#byKey.clear()
    this.#documents.clear()
    await this.#journal.write(keys.map((key) => ({ key })))
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

  async #release (records: readonly AssetRecord[], kept?: AssetRecord): Promise<void> {
    const inUse = new Set(kept ? blobsOf(kept) : [])
    const free = records.flatMap(blobsOf).filter((blob) => !inUse.has(blob))
    await Promise.all(free.map((blob) => this.#blobs.remove(blob)))
  }

  #journalKey (kind: DocumentKind | 'asset', name: string): string {
    return [this.name, kind, name].join('\u0000')
  }
}

/** Bytes that wait in a document: under `draft` while they grow, under `blob` in any of its members. */
function nameBytes (document: unknown, known: { blobs: Set<string>, drafts: Set<string> }): void {
  if (typeof document !== 'object' || document === null) return
  for (const [name, value] of Object.entries(document)) {
    if (typeof value !== 'string') nameBytes(value, known)
    else if (name === 'draft') known.drafts.add(value)
    else if (name === 'blob') known.blobs.add(value)
  }
}

function keyOf (record: AssetRecord): string {
  return assetKey(record.resource_type, record.type, record.public_id)
}

function blobsOf (record: AssetRecord): string[] {
  return [record.blob, ...record.derived.map((derived) => derived.blob)]
}
