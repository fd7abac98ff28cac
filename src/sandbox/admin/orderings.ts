import type { AssetRecord } from '../assets/asset.ts'
import type { OrderedList, SortKey } from '../api/paging.ts'
import type { AssetIndex, ListName, NamedList, NamePlace, TimePlace } from '../store/asset-index.ts'

/** Direction of a list by time, and its bound. */
interface TimeOptions {
  readonly descending: boolean
  /** Only assets that were created since then, as `created_at` is written. */
  readonly since?: string | undefined
}

/** Returns a list in the order of the first upload. */
export function inTime (
  assets: AssetIndex, list: ListName, { descending, since }: TimeOptions
): OrderedList<AssetRecord> {
  return {
    name: descending ? 'created_desc' : 'created_asc',
    keyOf: ({ created_at: createdAt, sequence, asset_id: id }) => [createdAt, sequence, id],
    from: (key) => {
      const first = descending || since === undefined
        ? undefined
        : { created_at: since, sequence: -Infinity, asset_id: '' }
      const found = assets.byTime(list, { from: key ? timePlace(key) : first, descending })
      return since === undefined ? found : createdSince(found, since, descending)
    }
  }
}

function * createdSince (
  records: Iterable<AssetRecord>, since: string, descending: boolean
): Iterable<AssetRecord> {
  for (const record of records) {
    if (record.created_at >= since) yield record
    else if (descending) return
  }
}

/** Returns the assets whose public ID begins with a prefix, by public ID. */
export function inName (
  assets: AssetIndex, list: NamedList, { prefix, descending }: { prefix: string, descending: boolean }
): OrderedList<AssetRecord> {
  return {
    name: descending ? 'id_desc' : 'id_asc',
    keyOf: ({ public_id: publicId, type, sequence }) => [publicId, type, sequence],
    from: (key) => assets.byName(list, prefix, { from: key && namePlace(key), descending })
  }
}

// The parts of a cursor come from `keyOf`. A forged cursor merely leads to some other place.
function timePlace ([createdAt, sequence, id]: SortKey): TimePlace {
  return { created_at: String(createdAt), sequence: Number(sequence), asset_id: String(id ?? '') }
}

function namePlace ([publicId, type, sequence]: SortKey): NamePlace {
  return { public_id: String(publicId), type: String(type ?? ''), sequence: Number(sequence ?? 0) }
}
