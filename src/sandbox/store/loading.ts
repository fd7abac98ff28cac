import type { AssetRecord, DerivedRecord, OwnedDerived } from '../assets/asset.ts'
import type { CloudStore } from './cloud-store.ts'
import type { DocumentKind } from './documents.ts'
import { journalKey, type Change, type Journal } from './journal.ts'

/** Under which the journal has the number of starts: of no cloud. */
export const STARTS_KEY = '\u0000starts'

/** Assets of an older version that are written anew in one go. */
const RENEWED_AT_ONCE = 200

/** How older versions kept an asset: with its derived assets inside. */
type OldAsset = AssetRecord & { derived?: DerivedRecord[] }
interface JournalRow<Record> { readonly room: CloudStore, readonly record: Record }

/** Bytes that something is known of. */
export interface KnownBytes { readonly blobs: Set<string>, readonly drafts: Set<string> }

/** What a journal was found to hold, besides the records that clouds have by now. */
export interface Loaded {
  readonly isEmpty: boolean
  readonly starts: number
  readonly lastSequence: number
  readonly known: KnownBytes
}

/** Reads a journal into the stores of its clouds. What an older version has written is brought into today's form. */
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

/** Writes derived assets out of their originals' records into their own, each asset in one go with what was made of it. */
async function renew (journal: Journal, old: readonly JournalRow<OldAsset>[]): Promise<JournalRow<OwnedDerived>[]> {
  const owned = old.map(({ room, record }) => (record.derived ?? []).map((one, order): JournalRow<OwnedDerived> => {
    return { room, record: { ...one, asset_id: record.asset_id, order } }
  }))
  for (let start = 0; start < old.length; start += RENEWED_AT_ONCE) {
    const assets = old.slice(start, start + RENEWED_AT_ONCE).map(({ room, record }): Change => {
      return { key: journalKey(room.name, 'asset', record.asset_id), value: JSON.stringify(withoutDerived(record)) }
    })
    const made = owned.slice(start, start + RENEWED_AT_ONCE).flat().map(({ room, record }): Change => {
      return { key: journalKey(room.name, 'derived', record.id), value: JSON.stringify(record) }
    })
    await journal.write([...assets, ...made])
  }
  return owned.flat()
}

function withoutDerived ({ derived, ...asset }: OldAsset): AssetRecord { return asset }

/** The oldest first, as if they had been made one after the other. One without an original goes. */
async function adoptDerived (journal: Journal, rows: readonly JournalRow<OwnedDerived>[]): Promise<void> {
  const isLost = ({ room, record }: JournalRow<OwnedDerived>): boolean => !room.findById(record.asset_id)
  const lost = rows.filter(isLost).map(({ room, record }) => ({ key: journalKey(room.name, 'derived', record.id) }))
  if (lost.length > 0) await journal.write(lost)
  const kept = rows.filter((row) => !isLost(row))
  for (const { room, record } of kept.sort((one, other) => one.record.order - other.record.order)) room.adoptDerived(record)
}

/** Bytes that wait in a document: under `draft` while they grow, under `blob` in any of its members. */
function nameBytes (document: unknown, known: KnownBytes): void {
  if (typeof document !== 'object' || document === null) return
  for (const [name, value] of Object.entries(document)) {
    if (typeof value !== 'string') nameBytes(value, known)
    else if (name === 'draft') known.drafts.add(value)
    else if (name === 'blob') known.blobs.add(value)
  }
}
