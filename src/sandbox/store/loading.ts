import type { AssetRecord, DerivedRecord, OwnedDerived } from '../assets/asset.ts'
import type { CloudStore } from './cloud-store.ts'
import type { DocumentKind } from './documents.ts'
import { journalKey, type Change, type Journal } from './journal.ts'

/** Journal key of the number of starts, which belongs to no cloud. */
export const STARTS_KEY = '\u0000starts'

/** Assets of an older version that are rewritten in one batch. */
const RENEWED_AT_ONCE = 200

/** An asset as older versions kept it: with its derived assets inside. */
type OldAsset = AssetRecord & { derived?: DerivedRecord[] }
interface JournalRow<Record> { readonly room: CloudStore, readonly record: Record }

/** Keys of the bytes that records name. */
export interface KnownBytes { readonly blobs: Set<string>, readonly drafts: Set<string> }

/** Contents of a journal besides the records of clouds. */
export interface Loaded {
  readonly isEmpty: boolean
  readonly starts: number
  readonly lastSequence: number
  readonly known: KnownBytes
}

/** Reads a journal into the stores of its clouds, and brings records of older versions into today's form. */
export async function load (journal: Journal, roomOf: (cloud: string) => CloudStore): Promise<Loaded> {
  const known: KnownBytes = { blobs: new Set(), drafts: new Set() }
  const derived: JournalRow<OwnedDerived>[] = []
  const old: JournalRow<OldAsset>[] = []
  let [rows, starts, lastSequence] = [0, 0, 0]
  for await (const [key, value] of journal.load()) {
    rows++
    if (key === STARTS_KEY) {
      starts = Number(value)
      continue
    }
    const [cloud = '', kind = '', name = ''] = key.split('\u0000')
    const room = roomOf(cloud)
    // The journal holds what the store wrote, nothing else.
    const record = JSON.parse(value) as OldAsset | OwnedDerived
    if (kind === 'asset') {
      const asset = record as OldAsset // as above
      if (asset.derived) old.push({ room, record: asset })
      room.adopt(withoutDerived(asset))
      lastSequence = Math.max(lastSequence, asset.sequence)
    } else if (kind === 'derived') derived.push({ room, record: record as OwnedDerived }) // as above
    else {
      room.adoptDocument(kind as DocumentKind, name, record)
      // The bytes of an unfinished upload.
      if (kind === 'chunked' || kind === 'chunk_piece' || kind === 'pending_upload') nameBytes(record, known)
    }
  }
  await adoptDerived(journal, [...derived, ...await renew(journal, old)])
  return { isEmpty: rows === 0, starts, lastSequence, known }
}

/** Moves derived assets out of their originals into records of their own, those of one asset in one batch. */
async function renew (
  journal: Journal, old: readonly JournalRow<OldAsset>[]
): Promise<JournalRow<OwnedDerived>[]> {
  const owned = old.map(({ room, record }) => {
    const { asset_id: assetId, derived = [] } = record
    return derived.map((one, order): JournalRow<OwnedDerived> => {
      return { room, record: { ...one, asset_id: assetId, order } }
    })
  })
  for (let start = 0; start < old.length; start += RENEWED_AT_ONCE) {
    const assets = old.slice(start, start + RENEWED_AT_ONCE).map(({ room, record }): Change => {
      const value = JSON.stringify(withoutDerived(record))
      return { key: journalKey(room.name, 'asset', record.asset_id), value }
    })
    const made = owned.slice(start, start + RENEWED_AT_ONCE).flat().map(({ room, record }): Change => {
      return { key: journalKey(room.name, 'derived', record.id), value: JSON.stringify(record) }
    })
    await journal.write([...assets, ...made])
  }
  return owned.flat()
}

function withoutDerived ({ derived, ...asset }: OldAsset): AssetRecord { return asset }

/** Adopts derived assets in the order in which they were made, and removes those without an original. */
async function adoptDerived (journal: Journal, rows: readonly JournalRow<OwnedDerived>[]): Promise<void> {
  const isLost = ({ room, record }: JournalRow<OwnedDerived>): boolean => !room.findById(record.asset_id)
  const lost = rows.filter(isLost)
    .map(({ room, record }) => ({ key: journalKey(room.name, 'derived', record.id) }))
  if (lost.length > 0) await journal.write(lost)
  const kept = rows.filter((row) => !isLost(row))
    .sort((one, other) => one.record.order - other.record.order)
  for (const { room, record } of kept) room.adoptDerived(record)
}

/** Collects keys of bytes from a document: its `draft` while an upload grows, and `blob` at any depth. */
function nameBytes (document: unknown, known: KnownBytes): void {
  if (typeof document !== 'object' || document === null) return
  for (const [name, value] of Object.entries(document)) {
    if (typeof value !== 'string') nameBytes(value, known)
    else if (name === 'draft') known.drafts.add(value)
    else if (name === 'blob') known.blobs.add(value)
  }
}
