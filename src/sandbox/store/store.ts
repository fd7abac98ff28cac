import type { AssetRecord } from '../assets/asset.ts'
import type { BlobStore } from './blobs.ts'
import { blobsOf, CloudStore, type DocumentKind } from './cloud-store.ts'
import type { Journal } from './journal.ts'

export { CloudStore, DOCUMENT_KINDS, type DocumentKind } from './cloud-store.ts'

/** Under which the journal has the number of starts: of no cloud. */
const STARTS_KEY = '\u0000starts'

/**
 * All records of a sandbox: in memory for reading, written through to the journal. A change is visible at once, so that
 * reading and changing in one go needs no lock; its promise resolves when it is durable, and only then is it answered.
 */
export class Store {
  readonly #journal: Journal
  readonly #blobs: BlobStore
  readonly #clouds = new Map<string, CloudStore>()
  #sequence = 0
  #starts = 0
  #wasEmpty = true

  private constructor (journal: Journal, blobs: BlobStore) {
    this.#journal = journal
    this.#blobs = blobs
  }

  /** Loads what the journal holds and removes bytes that no record names. */
  static async open (journal: Journal, blobs: BlobStore): Promise<Store> {
    const store = new Store(journal, blobs)
    const known = { blobs: new Set<string>(), drafts: new Set<string>() }
    for await (const [key, value] of journal.load()) {
      store.#wasEmpty = false
      if (key === STARTS_KEY) {
        store.#starts = Number(value)
        continue
      }
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

  /** Counts the starts of a folder that holds something. @returns 0 for an empty one, else a number that no start had before. */
  async countStart (): Promise<number> {
    if (this.#wasEmpty) return 0
    this.#starts++
    await this.#journal.write([{ key: STARTS_KEY, value: String(this.#starts) }])
    return this.#starts
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
    await this.#journal.write([{ key: STARTS_KEY }])
    this.#starts = 0
    this.#sequence = 0
  }

  async close (): Promise<void> { await this.#journal.close() }
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
