import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { startSandbox } from '../../src/sandbox/index.ts'

t.test('port 0, memory, defaults: an address and what to export', async (t) => {
  const sandbox = await startSandbox()
  t.teardown(() => sandbox.close())
  const { host } = new URL(sandbox.url)
  t.match(sandbox.url, /^http:\/\/127\.0\.0\.1:\d+$/)
  t.equal(sandbox.cloudinaryUrl(), `cloudinary://1234:abcd@demo?upload_prefix=http://${host}&secure=false&cname=${host}&secure_distribution=${host}`)
  t.throws(() => sandbox.cloudinaryUrl('other'), { message: 'The sandbox has no cloud other' })
})

t.test('same seed, same answers; also after a reset', async (t) => {
  const options = { seed: 7, clock: () => Date.UTC(2030, 0, 1), publicUrl: 'http://sandbox.example/' }
  const [one, other] = [await startSandbox(options), await startSandbox(options)]
  t.teardown(() => Promise.all([one.close(), other.close()]))
  const first = await one.add('a')
  t.same(await other.add('a'), first)
  await one.reset()
  t.same(await one.add('a'), first)
  t.match(first.url, /^http:\/\/sandbox\.example\/demo\/image\/upload\/v1893456000\/a\.png$/)
})

t.test('same seed and clock, another process or the same after a reset: the same bytes, headers included', async (t) => {
  const options = { seed: 7, clock: () => Date.UTC(2030, 0, 1), publicUrl: 'http://sandbox.example' }
  const [one, other] = [await startSandbox(options), await startSandbox(options)]
  t.teardown(() => Promise.all([one.close(), other.close()]))
  const session = async (sandbox: typeof one) => {
    const answers: unknown[] = [await sandbox.add('a', { eager: 'c_scale,w_4', tags: 'x' })]
    sandbox.faults.add({ kind: 'status', status: 503, match: { path: '/ping' } })
    const calls: [string, string, Record<string, string>?][] = [
      ['POST', '/v1_1/demo/image/upload', { file: 'data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', use_filename: 'true', eager_async: 'true', eager: 'w_2,c_scale', return_delete_token: 'true', colors: 'true' }],
      ['POST', '/v1_1/demo/upload_presets', { unsigned: 'true' }],
      ['POST', '/v1_1/demo/metadata_fields', { label: 'Size', type: 'enum', datasource: '{"values":[{"value":"S"}]}' }],
      ['GET', '/v1_1/demo/resources/image?max_results=1'],
      ['GET', '/v1_1/demo/resources/image/upload/a?phash=true'],
      ['GET', '/v1_1/demo/ping'],
      ['GET', '/v1_1/demo/ping'],
      ['POST', '/v1_1/demo/image/destroy', { public_id: 'a' }],
      ['GET', '/v1_1/demo/resources/image/upload/a'],
      ['GET', '/v1_1/demo/nonsense']
    ]
    for (const [method, path, form] of calls) {
      const answer = await fetch(sandbox.url + path, { method, headers: { authorization: `Basic ${btoa('1234:abcd')}` }, ...form && { body: new URLSearchParams(form) } })
      answers.push([path, answer.status, [...answer.headers].filter(([name]) => name !== 'date'), await answer.text()])
    }
    return JSON.stringify([answers, sandbox.requests])
  }
  const first = await session(one)
  t.equal(await session(other), first)
  await one.reset()
  t.equal(await session(one), first)
})

t.test('add: bytes, kinds, clouds and any upload parameter; a refusal is an error', async (t) => {
  const sandbox = await startSandbox({ clouds: [{ cloudName: 'one', apiKey: '1', apiSecret: 'a' }, { cloudName: 'two', apiKey: '2', apiSecret: 'b' }] })
  t.teardown(() => sandbox.close())
  t.match(await sandbox.add('a', { width: 20, height: 10, tags: 'x,y', type: 'private', context: { k: 'v' } }), { width: 20, height: 10, tags: ['x', 'y'], type: 'private', context: { custom: { k: 'v' } } })
  t.match(await sandbox.add('b.txt', { resource_type: 'raw', file: Buffer.from('hi'), cloudName: 'two' }), { bytes: 2, api_key: '2' })
  await t.rejects(sandbox.add('c', { moderation: 'illegal' }), { message: /^The sandbox refused c: .*Moderation illegal moderation is not valid/ })
  await t.rejects(sandbox.add('d', { cloudName: 'three' }), { message: 'The sandbox has no cloud three' })
  t.same(sandbox.requests, [], 'it leaves no trace')
})

t.test('samples: there at first start, and again after a reset', async (t) => {
  const sandbox = await startSandbox({ samples: true })
  t.teardown(() => sandbox.close())
  const page = async () => (await fetch(`${sandbox.url}/`)).text()
  t.match(await page(), /It holds: .*\d+ images/)
  await sandbox.reset()
  t.match(await page(), /It holds: .*\d+ image/)
})

t.test('GET /: how to point a client at it, without secrets that somebody chose', async (t) => {
  const sandbox = await startSandbox({ clouds: [{ cloudName: 'demo', apiKey: '1234', apiSecret: 'abcd' }, { cloudName: 'mine', apiKey: '9', apiSecret: 'chosen-secret' }] })
  t.teardown(() => sandbox.close())
  const answer = await fetch(`${sandbox.url}/`)
  const text = await answer.text()
  t.equal(answer.status, 200)
  t.match(text, 'cloudinary://1234:abcd@demo?upload_prefix=')
  t.match(text, 'cloudinary://9:YOUR_SECRET@mine')
  t.notMatch(text, 'chosen-secret')
  t.match(text, `serverURL: &#39;${sandbox.url}&#39;`)
})

t.test('GET /: what is in it, shown without changing it; nothing that is protected, nothing that is not text', async (t) => {
  const sandbox = await startSandbox()
  t.teardown(() => sandbox.close())
  await sandbox.add('cats/"onerror="tom')
  await sandbox.add('secret', { type: 'private' })
  await sandbox.add('guarded', { access_control: '[{"access_type":"token"}]' })
  await sandbox.add('notes.txt', { resource_type: 'raw', file: Buffer.from('x') })
  const text = await (await fetch(`${sandbox.url}/`)).text()
  t.match(text, 'It holds: 3 images, 1 raw file.')
  const links = [...text.matchAll(/src="([^"]+)"/g)].map(([, link = '']) => link)
  t.equal(links.length, 1, 'one picture that anybody may see')
  t.match(await fetch(sandbox.url + links[0]), { status: 200 })
  t.notMatch(text, '"onerror')
  t.match(text, '&#34;onerror')
  const { derived } = await (await fetch(`${sandbox.url}/v1_1/demo/resources/image/upload/${encodeURIComponent('cats/"onerror="tom')}`, { headers: { authorization: `Basic ${btoa('1234:abcd')}` } })).json() as { derived: unknown[] } // an asset's details
  t.same(derived, [])
})

t.test('browsers may upload from any page, and may not use the Admin API', async (t) => {
  const sandbox = await startSandbox()
  t.teardown(() => sandbox.close())
  const preflight = await fetch(`${sandbox.url}/v1_1/demo/auto/upload`, { method: 'OPTIONS', headers: { origin: 'https://page.example', 'access-control-request-method': 'POST', 'access-control-request-headers': 'x-unique-upload-id,content-range' } })
  t.equal(preflight.status, 200)
  t.equal(preflight.headers.get('access-control-allow-origin'), '*')
  t.match(preflight.headers.get('access-control-allow-headers'), /Content-Range.*X-Unique-Upload-Id/)
  const refused = await fetch(`${sandbox.url}/v1_1/demo/auto/upload`, { method: 'POST', headers: { origin: 'https://page.example' } })
  t.equal(refused.status, 400)
  t.equal(refused.headers.get('access-control-allow-origin'), '*', 'a page can read why')
  const admin = await fetch(`${sandbox.url}/v1_1/demo/ping`, { headers: { origin: 'https://page.example' } })
  t.equal(admin.headers.get('access-control-allow-origin'), null)
})

t.test('parameters without effect are named in a header; add-ons are refused', async (t) => {
  const sandbox = await startSandbox()
  t.teardown(() => sandbox.close())
  const upload = (fields: Record<string, string>) => fetch(`${sandbox.url}/v1_1/demo/raw/upload`, {
    method: 'POST', headers: { authorization: `Basic ${btoa('1234:abcd')}` }, body: new URLSearchParams({ file: 'data:text/plain;base64,aGk=', ...fields })
  })
  t.equal((await upload({ backup: 'true', proxy: 'http://p', invalidate: 'false' })).headers.get('x-sandbox-ignored'), 'backup, proxy')
  t.equal((await upload({ tags: 'a' })).headers.get('x-sandbox-ignored'), null)
  for (const [name, value, status] of [['ocr', 'adv_ocr', 420], ['ocr', 'x', 400], ['detection', 'illegal', 400], ['raw_convert', 'illegal', 400], ['background_removal', 'cloudinary_ai', 420], ['manifest_json', '{}', 400]] as const) {
    t.equal((await upload({ [name]: value })).status, status, `${name}=${value}`)
  }
})

t.test('parts of an incoming or eager transformation without effect are named in the same header', async (t) => {
  const sandbox = await startSandbox()
  t.teardown(() => sandbox.close())
  const picture = await readFile(join(import.meta.dirname, '../fixtures/landscape.jpg'), 'base64')
  const upload = (fields: Record<string, string>) => fetch(`${sandbox.url}/v1_1/demo/image/upload`, {
    method: 'POST', headers: { authorization: `Basic ${btoa('1234:abcd')}` }, body: new URLSearchParams({ file: `data:image/jpeg;base64,${picture}`, ...fields })
  })
  t.equal((await upload({ transformation: 'c_fill,g_auto:cat,h_20,w_20' })).headers.get('x-sandbox-ignored'), 'g_auto:cat')
  t.equal((await upload({ eager: 'c_fill,g_auto:dog,h_20,w_20|c_scale,q_50,w_20/png', backup: 'true' })).headers.get('x-sandbox-ignored'), 'backup, g_auto:dog, q_50')
  t.equal((await upload({ eager: 'c_scale,w_20' })).headers.get('x-sandbox-ignored'), null)
  const later = await upload({ eager: 'c_fill,g_auto:dog,h_20,w_20', eager_async: 'true' })
  t.equal(later.status, 200)
})

t.test('an analysis that is not made is named where it is asked for, in details too', async (t) => {
  const sandbox = await startSandbox()
  t.teardown(() => sandbox.close())
  const { asset_id: id } = await sandbox.add('a')
  for (const path of ['resources/image/upload/a', `resources/${id}`]) {
    const answer = await fetch(`${sandbox.url}/v1_1/demo/${path}?quality_analysis=true&accessibility_analysis=1&cinemagraph_analysis=false&colors=true`, { headers: { authorization: `Basic ${btoa('1234:abcd')}` } })
    t.equal(answer.headers.get('x-sandbox-ignored'), 'quality_analysis, accessibility_analysis')
    await answer.arrayBuffer()
  }
})

t.test('413: more than one request may carry', async (t) => {
  const sandbox = await startSandbox({ maxRequestBytes: 1000 })
  t.teardown(() => sandbox.close())
  const answer = await fetch(`${sandbox.url}/v1_1/demo/raw/upload`, { method: 'POST', headers: { authorization: `Basic ${btoa('1234:abcd')}` }, body: new URLSearchParams({ file: 'x'.repeat(2000) }) })
  t.equal(answer.status, 413)
  t.match(await answer.json(), { error: { message: 'Request entity too large' } })
})
