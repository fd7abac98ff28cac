import { createHash } from 'node:crypto'
import sharp from 'sharp'
import t from 'tap'
import { startSandbox } from '../../src/sandbox/index.ts'
import { clearOfFullHour } from '../support/full-hour.ts'
import { officialClient } from '../support/official-client.ts'

const sandbox = await startSandbox({ adminRateLimit: 1000 })
const cloudinary = await officialClient(t, sandbox)
const { api } = cloudinary
t.teardown(() => sandbox.close())

/** Why the client rejected; `api` rejects with a plain object. */
async function refusal (call: Promise<unknown>): Promise<unknown> {
  return call.then(() => 'not refused', (reason: { error: unknown }) => reason.error)
}

interface Listed { resources: { public_id: string }[] }
const idsOf = (answer: Listed) => answer.resources.map(({ public_id: id }) => id)

t.test('ping: ok, with the rate limit counting down', async (t) => {
  await clearOfFullHour()
  const first = await api.ping()
  const second = await api.ping()
  t.equal(first.status, 'ok')
  t.equal(first.rate_limit_allowed, 1000)
  t.equal(second.rate_limit_remaining, first.rate_limit_remaining - 1)
  t.equal(second.rate_limit_reset_at.getTime() % 3_600_000, 0)
})

t.test('401: wrong secret, unknown key, unknown cloud', async (t) => {
  t.match(await refusal(api.ping({ api_secret: 'wrong' })), { http_code: 401, message: 'api_secret mismatch' })
  t.match(await refusal(api.ping({ api_key: '77' })), { http_code: 401, message: 'Unknown API key 77' })
  t.match(await refusal(api.ping({ cloud_name: 'nobody' })), { http_code: 401, message: 'Invalid cloud_name nobody' })
  t.match(await refusal(api.ping({ oauth_token: 'x' })), { http_code: 401, message: 'Invalid token' })
})

t.test('lists', async (t) => {
  await sandbox.reset()
  for (const id of ['a/1', 'a/2', 'a/3', 'b/1']) await sandbox.add(id, { tags: id.startsWith('a') ? 'blue,sky' : 'blue', context: 'k=v', moderation: 'manual' })
  await sandbox.add('note.txt', { resource_type: 'raw', file: Buffer.from('x') })

  t.test('newest first, in pages, without tags and context unless asked for', async (t) => {
    const first = await api.resources({ max_results: 3 })
    t.same(idsOf(first), ['b/1', 'a/3', 'a/2'])
    t.notOk('tags' in first.resources[0] || 'context' in first.resources[0])
    const second = await api.resources({ max_results: 3, next_cursor: first.next_cursor, tags: true, context: true })
    t.match(second.resources, [{ public_id: 'a/1', tags: ['blue', 'sky'], context: { custom: { k: 'v' } } }])
    t.notOk('next_cursor' in second)
    t.same(idsOf(await api.resources({ direction: 'asc', max_results: 1 })), ['a/1'])
  })

  t.test('by prefix, ids, asset ids, tag, context, moderation, folder and kind', async (t) => {
    const ids = (answer: Listed) => idsOf(answer).sort()
    t.same(ids(await api.resources({ type: 'upload', prefix: 'a/' })), ['a/1', 'a/2', 'a/3'])
    t.same(ids(await api.resources_by_ids(['a/2', 'absent', 'b/1'])), ['a/2', 'b/1'])
    const { asset_id: assetId } = await api.resource('a/2')
    t.same(ids(await api.resources_by_asset_ids([assetId])), ['a/2'])
    t.same(ids(await api.resources_by_tag('sky')), ['a/1', 'a/2', 'a/3'])
    t.equal(ids(await api.resources_by_context('k', 'v')).length, 4)
    t.equal(ids(await api.resources_by_context('k', 'other')).length, 0)
    t.equal(ids(await api.resources_by_moderation('manual', 'pending')).length, 4)
    t.same(ids(await api.resources({ resource_type: 'raw' })), ['note.txt'])
    t.match(await api.resource_types(), { resource_types: ['image', 'raw', 'video'] })
    t.same((await api.tags({ prefix: 's' })).tags, ['sky'])
  })

  t.test('fields: only what was asked for, and the identity', async (t) => {
    const { resources } = await api.resources({ fields: ['tags', 'url'], max_results: 1 })
    t.same(Object.keys(resources[0]).sort(), ['asset_folder', 'asset_id', 'public_id', 'tags', 'url'])
  })
})

t.test('one asset: details, update, by asset id', async (t) => {
  const { asset_id: assetId, etag } = await sandbox.add('x/y z', { width: 30, height: 20 })
  t.match(await api.resource('x/y z', { colors: true, faces: true, phash: true, versions: true }), {
    etag, width: 30, height: 20, derived: [], faces: [], phash: /^[0-9a-f]{16}$/, colors: [[/^#[0-9A-F]{6}$/, 100]], versions: [{ version_id: /^[0-9a-f]{32}$/ }]
  })
  t.notOk('colors' in await api.resource('x/y z'))
  const updated = await api.update('x/y z', { tags: ['n', 'm'], context: { a: '1', b: 'c|d' }, moderation_status: 'approved', asset_folder: 'else', display_name: 'Shown' })
  t.match(updated, { tags: ['m', 'n'], context: { custom: { a: '1', b: 'c|d' } }, moderation: [{ kind: 'manual', status: 'approved' }], asset_folder: 'else', display_name: 'Shown' })
  // The client has it, its types do not.
  const { resource_by_asset_id: byAssetId } = api as typeof api & { resource_by_asset_id: (id: string) => Promise<unknown> }
  t.match(await byAssetId(assetId), { public_id: 'x/y z', tags: ['m', 'n'] })
  t.match(await refusal(byAssetId('0123')), { http_code: 404, message: 'Resource not found - 0123' })
  t.match(await refusal(api.resource('x/y z', { resource_type: 'video' })), { http_code: 404, message: 'Resource not found - x/y z' })
  t.match(await refusal(api.update('x/y z', { moderation_status: 'perhaps' })), { http_code: 400 })
})

t.test('update: add-ons that do not exist are refused in the words of this API, those that do want a subscription', async (t) => {
  await sandbox.add('plain')
  for (const name of ['raw_convert', 'categorization', 'detection', 'background_removal', 'ocr']) {
    t.match(await refusal(api.update('plain', { [name]: 'illegal' })), { http_code: 400, message: /^Illegal value/ }, name)
  }
  t.match(await refusal(api.update('plain', { ocr: 'adv_ocr' })), { http_code: 420, message: /^You don't have an active subscription for / })
  await t.rejects(cloudinary.uploader.explicit('plain', { type: 'upload', raw_convert: 'illegal' }), { http_code: 400, message: 'Raw convert is invalid' })
})

t.test('derived assets: listed, deleted by id and by transformation', async (t) => {
  await sandbox.add('with-derived', { width: 40, height: 20, eager: 'c_scale,w_10|c_scale,w_20' })
  const { derived } = await api.resource('with-derived')
  t.same(derived.map(({ transformation }: { transformation: string }) => transformation).sort(), ['c_scale,w_10', 'c_scale,w_20'])
  const [first] = derived
  t.match(await api.delete_derived_resources([first.id, 'f'.repeat(32)]), { deleted: { [first.id]: 'deleted', ['f'.repeat(32)]: 'not_found' } })
  t.match(await api.delete_derived_by_transformation(['with-derived'], [{ width: first.transformation === 'c_scale,w_10' ? 20 : 10, crop: 'scale' }]), { deleted_counts: { 'with-derived': { original: 0, derived: 1 } } })
  t.equal((await api.resource('with-derived')).derived.length, 0)
})

t.test('deleting: by ids, prefix, tag, asset ids, all', async (t) => {
  await sandbox.reset()
  for (const id of ['d/1', 'd/2', 'd/3', 'e', 'f']) await sandbox.add(id, { tags: id === 'e' ? 'gone' : 'kept' })
  t.match(await api.delete_resources(['d/1', 'nope']), { deleted: { 'd/1': 'deleted', nope: 'not_found' }, deleted_counts: { 'd/1': { original: 1, derived: 0 }, nope: { original: 0, derived: 0 } }, partial: false })
  t.match(await api.delete_resources_by_prefix('d/'), { deleted: { 'd/2': 'deleted', 'd/3': 'deleted' } })
  t.match(await api.delete_resources_by_tag('gone'), { deleted: { e: 'deleted' } })
  t.match(await api.delete_all_resources(), { deleted: { f: 'deleted' } })
  t.same((await api.resources()).resources, [])
})

t.test('folders: made by hand and by assets, renamed, deleted', async (t) => {
  await sandbox.reset()
  await api.create_folder('made/by hand')
  await sandbox.add('one', { asset_folder: 'by/asset' })
  t.same((await api.root_folders()).folders.map(({ path }: { path: string }) => path), ['by', 'made'])
  t.same((await api.sub_folders('/')).folders.map(({ path }: { path: string }) => path), ['by', 'made'])
  t.match((await api.sub_folders('made')).folders, [{ name: 'by hand', path: 'made/by hand' }])
  t.match(await refusal(api.sub_folders('absent')), { http_code: 404, message: 'Can\'t find folder with path absent' })
  t.match(await api.rename_folder('by/asset', 'by/other'), { from: { path: 'by/asset' }, to: { path: 'by/other' } })
  t.match(await api.resource('one'), { asset_folder: 'by/other' })
  t.match(await api.resources_by_asset_folder('by/other'), { total_count: 1, resources: [{ public_id: 'one' }] })
  t.same((await api.delete_folder('made/by hand')).deleted, ['made/by hand'])
  t.match(await refusal(api.delete_folder('by')), { http_code: 400 })
})

t.test('upload presets: created, listed, updated, deleted', async (t) => {
  t.match(await api.create_upload_preset({ name: 'p1', folder: 'f', tags: ['a', 'b'], unsigned: true, overwrite: false, allowed_formats: ['jpg'] }), { message: 'created', name: 'p1' })
  t.match(await api.upload_preset('p1'), { name: 'p1', unsigned: true, settings: { folder: 'f', tags: ['a', 'b'], overwrite: false, allowed_formats: ['jpg'] } })
  t.match(await api.update_upload_preset('p1', { unsigned: false, folder: 'g' }), { message: 'updated' })
  t.match((await api.upload_presets()).presets, [{ name: 'p1', unsigned: false, settings: { folder: 'g' } }])
  t.match(await api.delete_upload_preset('p1'), { message: 'deleted' })
  t.match(await refusal(api.upload_preset('p1')), { http_code: 404 })
})

t.test('upload presets: shown in structured form, the newest first, and as good as before for uploads', async (t) => {
  await sandbox.reset()
  for (const name of ['m', 'a', 'z']) await api.create_upload_preset({ name, transformation: { width: 100, crop: 'scale' }, context: { a: 'b', c: 'd=e' }, tags: ['x', 'y'] })
  const shown = { transformation: [{ width: 100, crop: 'scale' }], context: { a: 'b', c: 'd=e' }, tags: ['x', 'y'] }
  t.same((await api.upload_preset('m')).settings, shown)
  const first = await api.upload_presets({ max_results: 2 })
  t.match(first.presets, [{ name: 'z', settings: shown }, { name: 'a', settings: shown }])
  t.same((await api.upload_presets({ next_cursor: first.next_cursor })).presets.map((preset: object) => Object.entries(preset)), [[['name', 'm'], ['unsigned', false], ['settings', shown]]])
  await api.update_upload_preset('a', { unsigned: true })
  t.match((await api.upload_presets()).presets, [{ name: 'z' }, { name: 'a', unsigned: true, settings: shown }, { name: 'm' }], 'a change makes none newer')
  t.match(await cloudinary.uploader.upload('data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', { upload_preset: 'm' }), { width: 100, context: { custom: { a: 'b', c: 'd=e' } }, tags: ['x', 'y'] })
  t.match(await refusal(api.create_upload_preset({ name: 'broken', transformation: { raw_transformation: 'zz_1' } })), { http_code: 400, message: 'Invalid transformation component - zz_1' })
  t.match(await refusal(api.create_upload_preset({ name: 'broken', context: 'no pair' })), { http_code: 400 })
})

t.test('named transformations', async (t) => {
  t.match(await api.create_transformation('small', { width: 102, crop: 'scale' }), { message: 'created' })
  t.match(await api.transformation('small'), { name: 't_small', named: true, used: false, info: [{ crop: 'scale', width: 102 }] })
  t.match(await refusal(api.create_transformation('small', { width: 1 })), { http_code: 409 })
  t.match(await api.delete_transformation('small'), { message: 'deleted' })
  t.match(await refusal(api.transformation('small')), { http_code: 404 })
})

t.test('structured metadata: typed values, unknown ids refused', async (t) => {
  await sandbox.reset()
  await api.add_metadata_field({ external_id: 'n', label: 'Number', type: 'integer' })
  await api.add_metadata_field({ external_id: 'c', label: 'Colours', type: 'set', datasource: { values: [{ external_id: 'r', value: 'red' }, { external_id: 'g', value: 'green' }] } } as object as Parameters<typeof api.add_metadata_field>[0]) // the client's own types lack the set
  await sandbox.add('meta')
  t.match(await api.update('meta', { metadata: { n: '5', c: ['r', 'g'] } }), { metadata: { n: 5, c: ['r', 'g'] } })
  t.match(await refusal(api.update('meta', { metadata: { no_such_field: 'x' } })), { http_code: 400, message: 'Metadata External IDs do not exist: ["no_such_field"]' })
  t.match(await refusal(api.update('meta', { metadata: { n: 'many' } })), { http_code: 400 })
  t.equal((await api.list_metadata_fields()).metadata_fields.length, 2)
})

t.test('private download: signed by the client, with an end', async (t) => {
  const { etag } = await sandbox.add('secret/one', { type: 'private' })
  const link = cloudinary.utils.private_download_url('secret/one', 'png', { type: 'private', attachment: true })
  const answer = await fetch(link)
  t.equal(answer.status, 200)
  t.equal(answer.headers.get('content-disposition'), 'attachment; filename="one.png"')
  t.equal(createHash('md5').update(Buffer.from(await answer.arrayBuffer())).digest('hex'), etag)
  const { bytes, etag: stored } = await sandbox.add('secret/photo', { type: 'private', file: await sharp({ create: { width: 40, height: 30, channels: 3, background: '#336699' } }).jpeg({ quality: 5 }).toBuffer() })
  const alias = await fetch(cloudinary.utils.private_download_url('secret/photo', 'jpeg', { type: 'private' }))
  const body = Buffer.from(await alias.arrayBuffer())
  t.same([alias.headers.get('content-type'), body.length, createHash('md5').update(body).digest('hex')], ['image/jpeg', bytes, stored], 'another name of the stored format makes nothing new')
  const late = await fetch(cloudinary.utils.private_download_url('secret/one', 'png', { type: 'private', expires_at: 1_700_000_000 }))
  t.equal(late.status, 400)
  t.match(late.headers.get('x-cld-error'), /^Stale request - reported time is 2023-11-14 22:13:20 \+0000/)
  t.equal((await fetch(link.replace('one', 'two'))).status, 401)
})

t.test('420: over the limit, with the headers that say when it ends', async (t) => {
  const small = await startSandbox({ adminRateLimit: 1, clock: () => Date.UTC(2030, 0, 1, 5, 30) })
  t.teardown(() => small.close())
  const ask = () => fetch(`${small.url}/v1_1/demo/ping`, { headers: { authorization: `Basic ${btoa('1234:abcd')}` } })
  t.equal((await ask()).status, 200)
  const refused = await ask()
  t.equal(refused.status, 420)
  t.equal(refused.headers.get('x-featureratelimit-remaining'), '0')
  t.equal(refused.headers.get('x-featureratelimit-reset'), 'Tue, 01 Jan 2030 06:00:00 GMT')
  t.match(await refused.json(), { error: { message: /^Rate Limit Exceeded/ } })
})

t.test('400: what is not imitated is refused by name, whatever is to be done with it', async (t) => {
  const NAMED: Readonly<Record<string, string>> = {
    'GET upload_mappings': 'upload mappings',
    'POST upload_mappings': 'upload mappings',
    'PUT upload_mappings': 'upload mappings',
    'DELETE upload_mappings': 'upload mappings',
    'GET streaming_profiles': 'streaming profiles',
    'POST streaming_profiles': 'streaming profiles',
    'GET streaming_profiles%2Fhd': 'streaming profiles',
    'PUT streaming_profiles%2Fhd': 'streaming profiles',
    'DELETE streaming_profiles%2Fhd': 'streaming profiles',
    'GET metadata_rules': 'conditional metadata rules',
    'POST metadata_rules': 'conditional metadata rules',
    'PUT metadata_rules/x': 'conditional metadata rules',
    'DELETE metadata_rules/x': 'conditional metadata rules',
    'POST resources/image/publish_resources': 'publishing of resources',
    'POST resources/related_assets/image/upload/a%2Fb': 'related assets',
    'DELETE resources/related_assets/0123': 'related assets',
    'DELETE resources/backup/0123': 'backups',
    'GET no_such_thing/at/all': 'GET /v1_1/{cloud}/no_such_thing/at/all'
  }
  for (const [call, what] of Object.entries(NAMED)) {
    const [method = '', path = ''] = call.split(' ')
    const answer = await fetch(`${sandbox.url}/v1_1/demo/${path}`, { method, headers: { authorization: `Basic ${btoa('1234:abcd')}` } })
    t.equal(answer.status, 400, call)
    t.equal(answer.headers.get('x-sandbox-not-imitated'), what, call)
    t.same(await answer.json(), { error: { message: `The sandbox does not imitate ${what}` } })
  }
})

t.test('usage, config', async (t) => {
  t.match(await api.usage(), { resources: Number, media_limits: { image_max_size_bytes: Number } })
  t.match(await api.config({ settings: true }), { cloud_name: 'demo', settings: { folder_mode: 'dynamic' } })
})
