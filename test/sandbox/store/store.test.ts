import { createHash } from 'node:crypto'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { startSandbox, type Sandbox } from '../../../src/sandbox/index.ts'
import { startSandboxProcess } from '../../support/sandbox-process.ts'
import { LONG } from '../../support/rounds.ts'

const basic = { authorization: `Basic ${btoa('1234:abcd')}` }

async function temporaryFolder (): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sandbox-store-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  return folder
}

t.test('assets, tags and presets are there after a restart; deleted ones are not, nor their bytes', async (t) => {
  const data = await temporaryFolder()
  const first = await startSandbox({ data })
  const kept = await first.add('kept', { tags: 'a', context: 'k=v', eager: 'c_scale,w_2' })
  await first.add('gone')
  await first.add('twice')
  await first.add('twice', { width: 9 })
  await fetch(`${first.url}/v1_1/demo/image/destroy`, { method: 'POST', headers: basic, body: new URLSearchParams({ public_id: 'gone' }) })
  await fetch(`${first.url}/v1_1/demo/upload_presets`, { method: 'POST', headers: basic, body: new URLSearchParams({ name: 'p' }) })
  await first.close()
  const second = await startSandbox({ data })
  t.teardown(() => second.close())
  const get = async (path: string) => (await fetch(`${second.url}/v1_1/demo/${path}`, { headers: basic })).json()
  t.match(await get('resources/image/upload/kept'), { asset_id: kept.asset_id, tags: ['a'], context: { custom: { k: 'v' } }, derived: [{ transformation: 'c_scale,w_2' }] })
  t.match(await get('resources/image/upload/gone'), { error: { message: 'Resource not found - gone' } })
  t.match(await get('upload_presets/p'), { name: 'p' })
  t.equal((await readdir(join(data, 'blobs'))).length, 3, 'two originals and one derived')
  const later = await second.add('later')
  t.not(later.asset_id, kept.asset_id)
})

t.test('same seed, kept folder: no start draws what an earlier one has drawn; an empty folder and a reset begin anew', async (t) => {
  const data = await temporaryFolder()
  const options = { seed: 7, clock: () => Date.UTC(2030, 0, 1), publicUrl: 'http://sandbox.example' }
  const run = async (folder: string, work: (sandbox: Sandbox) => Promise<unknown>) => {
    const sandbox = await startSandbox({ ...options, data: folder })
    await work(sandbox)
    await sandbox.close()
  }
  const answers: unknown[] = []
  const ids = new Set<unknown>()
  const add = async (sandbox: Sandbox, publicId: string) => {
    const answer = await sandbox.add(publicId, { return_delete_token: 'true' })
    ids.add(answer.asset_id).add(answer['delete_token']) // asked for
    answers.push(answer)
  }
  for (const id of ['one', 'two', 'three', 'four']) await run(data, (sandbox) => add(sandbox, id))
  t.equal(ids.size, 8)
  await run(data, async (sandbox) => {
    const list = await (await fetch(`${sandbox.url}/v1_1/demo/resources/image`, { headers: basic })).json()
    t.same(new Set((list as { resources: { public_id: string }[] }).resources.map(({ public_id: id }) => id)), new Set(['one', 'two', 'three', 'four'])) // a list answer
    await sandbox.reset()
    await add(sandbox, 'one')
  })
  await run(data, (sandbox) => add(sandbox, 'two'))
  await run(await temporaryFolder(), (sandbox) => add(sandbox, 'one'))
  await run(':memory:', (sandbox) => add(sandbox, 'one'))
  t.same(answers.slice(4), [answers[0], answers[1], answers[0], answers[0]], 'the second start after the reset, too')
})

t.test('delete tokens work after a restart: once, for ten minutes, in their own cloud', async (t) => {
  const data = await temporaryFolder()
  let nowMs = Date.UTC(2030, 0, 1)
  const options = { data, clock: () => nowMs, clouds: [{ cloudName: 'demo', apiKey: '1234', apiSecret: 'abcd' }, { cloudName: 'other', apiKey: '2', apiSecret: 'b' }] }
  const first = await startSandbox(options)
  const [one, late] = await Promise.all(['one', 'late'].map(async (id) => (await first.add(id, { return_delete_token: 'true' }))['delete_token'] as string)) // asked for
  await first.close()
  const second = await startSandbox(options)
  t.teardown(() => second.close())
  const redeem = async (token = '', cloud = 'demo') => (await fetch(`${second.url}/v1_1/${cloud}/delete_by_token`, { method: 'POST', body: new URLSearchParams({ token }) })).json()
  t.match(await redeem(one, 'other'), { error: { message: 'Invalid token' } })
  nowMs += 10 * 60_000
  t.same(await redeem(one), { result: 'ok' })
  t.match(await redeem(one), { error: { message: 'Invalid token' } })
  nowMs += 1000
  t.match(await redeem(late), { error: { message: /^Stale request - reported time is 2030-01-01 00:00:00 \+0000 which is more than 10 minutes ago$/ } })
  t.match(await (await fetch(`${second.url}/v1_1/demo/resources/image`, { headers: basic })).json(), { resources: [{ public_id: 'late' }] })
})

t.test('a second process on the same folder: one clear error', async (t) => {
  const data = await temporaryFolder()
  const first = await startSandbox({ data })
  t.teardown(() => first.close())
  await t.rejects(startSandbox({ data }), { message: `The sandbox folder ${join(data, 'records')} is in use by another process. Stop that one or choose another folder.` })
})

t.test('kill -9 during 200 writes: every upload that was answered is whole, no other is visible', { skip: LONG }, async (t) => {
  const data = await temporaryFolder()
  const { url, kill } = await startSandboxProcess(t, data)
  const answered = new Map<string, string>()
  let tellKilled = (): void => {}
  const killed = new Promise<void>((resolve) => { tellKilled = resolve })
  await Promise.all(Array.from({ length: 200 }, async (_, index) => {
    // The last ones come when the process goes, however quick it was with the others.
    if (index >= 150) await killed
    const bytes = Buffer.alloc(20_000 + index, index)
    const form = new FormData()
    form.set('public_id', `w/${index}`)
    form.set('file', new Blob([bytes]), 'f.bin')
    try {
      const answer = await fetch(`${url}/v1_1/demo/raw/upload`, { method: 'POST', headers: basic, body: form })
      if (answer.status === 200 && (await answer.json() as { etag: string }).etag) answered.set(`w/${index}`, createHash('md5').update(bytes).digest('hex')) // an upload answer
    } catch {
      // Cut off by the kill: nothing was promised.
    }
    if (answered.size === 60) {
      const gone = kill()
      tellKilled()
      await gone
    }
  }))
  t.ok(answered.size >= 60 && answered.size < 200, `${answered.size} were answered`)
  const sandbox = await startSandbox({ data })
  t.teardown(() => sandbox.close())
  const list = await (await fetch(`${sandbox.url}/v1_1/demo/resources/raw?max_results=500`, { headers: basic })).json() as { resources: { public_id: string }[] } // a list answer
  const present = new Set(list.resources.map(({ public_id: id }) => id))
  for (const id of answered.keys()) t.ok(present.has(id), id)
  for (const id of present) {
    const index = Number(id.slice(2))
    const link = await fetch(`${sandbox.url}/v1_1/demo/raw/download?public_id=${encodeURIComponent(id)}`, { headers: basic })
    t.ok(Buffer.from(await link.arrayBuffer()).equals(Buffer.alloc(20_000 + index, index)), `${id} has its bytes`)
  }
  t.equal((await readdir(join(data, 'blobs'))).length, present.size, 'and nothing else lies around')
})
