import { cp, mkdtemp, readdir, rm, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import t, { type Test } from 'tap'
import { startSandbox, type Sandbox } from '../../../src/sandbox/index.ts'

const basic = { authorization: `Basic ${btoa('1234:abcd')}` }

async function folder (t: Test): Promise<string> {
  const data = await mkdtemp(join(tmpdir(), 'sandbox-derived-'))
  t.teardown(() => rm(data, { recursive: true, force: true }))
  return data
}

async function open (t: Test, data: string): Promise<Sandbox> {
  const sandbox = await startSandbox({ data })
  t.teardown(() => sandbox.close())
  return sandbox
}

async function get ({ url }: Sandbox, path: string) {
  const answer = await fetch(url + path)
  return { status: answer.status, etag: answer.headers.get('etag'), error: answer.headers.get('x-cld-error'), body: Buffer.from(await answer.arrayBuffer()) }
}

const blobs = async (data: string) => (await readdir(join(data, 'blobs'))).sort()
const derivedOf = async ({ url }: Sandbox, id: string) =>
  (await (await fetch(`${url}/v1_1/demo/resources/image/upload/${id}`, { headers: basic })).json() as { derived: Array<{ transformation: string, id: string, url: string }> }).derived // an asset's details
const call = ({ url }: Sandbox, method: string, path: string, fields: Record<string, string>) =>
  fetch(`${url}/v1_1/demo/${path}`, { method, headers: basic, body: new URLSearchParams(fields) })

const SMALL = '/demo/image/upload/c_scale,w_5/kept.webp'

t.test('a derived asset is still there after a restart, and is not made a second time', async (t) => {
  const data = await folder(t)
  const first = await startSandbox({ data })
  await first.add('kept', { width: 40, height: 20 })
  const made = await get(first, SMALL)
  t.equal(made.status, 200)
  const stored = await blobs(data)
  await first.close()
  const second = await open(t, data)
  const again = await get(second, SMALL)
  t.match(again, { status: 200, etag: made.etag })
  t.ok(again.body.equals(made.body))
  t.same(await blobs(data), stored, 'nothing new was stored')
  t.match(await derivedOf(second, 'kept'), [{ transformation: 'c_scale,w_5/webp' }])
})

t.test('bytes that were lost or cut short are made anew: nobody waited for the disk', async (t) => {
  const data = await folder(t)
  const sandbox = await open(t, data)
  await sandbox.add('kept', { width: 40, height: 20 })
  const originals = await blobs(data)
  const made = await get(sandbox, SMALL)
  for (const damage of [(path: string) => rm(path), (path: string) => truncate(path, 3)]) {
    const [derived = ''] = (await blobs(data)).filter((name) => !originals.includes(name))
    await damage(join(data, 'blobs', derived))
    const again = await get(sandbox, SMALL)
    t.equal(again.status, 200)
    t.ok(again.body.equals(made.body))
    t.equal((await derivedOf(sandbox, 'kept')).length, 1)
  }
})

t.test('derived assets go with their original, bytes included', async (t) => {
  const data = await folder(t)
  const sandbox = await open(t, data)
  for (const id of ['destroyed', 'deleted', 'stays']) {
    await sandbox.add(id, { width: 40, height: 20 })
    for (const text of ['c_scale,w_5', 'e_negate']) await get(sandbox, `/demo/image/upload/${text}/${id}.png`)
  }
  t.equal((await blobs(data)).length, 9)
  await call(sandbox, 'POST', 'image/destroy', { public_id: 'destroyed' })
  t.equal((await blobs(data)).length, 6)
  await call(sandbox, 'DELETE', 'resources/image/upload?public_ids[]=deleted', {})
  t.equal((await blobs(data)).length, 3)
  t.equal((await get(sandbox, '/demo/image/upload/c_scale,w_5/destroyed.png')).error, 'Resource not found - destroyed')
  const [one] = await derivedOf(sandbox, 'stays')
  await call(sandbox, 'DELETE', `derived_resources?derived_resource_ids[]=${one?.id ?? ''}`, {})
  t.equal((await blobs(data)).length, 2, 'one derived asset alone')
  t.equal((await derivedOf(sandbox, 'stays')).length, 1)
})

t.test('overwriting drops them: what is delivered is made of the new picture', async (t) => {
  const data = await folder(t)
  const sandbox = await open(t, data)
  const plain = (background: string) => sharp({ create: { width: 10, height: 10, channels: 3, background } }).png().toBuffer()
  const color = async () => [...(await sharp((await get(sandbox, '/demo/image/upload/c_scale,w_4/twice.png')).body).raw().toBuffer()).subarray(0, 3)]
  await sandbox.add('twice', { file: await plain('#ff0000') })
  t.same(await color(), [255, 0, 0])
  await sandbox.add('twice', { file: await plain('#0000ff') })
  t.same(await derivedOf(sandbox, 'twice'), [])
  t.equal((await blobs(data)).length, 1)
  t.same(await color(), [0, 0, 255])
})

t.test('another format and nothing else: listed under an address that delivers it, as when an upload asked for it', async (t) => {
  const sandbox = await open(t, await folder(t))
  await sandbox.add('asked', { eager: '/webp' })
  await sandbox.add('visited')
  t.equal((await get(sandbox, '/demo/image/upload/visited.webp')).status, 200)
  for (const id of ['asked', 'visited']) {
    const [derived] = await derivedOf(sandbox, id)
    t.match(derived, { transformation: '/webp', format: 'webp', url: new RegExp(`/image/upload/v\\d+/${id}\\.webp$`) })
    t.equal((await fetch(derived?.url ?? '')).status, 200)
    t.equal((await derivedOf(sandbox, id)).length, 1, 'the same one')
  }
})

t.test('overwritten while it is rendered: an answer all the same, and what is kept is of the new one', async (t) => {
  const data = await folder(t)
  const sandbox = await open(t, data)
  const plain = (background: string) => sharp({ create: { width: 600, height: 600, channels: 3, background } }).png().toBuffer()
  const [red, blue] = [await plain('#ff0000'), await plain('#0000ff')]
  await sandbox.add('race', { file: red })
  const rendering = Promise.all(Array.from({ length: 6 }, (_, at) => get(sandbox, `/demo/image/upload/e_blur:${at + 1}/race.png`)))
  await sandbox.add('race', { file: blue })
  for (const { status } of await rendering) t.equal(status, 200)
  for (let at = 0; at < 6; at++) {
    const { body } = await get(sandbox, `/demo/image/upload/e_blur:${at + 1}/race.png`)
    t.same([...(await sharp(body).removeAlpha().raw().toBuffer()).subarray(0, 3)], [0, 0, 255])
  }
  t.equal((await blobs(data)).length, 7, 'the new original and six derived of it')
})

t.test('what a power cut left of it: the asset is whole, and its derived one is made anew', async (t) => {
  const [data, copy] = [await folder(t), await folder(t)]
  const sandbox = await open(t, data)
  await sandbox.add('kept', { width: 40, height: 20 })
  const made = await get(sandbox, SMALL)
  // As the disk is right after the answer: what can be made again is written a little later.
  await cp(data, copy, { recursive: true })
  const after = await open(t, copy)
  t.equal((await blobs(copy)).length, 1, 'what no record names is gone')
  const again = await get(after, SMALL)
  t.ok(again.body.equals(made.body))
  t.equal((await derivedOf(after, 'kept')).length, 1)
})

t.test('a picture that its camera turned is upright in the first size and in the next', async (t) => {
  const sandbox = await open(t, await folder(t))
  const turned = await sharp({ create: { width: 40, height: 20, channels: 3, background: '#f00' } }).withMetadata({ orientation: 6 }).jpeg().toBuffer()
  await sandbox.add('turned', { file: turned })
  for (const width of [10, 5]) {
    t.match(await sharp((await get(sandbox, `/demo/image/upload/w_${width}/turned.jpg`)).body).metadata(), { width, height: width * 2 })
  }
  t.match(await sharp((await get(sandbox, '/demo/image/upload/a_ignore,w_10/turned.jpg')).body).metadata(), { width: 10, height: 5 })
})
