import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { AssetRecord, DerivedRecord, OwnedDerived } from '../../../src/sandbox/assets/asset.ts'
import { startSandbox, type Sandbox, type SandboxOptions } from '../../../src/sandbox/index.ts'
import { LevelJournal, type Change } from '../../../src/sandbox/store/journal.ts'

const basic = { authorization: `Basic ${btoa('1234:abcd')}` }

async function temporaryFolder (t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sandbox-derived-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  return folder
}

async function start (t: Test, options: SandboxOptions): Promise<Sandbox> {
  const sandbox = await startSandbox(options)
  t.teardown(() => sandbox.close())
  return sandbox
}

async function ask (sandbox: Sandbox, path: string, init: RequestInit = {}): Promise<Record<string, unknown>> {
  return await (await fetch(`${sandbox.url}/v1_1/demo/${path}`, { headers: basic, ...init })).json() as Record<string, unknown> // an object, as all answers
}

type Shown = { transformation: string, bytes: number, id: string }
const derivedOf = async (sandbox: Sandbox, id: string) => (await ask(sandbox, `resources/image/upload/${id}?max_results=500`))['derived'] as Shown[] // the details
const names = async (sandbox: Sandbox, id: string) => (await derivedOf(sandbox, id)).map(({ transformation }) => transformation).sort()

async function deliver (sandbox: Sandbox, path: string): Promise<{ status: number, etag: string | null, bytes: number }> {
  const answer = await fetch(`${sandbox.url}/demo/image/upload/${path}`)
  return { status: answer.status, etag: answer.headers.get('etag'), bytes: (await answer.arrayBuffer()).byteLength }
}

const blobs = async (data: string): Promise<number> => (await readdir(join(data, 'blobs'))).length

/** Brings the records of a folder into the form that older versions gave them: derived assets inside their originals. */
async function makeOld (data: string): Promise<void> {
  const journal = await LevelJournal.open(join(data, 'records'))
  const rows: [string, string][] = []
  for await (const row of journal.load()) rows.push(row)
  const derived = rows.filter(([key]) => key.split('\u0000')[1] === 'derived').map(([, value]) => JSON.parse(value) as OwnedDerived)
  const changes = rows.flatMap(([key, value]): Change[] => {
    const [, kind] = key.split('\u0000')
    if (kind === 'derived') return [{ key }]
    if (kind !== 'asset') return []
    const record = JSON.parse(value) as AssetRecord // as it was written
    const own = derived.filter((one) => one.asset_id === record.asset_id).map(({ asset_id: _asset, order: _order, ...one }): DerivedRecord => one)
    return [{ key, value: JSON.stringify({ ...record, derived: own }) }]
  })
  await journal.write(changes)
  await journal.close()
}

t.test('a folder of an older version, with derived assets inside their originals, is read and brought into today\'s form', async (t) => {
  const data = await temporaryFolder(t)
  const first = await start(t, { data })
  await first.add('many', { width: 100, height: 100, eager: 'c_scale,w_20|c_scale,w_30' })
  await first.add('none')
  const made = await deliver(first, 'c_scale,w_40/many.png')
  const before = await derivedOf(first, 'many')
  t.equal(before.length, 3)
  await first.close()
  await makeOld(data)
  const second = await start(t, { data })
  t.same(await derivedOf(second, 'many'), before.map((one) => JSON.parse(JSON.stringify(one).replaceAll(first.url, second.url)) as Shown))
  t.same(await deliver(second, 'c_scale,w_40/many.png'), made, 'it is not made anew')
  await ask(second, 'resources/image/upload/many', { method: 'POST', body: new URLSearchParams({ tags: 'new' }) })
  await second.close()
  const third = await start(t, { data })
  t.match(await ask(third, 'resources/image/upload/many'), { tags: ['new'], derived: { length: 3 } }, 'nor lost when its original is written')
  t.equal(await blobs(data), 5)
  await third.close()
  const journal = await LevelJournal.open(join(data, 'records'))
  const kinds: string[] = []
  for await (const [key, value] of journal.load()) {
    kinds.push(key.split('\u0000')[1] ?? '')
    if (kinds.at(-1) === 'asset') t.notOk('derived' in (JSON.parse(value) as object), 'originals do not hold them')
  }
  await journal.close()
  t.equal(kinds.filter((kind) => kind === 'derived').length, 3)
})

t.test('derived assets have a bound for their bytes: those go that were not asked for longest, and are made again', async (t) => {
  const data = await temporaryFolder(t)
  const sandbox = await start(t, { data, derivedMaxBytes: 2000 })
  await sandbox.add('a', { width: 400, height: 400 })
  await deliver(sandbox, 'c_scale,w_100/a.png')
  const [{ bytes = 0 } = {}] = await derivedOf(sandbox, 'a')
  const room = Math.floor(2000 / bytes)
  t.ok(room >= 3, `${room} fit`)
  for (let width = 101; width < 100 + 3 * room; width++) {
    t.equal((await deliver(sandbox, `c_scale,w_${width}/a.png`)).status, 200)
    // Somebody looks at this one all the time.
    await deliver(sandbox, 'c_scale,w_100/a.png')
  }
  const kept = await derivedOf(sandbox, 'a')
  t.ok(kept.length > 1 && kept.reduce((sum, one) => sum + one.bytes, 0) <= 2000, `${kept.length} are kept`)
  t.ok(kept.some(({ transformation }) => transformation === 'c_scale,w_100'))
  t.notOk(kept.some(({ transformation }) => transformation === 'c_scale,w_101'))
  t.equal((await deliver(sandbox, 'c_scale,w_101/a.png')).status, 200, 'an evicted one is made again')
  t.ok((await names(sandbox, 'a')).includes('c_scale,w_101'))
  const last = await names(sandbox, 'a')
  await sandbox.close()
  t.equal(await blobs(data), 1 + last.length, 'evicted bytes are gone')
  const again = await start(t, { data, derivedMaxBytes: 2000 })
  t.same(await names(again, 'a'), last)
  await again.close()
  const smaller = await start(t, { data, derivedMaxBytes: bytes + 20 })
  t.equal((await names(smaller, 'a')).length, 1, 'a smaller bound holds from the start on')
  await smaller.close()
  t.equal(await blobs(data), 2)
})

t.test('one that is larger than all of them may be is served and not kept', async (t) => {
  const sandbox = await start(t, { derivedMaxBytes: 1 })
  t.match(await sandbox.add('a', { width: 50, height: 50, eager: 'c_scale,w_20' }), { eager: [{ width: 20 }] })
  const first = await deliver(sandbox, 'c_scale,w_20/a.png')
  t.match(first, { status: 200 })
  t.equal((await deliver(sandbox, 'c_scale,w_20/a.png')).bytes, first.bytes)
  t.same(await derivedOf(sandbox, 'a'), [])
})

t.test('they go with their original, with a new version of it, and when it gets another name', async (t) => {
  const data = await temporaryFolder(t)
  const sandbox = await start(t, { data })
  const post = (path: string, form: Record<string, string>) => ask(sandbox, path, { method: 'POST', body: new URLSearchParams(form) })
  const fill = async (width = 60) => {
    await sandbox.add('a', { width, height: 60, eager: 'c_scale,w_20|c_scale,w_30' })
    await deliver(sandbox, 'c_scale,w_40/a.png')
  }
  await fill()
  t.equal(await blobs(data), 4)
  await fill()
  t.same(await names(sandbox, 'a'), ['c_scale,w_20', 'c_scale,w_30', 'c_scale,w_40'])
  t.equal(await blobs(data), 4, 'the same bytes keep what was made of them')
  await sandbox.add('a', { width: 61, height: 60 })
  t.same([await names(sandbox, 'a'), await blobs(data)], [[], 1])
  await fill()
  await post('image/rename', { from_public_id: 'a', to_public_id: 'b' })
  t.same([await names(sandbox, 'b'), await blobs(data)], [[], 1])
  await fill()
  await post('image/destroy', { public_id: 'a' })
  t.equal(await blobs(data), 1)
  await fill()
  await sandbox.close()
  const second = await start(t, { data })
  t.same(await names(second, 'a'), ['c_scale,w_20', 'c_scale,w_30', 'c_scale,w_40'])
  t.same(await names(second, 'b'), [])
})
