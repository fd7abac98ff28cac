import fc from 'fast-check'
import t from 'tap'
import type { AssetRecord } from '../../../src/sandbox/assets/asset.ts'
import { AssetIndex, type ListName, type NamedList } from '../../../src/sandbox/store/asset-index.ts'
import { FolderTree } from '../../../src/sandbox/store/folder-tree.ts'
import { rounds } from '../../support/rounds.ts'

/** Few values, so that assets share lists and places, and some that would join to others if nothing kept them apart. */
const text = fc.constantFrom('a', 'b', 'a/b', 'a\n1', '1\na', '1\na\nb', 'ab', '\uffff', '')
const record: fc.Arbitrary<AssetRecord> = fc.record({
  id: fc.integer({ min: 0, max: 12 }),
  kind: fc.constantFrom('image' as const, 'raw' as const),
  type: fc.constantFrom('upload' as const, 'private' as const),
  publicId: fc.tuple(text, fc.integer({ min: 0, max: 9 })).map(([name, number]) => `${name}${number}`),
  second: fc.integer({ min: 0, max: 3 }),
  tags: fc.uniqueArray(text, { maxLength: 3 }),
  context: fc.dictionary(text, text, { maxKeys: 2 }),
  moderation: fc.array(fc.record({ kind: text, status: text }), { maxLength: 2 }),
  folder: fc.constantFrom('', 'a', 'a/b', 'a/b/c', 'b', 'a-b')
}).map(({ id, kind, publicId, second, folder, ...rest }) => ({
  ...rest,
  asset_id: String(id),
  public_id: publicId,
  resource_type: kind,
  version: 1,
  version_id: 'v',
  bytes: id,
  etag: 'e',
  created_at: `2030-01-01T00:00:0${second}Z`,
  uploaded_at: '',
  sequence: id % 5,
  access_mode: 'public',
  asset_folder: folder,
  display_name: publicId,
  api_key: '1',
  blob: `blob-${id}`
}))

const compare = (one: string | number, other: string | number): number => one < other ? -1 : one > other ? 1 : 0
const byTime = (one: AssetRecord, other: AssetRecord): number => compare(one.created_at, other.created_at) || one.sequence - other.sequence || compare(one.asset_id, other.asset_id)
const byName = (one: AssetRecord, other: AssetRecord): number => compare(one.public_id, other.public_id) || compare(one.type, other.type)

/** Whether a list has an asset, asked of the asset itself. */
function isIn ([by, ...rest]: ListName, { resource_type: kind, type, tags, context = {}, moderation = [], asset_folder: folder }: AssetRecord): boolean {
  const [first, second = '', third] = rest
  if (by === 'folder') return folder === first
  if (kind !== first) return false
  switch (by) {
    case 'kind': return true
    case 'type': return type === second
    case 'tag': return tags.includes(second)
    case 'context': return Object.hasOwn(context, second) && (third === undefined || context[second] === third)
    case 'moderation': return moderation.some((one) => one.kind === second && one.status === third)
  }
}

const list: fc.Arbitrary<ListName> = fc.oneof(
  fc.constant(['kind', 'image'] as const),
  fc.constant(['type', 'raw', 'private'] as const),
  text.map((tag) => ['tag', 'image', tag] as const),
  text.map((key) => ['context', 'image', key] as const),
  fc.tuple(text, text).map(([key, value]) => ['context', 'image', key, value] as const),
  fc.tuple(text, text).map(([kind, status]) => ['moderation', 'raw', kind, status] as const),
  fc.constantFrom('', 'a', 'a/b').map((folder) => ['folder', folder] as const)
)

t.test('every list has what a search of all assets finds, in order, from any place and in both directions', async () => {
  fc.assert(fc.property(fc.array(record, { maxLength: 40 }), fc.array(list, { minLength: 5, maxLength: 5 }), record, text, fc.boolean(), (records, lists, place, prefix, descending) => {
    const index = new AssetIndex(new FolderTree())
    const present = new Map<string, AssetRecord>()
    const isTaken = (one: AssetRecord) => [...present.values()].some((other) => other.asset_id !== one.asset_id &&
      other.resource_type === one.resource_type && other.type === one.type && other.public_id === one.public_id)
    for (const [turn, one] of records.entries()) {
      // Assets come, are changed and go.
      const before = present.get(one.asset_id)
      if (before) index.remove(before)
      present.delete(one.asset_id)
      if (turn % 4 === 3 || isTaken(one)) continue
      present.set(one.asset_id, one)
      index.add(one)
    }
    const all = [...present.values()]
    const reached = (order: number): boolean => descending ? order <= 0 : order >= 0
    const inOrder = (found: AssetRecord[]): AssetRecord[] => descending ? found.reverse() : found
    for (const name of lists) {
      const wanted = inOrder(all.filter((one) => isIn(name, one)).sort(byTime))
      same([...index.byTime(name, { descending })], wanted, name)
      same([...index.byTime(name, { from: place, descending })], wanted.filter((one) => reached(byTime(one, place))), name)
      if (index.size(name) !== wanted.length) throw new Error(`size of ${name.join()}`)
    }
    for (const name of [['kind', 'image'], ['type', 'raw', 'private']] as NamedList[]) {
      const wanted = inOrder(all.filter((one) => isIn(name, one) && one.public_id.startsWith(prefix)).sort(byName))
      same([...index.byName(name, prefix, { descending })], wanted, name)
      same([...index.byName(name, prefix, { from: { ...place, sequence: descending ? Infinity : -Infinity }, descending })], wanted.filter((one) => reached(byName(one, place))), name)
    }
    const tags = [...new Set(all.filter((one) => one.resource_type === 'image').flatMap((one) => one.tags))].sort()
    if (JSON.stringify([...index.tags('image')]) !== JSON.stringify(tags)) throw new Error('tags')
    const folders = [...new Set(all.flatMap((one) => one.asset_folder.split('/').map((_, depth, parts) => parts.slice(0, depth + 1).join('/')).filter((path) => path !== '')))]
    if (JSON.stringify([...index.folders.below('')].sort()) !== JSON.stringify(folders.sort())) throw new Error('folders')
    if (folders.some((path) => !index.folders.has(path)) || index.folders.has('c')) throw new Error('a folder')
    if (index.count !== all.length || index.bytes !== all.reduce((sum, { bytes }) => sum + bytes, 0)) throw new Error('sums')
    for (const one of all) {
      if (index.namesakes(one.display_name) !== all.filter((other) => other.display_name === one.display_name).length) throw new Error('namesakes')
      if (index.findByBlob(one.blob) !== one) throw new Error('blob')
    }
  }), { numRuns: rounds(1000) })
})

function same (found: readonly AssetRecord[], wanted: readonly AssetRecord[], name: ListName): void {
  const ids = (records: readonly AssetRecord[]): string => records.map(({ asset_id: id }) => id).join()
  if (ids(found) !== ids(wanted)) throw new Error(`${name.join()}: ${ids(found)} instead of ${ids(wanted)}`)
}
