import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import type { AssetRecord } from '../../../src/sandbox/assets/asset.ts'
import { MemoryBlobs } from '../../../src/sandbox/store/blobs-memory.ts'
import { CloudStore } from '../../../src/sandbox/store/cloud-store.ts'
import { Store } from '../../../src/sandbox/store/store.ts'
import { DerivedLimit } from '../../../src/sandbox/store/derived-limit.ts'
import { MemoryJournal, type Change } from '../../../src/sandbox/store/journal.ts'

/** Takes nothing while the disk is full, and holds every write back until it is told to go on. */
class FullDisk extends MemoryJournal {
  full = true
  go: Promise<unknown> = Promise.resolve()
  readonly written: Change[] = []

  override async write (changes: Change[] = []): Promise<void> {
    await this.go
    if (this.full) throw new Error('no space left')
    this.written.push(...changes)
  }
}

function asset (id: string, publicId: string, more: Partial<AssetRecord> = {}): AssetRecord {
  return {
    asset_id: id,
    public_id: publicId,
    resource_type: 'raw',
    type: 'upload',
    version: 1,
    version_id: 'v',
    bytes: 1,
    etag: 'e',
    created_at: '',
    uploaded_at: '',
    sequence: 1,
    tags: [],
    access_mode: 'public',
    asset_folder: '',
    display_name: publicId,
    api_key: '1',
    blob: `blob-${id}`,
    ...more
  }
}

function start () {
  const journal = new FullDisk()
  const store = new CloudStore('demo', { journal, blobs: new MemoryBlobs(), limit: new DerivedLimit(1000) })
  const shown = () => [...store.all()].map(({ asset_id: id, public_id: publicId, tags }) => [id, publicId, ...tags].join(' ')).sort()
  return { journal, store, shown }
}

const NO_SPACE = { message: 'no space left' }

t.test('an asset that could not be written is not there; what it would have replaced still is', async (t) => {
  const { store, shown } = start()
  await t.rejects(store.put(asset('1', 'new')), NO_SPACE)
  t.same(shown(), [])
  store.adopt(asset('1', 'one', { asset_folder: 'f' }))
  store.adopt(asset('2', 'two', { asset_folder: 'g' }))
  await t.rejects(store.change('1', (record) => ({ ...record, public_id: 'two', asset_folder: 'h' })), NO_SPACE, 'a new name that another had')
  t.same(shown(), ['1 one', '2 two'])
  t.match([store.find('raw', 'upload', 'one'), store.find('raw', 'upload', 'two')], [{ asset_id: '1' }, { asset_id: '2' }])
  t.same(store.documents('folder'), [], 'nor are the folders that it would have left')
  await t.rejects(store.remove(asset('1', 'one', { asset_folder: 'f' })), NO_SPACE)
  t.same(shown(), ['1 one', '2 two'])
  t.same(store.documents('folder'), [])
})

t.test('what has come over it meanwhile stays', async (t) => {
  const { journal, store, shown } = start()
  const release: (() => void)[] = []
  const hold = () => { journal.go = new Promise<void>((resolve) => { release.push(resolve) }) }
  hold()
  const [put, removed, document] = [store.put(asset('1', 'a', { tags: ['old'] })), store.removeDocument('preset', 'none'), store.putDocument('preset', 'p', { of: 'first' })]
  const failing = Promise.all([t.rejects(put, NO_SPACE), t.rejects(document, NO_SPACE)])
  hold()
  const newer = [store.put(asset('1', 'a', { tags: ['new'] })), store.putDocument('preset', 'p', { of: 'second' })]
  release[0]?.()
  await failing
  journal.full = false
  release[1]?.()
  await Promise.all(newer)
  await turn()
  t.equal(await removed, false)
  t.same(shown(), ['1 a new'])
  t.same(store.document('preset', 'p'), { of: 'second' })
})

t.test('a document that could not be written is as it was, and one that could not be removed is there', async (t) => {
  const { journal, store } = start()
  await t.rejects(store.putDocument('preset', 'p', 1), NO_SPACE)
  t.same(store.documents('preset'), [])
  journal.full = false
  await store.putDocument('preset', 'p', 1)
  journal.full = true
  await t.rejects(store.putDocument('preset', 'p', 2), NO_SPACE)
  await t.rejects(store.removeDocument('preset', 'p'), NO_SPACE)
  t.same(store.documents('preset'), [['p', 1]])
  journal.full = false
  t.equal(await store.removeDocument('preset', 'p'), true)
  t.same(store.documents('preset'), [])
})

t.test('an asset and what is kept beside it are written in one go, or neither is there', async (t) => {
  const { journal, store, shown } = start()
  const beside = { kind: 'pending_eager', name: 'b', value: 1 } as const
  const writes: string[][] = []
  const write = journal.write.bind(journal)
  journal.write = (changes = []) => {
    writes.push(changes.map(({ key }) => key.split('\u0000').slice(1).join(' ')).sort())
    return write(changes)
  }
  await t.rejects(store.put(asset('1', 'a'), { beside }), NO_SPACE)
  t.same([shown(), store.documents('pending_eager')], [[], []])
  journal.full = false
  await store.put(asset('1', 'a'), { beside })
  t.same([shown(), store.documents('pending_eager')], [['1 a'], [['b', 1]]])
  t.same(writes, Array(2).fill(['asset 1', 'pending_eager b']))
})

t.test('what could not be forgotten is still known', async (t) => {
  const journal = new FullDisk()
  const store = await Store.open(journal, new MemoryBlobs())
  journal.clear = async () => { if (journal.full) throw new Error('no space left') }
  const cloud = store.cloud('demo')
  const derived = {
    id: 'd', transformation: 'w_1', format: 'png', bytes: 1, etag: 'e', blob: 'b', created_at: ''
  }
  cloud.adopt(asset('1', 'one', { asset_folder: 'f' }))
  cloud.adoptDerived({ ...derived, asset_id: '1', order: 1 })
  cloud.adoptDocument('preset', 'p', 1)
  const known = () => [
    [...cloud.all()].map(({ public_id: id }) => id), cloud.derived.count, cloud.documents('preset'),
    cloud.assets.size(['folder', 'f'])
  ]
  await t.rejects(store.clear(), NO_SPACE)
  t.same(known(), [['one'], 1, [['p', 1]], 1])
  journal.full = false
  await store.clear()
  t.same(known(), [[], 0, [], 0])
})

t.test('derived assets that could not be written or removed are as they were', async (t) => {
  const { journal, store } = start()
  const derived = {
    id: 'd', transformation: 'w_1', format: 'png', bytes: 1, etag: 'e', blob: 'b', created_at: ''
  }
  store.adopt(asset('1', 'one'))
  const version = { asset_id: '1', version_id: 'v' }
  await t.rejects(store.addDerived(version, [derived]), NO_SPACE)
  t.same(store.derived.of('1'), [])
  journal.full = false
  t.equal(await store.addDerived({ ...version, version_id: 'other' }, [derived]), false)
  t.equal(await store.addDerived(version, [derived]), true)
  journal.full = true
  await t.rejects(store.addDerived(version, [{ ...derived, id: 'e' }]), NO_SPACE, 'another one of that name')
  await t.rejects(store.removeDerived(store.derived.of('1')), NO_SPACE)
  await t.rejects(store.put(asset('1', 'one'), { derived: [] }), NO_SPACE)
  await t.rejects(store.remove(asset('1', 'one')), NO_SPACE)
  t.match(store.derived.of('1'), [{ id: 'd' }])
  t.equal(store.derived.of('1').length, 1)
  t.same([store.derived.isUsed('w_1'), store.derived.bytes], [true, 1])
})

t.test('bytes that cannot be removed do not make a failure of a change that is made', async (t) => {
  const blobs = new MemoryBlobs()
  blobs.remove = async () => { throw new Error('read-only') }
  const store = new CloudStore('demo', { journal: new MemoryJournal(), blobs, limit: new DerivedLimit(1000) })
  await store.put(asset('1', 'a', { asset_folder: 'f' }))
  await store.remove(asset('1', 'a', { asset_folder: 'f' }))
  t.same([...store.all()], [])
  t.same(store.documents('folder'), [['f', { path: 'f' }]])
})
