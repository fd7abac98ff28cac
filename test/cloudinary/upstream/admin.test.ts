import t, { type Test } from 'tap'
import { AdminCalls } from '../../../src/cloudinary/upstream/admin.ts'
import type { Pace } from '../../../src/cloudinary/upstream/retry.ts'
import { verifyParameters } from '../../../src/cloudinary/wire/signature.ts'
import { call, connectionTo, quickPace } from '../../support/connection.ts'
import { startFaultUpstream, type FaultUpstream, type Step } from '../../support/fault-upstream.ts'

const absent: Step = { status: 404, body: '{"error":{"message":"Resource not found - a"}}' }
const ok: Step = { body: '{"public_id":"a"}' }

async function started (t: Test, pace: Pace = quickPace()): Promise<{ upstream: FaultUpstream, admin: AdminCalls, asked: () => string[] }> {
  const upstream = await startFaultUpstream(t)
  const admin = new AdminCalls(connectionTo(t, upstream.url, { pace }))
  return { upstream, admin, asked: () => upstream.seen.map(({ method, url }) => `${method} ${url}`) }
}

t.test('ping proves the credentials with one call', async (t) => {
  const { upstream, admin, asked } = await started(t)
  upstream.script({ body: '{"status":"ok"}' }, { status: 401, body: '{"error":{"message":"Unknown API key 1234"}}' })
  await admin.ping(call())
  await t.rejects(admin.ping(call()), { code: 'credentials_rejected' })
  t.same(asked(), ['GET /v1_1/demo/ping', 'GET /v1_1/demo/ping'])
  const headers = upstream.seen[0]?.rawHeaders.join('|')
  t.match(headers, `authorization|Basic ${Buffer.from('1234:abcd').toString('base64')}`)
})

t.test('list asks with its query, lists as repeated names', async (t) => {
  const { upstream, admin, asked } = await started(t)
  upstream.script({ body: '{"resources":[]}' }, { body: '{"resources":[]}' })
  t.equal((await admin.list({}, {}, call())).body.toString(), '{"resources":[]}')
  await admin.list({ resource_type: 'raw', type: 'private' }, { prefix: 'a/b c', public_ids: ['a', 'b&c'] }, call())
  t.same(asked(), ['GET /v1_1/demo/resources/image/upload', 'GET /v1_1/demo/resources/raw/private?prefix=a%2Fb+c&public_ids%5B%5D=a&public_ids%5B%5D=b%26c'])
})

t.test('get sends the public ID as one path segment, whatever is in it', async (t) => {
  const { upstream, admin, asked } = await started(t)
  upstream.script(ok)
  t.equal((await admin.get('image', 'upload', 'ordner/ä ?#%&', { colors: 'true' }, call())).status, 200)
  t.same(asked(), ['GET /v1_1/demo/resources/image/upload/ordner%2F%C3%A4%20%3F%23%25%26?colors=true'])
})

t.test('400 for a public ID that would change the path, and nothing is asked', async (t) => {
  const { admin, asked } = await started(t)
  for (const id of ['', '.', '..', '\ud800']) {
    await t.rejects(admin.get('image', 'upload', id, {}, call()), { code: 'invalid_request' })
    await t.rejects(admin.destroy('image', { public_id: id, type: 'upload', invalidate: false }, call()), { code: 'invalid_request' })
  }
  t.same(asked(), [])
})

t.test('404 for an absent asset, which is looked for nowhere else', async (t) => {
  const { upstream, admin, asked } = await started(t)
  upstream.script(absent, absent, absent, absent)
  await t.rejects(admin.get('image', 'upload', 'a', {}, call()), {
    code: 'not_found', message: 'There is no asset "a" under image/upload.', upstream: { status: 404 }
  })
  await t.rejects(admin.get('auto', 'private', 'a', {}, call()), {
    code: 'not_found', message: 'There is no asset "a" under image/private, video/private, raw/private.'
  })
  t.equal(asked().length, 4)
})

t.test('whether an asset is there, as far as that can be found out with one call', async (t) => {
  const { upstream, admin, asked } = await started(t)
  upstream.script(ok, absent, { status: 503 }, { act: 'reset' })
  const place = { resource_type: 'raw', type: 'private' } as const
  const exists = async (): Promise<boolean | undefined> => admin.exists(place, 'a/b', call())
  t.same([await exists(), await exists(), await exists(), await exists()], [true, false, undefined, undefined])
  t.same(new Set(asked()), new Set(['GET /v1_1/demo/resources/raw/private/a%2Fb']))
  t.equal(asked().length, 4)
})

t.test('auto tries each kind in turn', async (t) => {
  const { upstream, admin, asked } = await started(t)
  upstream.script(absent, absent, ok)
  await admin.get('auto', 'upload', 'a', {}, call())
  t.same(asked().map((line) => line.split('/')[4]), ['image', 'video', 'raw'])
})

t.test('update posts its fields as a form, and is repeated: the same change twice is the same', async (t) => {
  const { upstream, admin } = await started(t)
  upstream.script({ status: 503 }, ok)
  await admin.update('image', 'upload', 'a', { tags: 'x,y', context: '' }, call())
  t.match(upstream.seen[1], { method: 'POST', url: '/v1_1/demo/resources/image/upload/a', fields: { tags: 'x,y', context: '' } })
})

t.test('destroy signs its fields and says where the asset was', async (t) => {
  const { upstream, admin } = await started(t)
  upstream.script({ body: '{"result":"not found"}' }, { body: '{"result":"ok"}' }, { body: '{"result":"ok"}' })
  t.same(await admin.destroy('auto', { public_id: 'a', type: 'private', invalidate: true }, call()), { resource_type: 'video', type: 'private', public_id: 'a' })
  const { api_key: apiKey, signature = '', ...fields } = upstream.seen[1]?.fields ?? {}
  t.match(fields, { public_id: 'a', type: 'private', invalidate: 'true', timestamp: /^\d{10}$/ })
  t.equal(apiKey, '1234')
  t.ok(verifyParameters(fields, signature, 'abcd'))
  t.notMatch(upstream.seen[1]?.rawHeaders.join(), /authorization/i)
  await admin.destroy('image', { public_id: 'a', type: 'upload', invalidate: false, notification_url: 'https://example.com/' }, call())
  t.match(upstream.seen[2]?.fields, { invalidate: undefined, notification_url: 'https://example.com/' })
})

t.test('destroy: 404 for an absent asset, 502 for an answer that says neither', async (t) => {
  const { upstream, admin } = await started(t)
  upstream.script({ body: '{"result":"not found"}' })
  await t.rejects(admin.destroy('image', { public_id: 'a', type: 'upload', invalidate: false }, call()), { code: 'not_found' })
  upstream.script({ body: '{"partial":true}' })
  await t.rejects(admin.destroy('image', { public_id: 'a', type: 'upload', invalidate: false }, call()), { code: 'upstream_failed' })
})

t.test('deleting is repeated only when nothing was sent', async (t) => {
  const { upstream, admin, asked } = await started(t)
  const once = { public_id: 'a', type: 'upload', invalidate: false } as const
  upstream.script({ act: 'reset' })
  await t.rejects(admin.destroy('image', once, call()), { code: 'upstream_failed' })
  upstream.script({ status: 503 })
  await t.rejects(admin.destroy('image', once, call()), { code: 'upstream_failed' })
  t.equal(asked().length, 2)
  const pace = quickPace()
  const nobody = new AdminCalls(connectionTo(t, 'http://name.invalid', { pace }))
  await t.rejects(nobody.destroy('image', once, call()), { code: 'upstream_failed' })
  t.equal(pace.slept.length, 2)
})

const ID = 'b5e6d2b39ba3e0869d67141ba7dba6cf'

t.test('an asset_id is resolved with one call, whatever the type of the asset', async (t) => {
  const { upstream, admin, asked } = await started(t)
  const body = '{"public_id":"a/b","resource_type":"video","type":"fetch"}'
  upstream.script({ body })
  const { answer, ...place } = await admin.byAssetId(ID, { colors: 'true' }, call())
  t.same(place, { public_id: 'a/b', resource_type: 'video', type: 'fetch' })
  t.equal(answer.body.toString(), body)
  t.same(asked(), [`GET /v1_1/demo/resources/${ID}?colors=true`])
})

t.test('404 for an asset_id that nobody has, and it is looked for nowhere else; 502 for an answer about no asset', async (t) => {
  const { upstream, admin, asked } = await started(t)
  upstream.script(absent)
  const error = await admin.byAssetId(ID, {}, call()).catch((error: unknown) => error)
  t.match(error, { code: 'not_found', message: `There is no asset with the asset_id "${ID}".` })
  t.equal((error as { upstream: unknown }).upstream, undefined, 'as for one that the caller may not see') // a GatewayError, as matched above
  t.equal(asked().length, 1)
  for (const body of ['{"public_id":"a"}', '{"public_id":"a","resource_type":"film","type":"upload"}', '{"public_id":1,"resource_type":"raw","type":"upload"}', '{"public_id":"a","resource_type":"raw"}', '{"public_id":}']) {
    // One that names no asset at all is a broken answer, and asked for again.
    upstream.script(...Array.from({ length: /"public_id":"a"/.test(body) ? 1 : 3 }, () => ({ body })))
    await t.rejects(admin.byAssetId(ID, {}, call()), { code: 'upstream_failed' }, body)
  }
  upstream.script({ status: 403, body: '{"error":{"message":"no"}}' })
  await t.rejects(admin.byAssetId(ID, {}, call()), { code: 'upstream_forbidden' })
})

t.test('the folder mode of the account, as far as Cloudinary says it', async (t) => {
  const { upstream, admin, asked } = await started(t)
  upstream.script({ body: '{"cloud_name":"demo","settings":{"folder_mode":"dynamic"}}' }, { body: '{"cloud_name":"demo"}' }, { body: '{"settings":{"folder_mode":1}}' }, { body: '{"settings":null}' }, { body: '{"settings":}' })
  t.equal(await admin.folderMode(call()), 'dynamic')
  for (let answers = 3; answers > 0; answers--) t.equal(await admin.folderMode(call()), undefined)
  await t.rejects(admin.folderMode(call()), {
    code: 'upstream_failed', message: 'Cloudinary\'s answer is not valid JSON.'
  })
  t.equal(asked()[0], 'GET /v1_1/demo/config?settings=true')
})
