import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import t, { type Test } from 'tap'
import type { AssetRecord } from '../../../src/sandbox/assets/asset.ts'
import { MemoryBlobs } from '../../../src/sandbox/store/blobs-memory.ts'
import { startSandbox, type Sandbox, type SandboxOptions } from '../../../src/sandbox/index.ts'
import { LevelJournal } from '../../../src/sandbox/store/journal.ts'
import { Store, type CloudStore, type DocumentKind } from '../../../src/sandbox/store/store.ts'
import type { PendingEager } from '../../../src/sandbox/upload/derive/eager-later.ts'
import type { PendingExplicit } from '../../../src/sandbox/upload/explicit.ts'
import type { PendingUpload } from '../../../src/sandbox/upload/upload.ts'
import { startSandboxProcess } from '../../support/sandbox-process.ts'
import { receiver } from '../../support/receiver.ts'
import { LONG } from '../../support/rounds.ts'

const BASIC = { authorization: `Basic ${btoa('1234:abcd')}` }
/** Takes seconds to make of a big picture: longer than it takes to kill a process. */
const SLOW = ['c_scale,w_1500/e_blur:300', 'c_scale,w_1600/e_blur:300', 'c_scale,w_1700/e_blur:300']
const KINDS: readonly DocumentKind[] = ['pending_upload', 'pending_eager', 'pending_explicit']

async function temporaryFolder (t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sandbox-pending-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  return folder
}

async function start (t: Test, data: string, options: SandboxOptions = {}): Promise<Sandbox> {
  const sandbox = await startSandbox({ data, allowPrivateFetch: true, ...options })
  t.teardown(() => sandbox.close())
  return sandbox
}

async function ask (url: string, path: string, form?: Record<string, string>): Promise<Record<string, unknown>> {
  const answer = await fetch(`${url}/v1_1/demo/${path}`, { headers: BASIC, ...form && { method: 'POST', body: new URLSearchParams(form) } })
  return await answer.json() as Record<string, unknown> // as everywhere in this API
}

async function bigPicture (): Promise<string> {
  const bytes = await sharp({ create: { width: 3000, height: 3000, channels: 3, background: '#336699' } }).png().toBuffer()
  return `data:image/png;base64,${bytes.toString('base64')}`
}

/** Works on the records of a folder that nobody has open. */
async function withRecords<T> (data: string, work: (store: CloudStore) => Promise<T> | T): Promise<T> {
  const journal = await LevelJournal.open(join(data, 'records'))
  const store = await Store.open(journal, new MemoryBlobs())
  try {
    return await work(store.cloud('demo'))
  } finally {
    await journal.close()
  }
}

/** What a folder still holds of work to be done. */
const left = (data: string) => withRecords(data, (store) => KINDS.flatMap((kind) => store.documents(kind).map(([, value]) => [kind, value])))

const ofType = (heard: readonly Record<string, unknown>[], type: string) => heard.filter((body) => body['notification_type'] === type)
const eagerOf = (body: Record<string, unknown> | undefined) => body?.['eager'] as Record<string, unknown>[] // looked at one by one
const entry = (transformation: string, width: number, url: string) => ({ transformation, width, height: width, format: 'png', secure_url: new RegExp(`^${url}/demo/image/upload/`) })

t.test('kill -9 after `processing`: the next process makes the derived assets, and tells of them under the same batch', { skip: LONG }, async (t) => {
  const { heard, until, url } = await receiver(t)
  const data = await temporaryFolder(t)
  const first = await startSandboxProcess(t, data, { allowPrivateFetch: true })
  const answer = await ask(first.url, 'image/upload', { file: await bigPicture(), public_id: 'a', eager: [...SLOW, 'w_x'].join('|'), eager_async: 'true', eager_notification_url: url })
  await first.kill()
  t.match(answer, { public_id: 'a', eager: Array(4).fill({ status: 'processing', batch_id: /^[0-9a-f]{64}$/ }) })
  t.equal(heard.length, 0, 'it was killed before')
  const second = await start(t, data)
  await until(1)
  const [told] = heard
  t.match(told, { notification_type: 'eager', public_id: 'a', asset_id: answer['asset_id'], batch_id: eagerOf(answer)[0]?.['batch_id'] })
  t.match(eagerOf(told), [entry(SLOW[0] ?? '', 1500, second.url), entry(SLOW[1] ?? '', 1600, second.url), entry(SLOW[2] ?? '', 1700, second.url), { transformation: 'w_x', status: 'failed', reason: 'Invalid width in transformation: x' }])
  for (const { secure_url: made } of eagerOf(told).slice(0, 3)) t.equal((await fetch(String(made))).status, 200)
  await second.close()
  t.same(await left(data), [], 'nothing is done a third time')
  t.equal((await readdir(join(data, 'blobs'))).length, 4, 'one asset, three derived ones, and nothing else')
  t.equal(heard.length, 1)
})

t.test('kill -9 after the `pending` of an upload whose derived assets were to come later still: both are told', { skip: LONG }, async (t) => {
  const { heard, until, url } = await receiver(t)
  const data = await temporaryFolder(t)
  const first = await startSandboxProcess(t, data, { allowPrivateFetch: true })
  const form = { file: await bigPicture(), public_id: 'a', transformation: 'c_scale,w_2000/e_blur:300', eager: 'c_scale,w_20', async: 'true', eager_async: 'true', notification_url: url }
  t.match(await ask(first.url, 'image/upload', form), { status: 'pending' })
  await first.kill()
  t.equal(heard.length, 0, 'it was killed before')
  const second = await start(t, data)
  await until(2)
  t.match(ofType(heard, 'upload'), [{ public_id: 'a', width: 2000, eager: [{ status: 'processing' }] }])
  t.match(ofType(heard, 'eager').map(eagerOf), [[entry('c_scale,w_20', 20, second.url)]])
  await second.close()
  t.same(await left(data), [])
})

t.test('kill -9 after the `pending` of `explicit`: the next process changes the asset and tells of it, or why not', { skip: LONG }, async (t) => {
  const { heard, until, url } = await receiver(t)
  const data = await temporaryFolder(t)
  const first = await startSandboxProcess(t, data, { allowPrivateFetch: true })
  const { asset_id: id } = await ask(first.url, 'image/upload', { file: await bigPicture(), public_id: 'a', tags: 'old' })
  const common = { public_id: 'a', type: 'upload', async: 'true', notification_url: url }
  const answers = await Promise.all([
    ask(first.url, 'image/explicit', { ...common, tags: 'new', eager: SLOW.join('|') }),
    ask(first.url, 'image/explicit', { ...common, tags: 'never', eager: `${SLOW.join('|')}|w_x` })
  ])
  await first.kill()
  t.match(answers, Array(2).fill({ status: 'pending', public_id: 'a' }))
  t.equal(heard.length, 0, 'it was killed before')
  const second = await start(t, data)
  await until(2)
  t.match(ofType(heard, 'upload'), [{ public_id: 'a', asset_id: id, tags: ['new'], eager: [{ width: 1500 }, { width: 1600 }, { width: 1700 }] }])
  t.match(ofType(heard, 'error'), [{ public_id: 'a', error: { message: 'Invalid width in transformation: x' } }])
  t.match(await ask(second.url, 'resources/image/upload/a'), { tags: ['new'], derived: [{}, {}, {}] })
  await second.close()
  t.same(await left(data), [], 'nothing is done a third time')
  t.equal((await readdir(join(data, 'blobs'))).length, 4, 'one asset, three derived ones, and nothing else')
})

t.test('kill -9 after a synchronous `explicit` with derived assets to come', { skip: LONG }, async (t) => {
  const { heard, until, url } = await receiver(t)
  const data = await temporaryFolder(t)
  const first = await startSandboxProcess(t, data, { allowPrivateFetch: true })
  await ask(first.url, 'image/upload', { file: await bigPicture(), public_id: 'a' })
  t.match(await ask(first.url, 'image/explicit', { public_id: 'a', type: 'upload', eager: SLOW.join('|'), eager_async: 'true', notification_url: url }), { eager: Array(3).fill({ status: 'processing' }) })
  await first.kill()
  t.equal(heard.length, 0, 'it was killed before')
  await start(t, data)
  await until(1)
  t.match(heard[0], { notification_type: 'eager', eager: [{ width: 1500 }, { width: 1600 }, { width: 1700 }] })
})

/** A folder in which a process was killed at a moment that no test can hit: with an asset, and what `change` made of the records. */
async function folderWith (t: Test, form: Record<string, string>, change: (store: CloudStore, asset: AssetRecord) => Promise<unknown>): Promise<string> {
  const data = await temporaryFolder(t)
  const first = await start(t, data)
  const { asset_id: id } = await first.add('a', { width: 40, height: 40, ...form })
  await first.close()
  await withRecords(data, (store) => {
    const asset = store.findById(id)
    if (!asset) throw new Error('The asset is not there')
    return change(store, asset)
  })
  return data
}

const promise = (asset: AssetRecord, url: string, wanted: string[]): PendingEager => ({
  asset: { asset_id: asset.asset_id, version_id: asset.version_id, public_id: asset.public_id },
  wanted: wanted.map((transformation) => ({ transformation })),
  ids: wanted.map((_, index) => String(index).repeat(32)),
  promised: wanted.map((transformation) => ({ transformation, url: 'as promised' })),
  fields: { notification_url: url }
})

t.test('killed between two derived assets: the one that is there is not made again, but told of', async (t) => {
  const { heard, until, url } = await receiver(t)
  const data = await folderWith(t, { eager: 'c_scale,w_20' }, async (store, asset) => {
    await store.put(asset, {
      derived: store.derived
        .of(asset.asset_id)
        .map((one) => ({ ...one, id: '0'.repeat(32), created_at: 'before' }))
    })
    await store.putDocument('pending_eager', 'b', promise(asset, url, ['c_scale,w_20', 'c_scale,w_30']))
  })
  const second = await start(t, data)
  await until(1)
  t.match(heard, [{ notification_type: 'eager', batch_id: 'b', eager: [{ transformation: 'c_scale,w_20', width: 20 }, { transformation: 'c_scale,w_30', width: 30 }] }])
  await second.close()
  const made = await withRecords(
    data, (store) => [...store.all()].flatMap(({ asset_id: id }) => store.derived.of(id))
  )
  t.match(made, [{ id: '0'.repeat(32), created_at: 'before' }, { id: '1'.repeat(32), transformation: 'c_scale,w_30' }])
})

t.test('what was to be derived of an asset that is replaced or gone is told as failed', async (t) => {
  for (const [title, change] of [
    ['replaced', (store: CloudStore, asset: AssetRecord) => store.put({ ...asset, version_id: 'other' })],
    ['gone', (store: CloudStore, asset: AssetRecord) => store.remove(asset)]
  ] as const) {
    const { heard, until, url } = await receiver(t)
    const data = await folderWith(t, {}, async (store, asset) => {
      await store.putDocument('pending_eager', 'b', promise(asset, url, ['c_scale,w_20']))
      await change(store, asset)
    })
    const second = await start(t, data)
    await until(1)
    t.match(heard, [{ notification_type: 'eager', public_id: 'a', eager: [{ transformation: 'c_scale,w_20', url: 'as promised', status: 'failed', reason: 'Resource not found - a' }] }], title)
    await second.close()
    t.same(await left(data), [], title)
  }
})

t.test('changes of one asset begin in the order in which they were asked for; of one that is gone a failure is told', async (t) => {
  const { heard, until, url } = await receiver(t)
  const pending = { status: 'pending', resource_type: 'image', type: 'upload', public_id: 'a' }
  const order = async (store: CloudStore, asset: AssetRecord) => {
    // By name the other way round.
    for (const [name, askedMs] of [['z', 1], ['y', 2], ['x', 3]] as const) {
      await store.putDocument('pending_explicit', name, { assetId: asset.asset_id, fields: { tags: name, notification_url: url }, pending, askedMs } satisfies PendingExplicit)
    }
  }
  const second = await start(t, await folderWith(t, {}, order))
  await until(3)
  t.match(await ask(second.url, 'resources/image/upload/a'), { tags: ['x'] })
  await start(t, await folderWith(t, {}, async (store, asset) => {
    await order(store, asset)
    await store.remove(asset)
  }))
  await until(6)
  t.match(heard.slice(3), Array(3).fill({ notification_type: 'error', public_id: 'a', error: { message: 'Resource not found - a' } }))
})

t.test('killed between an upload and the noting of it: its notification tells what was promised or made', async (t) => {
  const { heard, until, url } = await receiver(t)
  const uploadOf = (asset: AssetRecord, fields: Record<string, unknown>): PendingUpload => ({
    wanted: 'image', fields: { public_id: 'a', notification_url: url, ...fields }, blob: asset.blob, file: { bytes: asset.bytes, md5: asset.etag, sha256: '' }, pending: {}
  })
  await start(t, await folderWith(t, { eager: 'c_scale,w_20' }, (store, asset) => store.putDocument('pending_upload', 'b', uploadOf(asset, { eager: 'c_scale,w_20' }))))
  await until(1)
  t.match(heard[0], { notification_type: 'upload', eager: [{ width: 20 }] })
  await start(t, await folderWith(t, {}, async (store, asset) => {
    await store.putDocument('pending_upload', 'b', uploadOf(asset, { eager: 'c_scale,w_20', eager_async: 'true' }))
    await store.putDocument('pending_eager', 'c', promise(asset, url, ['c_scale,w_20']))
  }))
  await until(3)
  t.match(ofType(heard.slice(1), 'upload'), [{ eager: [{ status: 'processing', batch_id: 'c' }] }])
  t.match(ofType(heard.slice(1), 'eager'), [{ batch_id: 'c', eager: [{ width: 20 }] }])
})
