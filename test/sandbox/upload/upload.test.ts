import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import t from 'tap'
import { buildSandbox, startSandbox, type SandboxOptions } from '../../../src/sandbox/index.ts'

const PIXEL = 'data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7'
const BASIC = { authorization: `Basic ${btoa('1234:abcd')}` }

async function start (t: { teardown (close: () => unknown): void }, options: SandboxOptions = {}) {
  const sandbox = await startSandbox(options)
  t.teardown(() => sandbox.close())
  const ask = async (path: string, form?: Record<string, string>, headers: Record<string, string> = BASIC) => {
    const answer = await fetch(`${sandbox.url}/v1_1/demo/${path}`, { headers, ...form && { method: 'POST', body: new URLSearchParams(form) } })
    const body = await answer.json() as object // as everywhere in this API
    return { http: answer.status, ...body } as Record<string, unknown> // members are looked at one by one
  }
  return { sandbox, ask }
}

t.test('async: pending first, then the asset; a reset or a close waits for it', async (t) => {
  const { sandbox, ask } = await start(t, { seed: 3, clock: () => Date.UTC(2030, 0, 1) })
  const answer = await ask('image/upload', { file: PIXEL, public_id: 'later', async: 'true', type: 'private' })
  t.same(Object.keys(answer), ['http', 'status', 'resource_type', 'type', 'public_id', 'batch_id'])
  t.match(answer, { http: 200, status: 'pending', resource_type: 'image', type: 'private', public_id: 'later', batch_id: /^[0-9a-f]{64}$/ })
  const signal = AbortSignal.timeout(60_000)
  while ((await ask('resources/image/private/later')).http === 404) signal.throwIfAborted()
  t.match(await ask('resources/image/private/later'), { bytes: 42, format: 'gif' })
  t.notOk('public_id' in await ask('image/upload', { file: PIXEL, async: 'true' }), 'a name that is still to be made')
  t.match(await ask('image/upload', { async: 'true' }), { http: 400, error: { message: 'Missing required parameter - file' } })
  t.match(await ask('image/upload', { file: 'data:image/gif;base64,bm8=', public_id: 'never', async: 'true' }), { status: 'pending' })
  await sandbox.reset()
  t.match(await ask('resources/image'), { resources: [] })
})

t.test('what does not come to an asset leaves no bytes', async (t) => {
  const data = await mkdtemp(join(tmpdir(), 'sandbox-upload-'))
  t.teardown(() => rm(data, { recursive: true, force: true }))
  const { sandbox, ask } = await start(t, { data })
  const blobs = async () => (await readdir(join(data, 'blobs'))).length
  const converted = { file: PIXEL, public_id: 'a', transformation: 'c_scale,w_3', eager: 'c_scale,w_2' }
  t.match(await ask('image/upload', { ...converted, eager: 'e_cartoonify' }), { http: 400 })
  t.match(await ask('image/upload', { ...converted, responsive_breakpoints: '[{"create_derived":true,"transformation":"w_x"}]' }), { http: 400 })
  t.equal(await blobs(), 0)
  t.match(await ask('image/upload', converted), { http: 200, width: 3, eager: [{ width: 2 }] })
  t.equal(await blobs(), 2, 'the converted picture and its derived asset')
  t.match(await ask('image/upload', { ...converted, overwrite: 'false' }), { existing: true })
  t.equal(await blobs(), 2)
  const { app, context } = await buildSandbox()
  t.teardown(() => app.close())
  const store = context.store.cloud('demo')
  store.put = async () => { throw new Error('no space left') }
  const removed: string[] = []
  context.blobs.remove = async (key) => { removed.push(key) }
  const answer = await app.inject({ method: 'POST', url: '/v1_1/demo/image/upload', headers: { ...BASIC, 'content-type': 'application/x-www-form-urlencoded' }, payload: new URLSearchParams(converted).toString() })
  t.equal(answer.statusCode, 500)
  t.equal(new Set(removed).size, 3, 'the file as it came, the converted one and the derived one')
  await sandbox.close()
})

t.test('200: an upload id without a range is a whole upload, as the jQuery plugin sends it; a range without an id is a 400', async (t) => {
  const { ask } = await start(t)
  t.match(await ask('image/upload', { file: PIXEL, public_id: 'whole' }, { ...BASIC, 'x-unique-upload-id': 'u1' }), { http: 200, public_id: 'whole', bytes: 42 })
  t.match(await ask('image/upload', { file: PIXEL }, { ...BASIC, 'content-range': 'bytes 0-41/42' }), { http: 400, error: { message: 'Content range is invalid' } })
})

t.test('fixed folders: the folder is the path of the public ID, and moves with it', async (t) => {
  const { ask } = await start(t, { clouds: [{ cloudName: 'demo', apiKey: '1234', apiSecret: 'abcd', folderMode: 'fixed' }] })
  t.match(await ask('config?settings=true'), { settings: { folder_mode: 'fixed' } })
  const answer = await ask('image/upload', { file: PIXEL, folder: '/a/b/', public_id: 'c', asset_folder: 'elsewhere', public_id_prefix: 'nothing' })
  t.match(answer, { public_id: 'a/b/c', folder: 'a/b' })
  t.notOk('asset_folder' in answer || 'display_name' in answer)
  t.match(await ask('image/upload', { file: PIXEL, public_id: 'x/y' }), { public_id: 'x/y', folder: 'x' })
  t.match(await ask('image/upload', { file: PIXEL, public_id: 'top' }), { folder: '' })
  t.match(await ask('folders/a'), { folders: [{ name: 'b', path: 'a/b' }] })
  t.match(await ask('image/rename', { from_public_id: 'a/b/c', to_public_id: 'd/c' }), { public_id: 'd/c', folder: 'd' })
  t.match(await ask('folders'), { folders: [{ path: 'a' }, { path: 'd' }, { path: 'x' }] }, 'and what it leaves stays as a folder')
})

t.test('fixed folders: an asset is nowhere but where its public ID says; what would move it otherwise is named, or refused', async (t) => {
  const { sandbox, ask } = await start(t, { clouds: [{ cloudName: 'demo', apiKey: '1234', apiSecret: 'abcd', folderMode: 'fixed' }] })
  const raw = (path: string, form: Record<string, string>, method = 'POST') => fetch(`${sandbox.url}/v1_1/demo/${path}`, { method, headers: BASIC, body: new URLSearchParams(form) })
  const uploaded = await raw('image/upload', { file: PIXEL, public_id: 'f1/f2/x', asset_folder: 'zzz', public_id_prefix: 'p', use_asset_folder_as_public_id_prefix: 'true' })
  t.equal(uploaded.headers.get('x-sandbox-ignored'), 'asset_folder, public_id_prefix, use_asset_folder_as_public_id_prefix')
  const named = { 'resources/image/upload/f1/f2/x': {}, 'image/explicit': { public_id: 'f1/f2/x', type: 'upload' } }
  for (const [path, name] of Object.entries(named)) {
    const changed = await raw(path, { ...name, asset_folder: 'zzz', tags: 'a' })
    t.equal(changed.headers.get('x-sandbox-ignored'), 'asset_folder', path)
    t.match(await changed.json(), { public_id: 'f1/f2/x', folder: 'f1/f2', tags: ['a'] })
  }
  const renamed = await raw('folders/f1', { to_folder: 'g1' }, 'PUT')
  t.equal(renamed.status, 400)
  t.match(await renamed.json(), { error: { message: 'Renaming folders is not supported in fixed folder mode' } })
  t.match(await ask('folders'), { folders: [{ path: 'f1' }], total_count: 1 })
  t.match(await ask('resources/by_asset_folder?asset_folder=f1/f2'), { resources: [{ public_id: 'f1/f2/x', folder: 'f1/f2' }] })
})

t.test('dynamic folders: the public ID and the folder where it is shown are two things', async (t) => {
  const { ask } = await start(t)
  t.match(await ask('image/upload', { file: PIXEL, asset_folder: 'shown', public_id: 'id' }), { public_id: 'id', asset_folder: 'shown', display_name: 'id' })
  t.match(await ask('image/upload', { file: PIXEL, asset_folder: 'shown', public_id: 'id', use_asset_folder_as_public_id_prefix: 'true' }), { public_id: 'shown/id', asset_folder: 'shown' })
  t.match(await ask('image/upload', { file: PIXEL, asset_folder: 'shown', public_id: 'id', use_asset_folder_as_public_id_prefix: 'true', public_id_prefix: 'p' }), { public_id: 'p/id' })
  t.match(await ask('image/upload', { file: PIXEL, folder: 'f', public_id: 'id' }), { public_id: 'f/id', asset_folder: 'f' })
})

t.test('presets: the request wins when it is signed, the preset when it is not', async (t) => {
  const { ask } = await start(t)
  await ask('upload_presets', { name: 'p', unsigned: 'true', folder: 'preset', tags: 'p1,p2', context: 'a=preset|b=preset', overwrite: 'true', filename_override: 'preset.gif' })
  const wish = { file: PIXEL, upload_preset: 'p', folder: 'mine', public_id: 'x', tags: 'm', context: 'b=mine|c=mine' }
  t.match(await ask('image/upload', wish), { public_id: 'mine/x', tags: ['m'], context: { custom: { b: 'mine', c: 'mine' } }, original_filename: 'preset.gif' })
  const unsigned = await ask('image/upload', wish, {})
  t.match(unsigned, { public_id: 'preset/x', tags: ['p1', 'p2', 'm'], context: { custom: { a: 'preset', c: 'mine' } }, original_filename: 'preset.gif' })
  const again = await ask('image/upload', { ...wish, tags: 'other' }, {})
  t.match(again, { existing: true, asset_id: unsigned['asset_id'], tags: ['p1', 'p2', 'm'] }, 'nobody without a key replaces an asset, whatever the preset says')
  t.match(await ask('image/upload', { ...wish, overwrite: 'true' }, {}), { http: 400, error: { message: /^Overwrite parameter is not allowed when using unsigned upload\. Only / } })
  await ask('upload_presets', { name: 'no-ids', unsigned: 'true', disallow_public_id: 'true' })
  t.match(await ask('image/upload', { file: PIXEL, upload_preset: 'no-ids', public_id: 'x' }, {}), { http: 400 })
  t.match(await ask('image/upload', { file: PIXEL, upload_preset: 'no-ids' }, {}), { http: 200 })
})

t.test('cursors: while assets come and go, nothing appears twice and nothing that stays is skipped', async (t) => {
  let now = Date.UTC(2030, 0, 1)
  const { sandbox, ask } = await start(t, { clock: () => now })
  const add = async (name: string) => {
    now += 1000
    await sandbox.add(name)
  }
  for (let index = 0; index < 12; index++) await add(`a${index}`)
  const seen: string[] = []
  let cursor = ''
  for (let page = 0; page < 20; page++) {
    const answer = await ask(`resources/image/upload?max_results=3${cursor && `&next_cursor=${cursor}`}`)
    seen.push(...(answer['resources'] as { public_id: string }[]).map((asset) => asset.public_id)) // a list of assets
    if (typeof answer['next_cursor'] !== 'string') break
    cursor = answer['next_cursor']
    await add(`new${page}`)
    await ask('image/destroy', { public_id: seen.at(-1) ?? '' })
    await ask('image/destroy', { public_id: `a${6 - page}` })
  }
  t.equal(new Set(seen).size, seen.length, 'nothing twice')
  t.same(seen.filter((name) => name.startsWith('new')), [], 'newest first: what is newer than the last page is behind it')
  for (const name of ['a11', 'a10', 'a9', 'a8', 'a7', 'a3', 'a2', 'a1', 'a0']) t.ok(seen.includes(name), name)
})

t.test('unique_display_name: another asset of that name makes it different, the asset itself does not', async (t) => {
  const { ask } = await start(t)
  await ask('image/upload', { file: PIXEL, public_id: 'a', display_name: 'Shown' })
  t.match(await ask('image/upload', { file: PIXEL, public_id: 'b', display_name: 'Shown' }), { display_name: 'Shown' }, 'names may be shared')
  t.match(await ask('image/upload', { file: PIXEL, public_id: 'c', display_name: 'Shown', unique_display_name: 'true' }), { display_name: /^Shown_[a-z0-9]{6}$/ })
  t.match(await ask('image/upload', { file: PIXEL, public_id: 'd', display_name: 'Other', unique_display_name: 'true' }), { display_name: 'Other' })
  t.match(await ask('image/upload', { file: PIXEL, public_id: 'd', display_name: 'Other', unique_display_name: 'true' }), { display_name: 'Other', overwritten: true })
  t.match(await ask('resources/image/upload/d', { display_name: 'Shown', unique_display_name: 'true' }), { display_name: /^Shown_[a-z0-9]{6}$/ })
  t.match(await ask('image/explicit', { public_id: 'd', type: 'upload', display_name: 'Again', unique_display_name: 'true' }), { display_name: 'Again' })
  t.match(await ask('image/explicit', { public_id: 'd', type: 'upload', tags: 'x', unique_display_name: 'true' }), { display_name: 'Again' })
})

t.test('explicit: pictures that cannot be made leave the asset as it was; new coordinates count for new pictures', async (t) => {
  const { sandbox, ask } = await start(t)
  const half = await sharp({ create: { width: 40, height: 20, channels: 3, background: 'red' } }).composite([{ input: { create: { width: 20, height: 20, channels: 3, background: 'blue' } }, left: 20, top: 0 }]).png().toBuffer()
  await sandbox.add('x', { file: half, tags: 'old' })
  t.match(await ask('image/explicit', { public_id: 'x', type: 'upload', tags: 'new', eager: 'w_x' }), { http: 400 })
  t.match(await ask('resources/image/upload/x'), { tags: ['old'] })
  const colour = async (answer: Record<string, unknown>) => {
    const [{ url } = { url: '' }] = answer['eager'] as { url: string }[] // asked for
    const [r, , b] = await sharp(Buffer.from(await (await fetch(url)).arrayBuffer())).removeAlpha().raw().toBuffer()
    return `${r}/${b}`
  }
  t.equal(await colour(await ask('image/explicit', { public_id: 'x', type: 'upload', custom_coordinates: '25,5,10,10', eager: 'c_crop,g_custom,h_10,w_10' })), '0/255')
  t.equal(await colour(await sandbox.add('y', { file: half, custom_coordinates: '25,5,10,10', eager: 'c_crop,g_custom,h_10,w_10' })), '0/255', 'so they do in an upload')
})

t.test('moderation: pending assets are delivered, rejected ones are not until they are approved after all', async (t) => {
  const { sandbox, ask } = await start(t)
  const { url } = await sandbox.add('m', { moderation: 'manual' })
  const delivered = async () => {
    const answer = await fetch(url)
    await answer.arrayBuffer()
    return `${answer.status} ${answer.headers.get('x-cld-error') ?? ''}`.trim()
  }
  const listed = async () => (await ask('resources/image/upload?moderations=true'))['resources']
  t.equal(await delivered(), '200')
  t.match(await ask('resources/image/upload/m', { moderation_status: 'rejected' }), { moderation: [{ kind: 'manual', status: 'rejected' }] })
  t.equal(await delivered(), '404 Resource not found - m')
  t.match(await listed(), [{ public_id: 'm', bytes: 0, placeholder: true, moderation_status: 'rejected' }])
  t.match(await ask('resources/image/moderations/manual/rejected'), { resources: [{ public_id: 'm' }] })
  t.match(await ask('resources/image/moderations/manual/pending'), { resources: [] })
  await ask('resources/image/upload/m', { moderation_status: 'approved' })
  t.equal(await delivered(), '200')
  t.notOk((await listed() as { placeholder?: boolean }[])[0]?.placeholder) // a list of assets
  t.match(await ask('image/upload', { file: PIXEL, public_id: 'two', moderation: 'duplicate:0.8|manual' }), { moderation: [{ kind: 'duplicate', status: 'approved' }, { kind: 'manual', status: 'pending' }] })
  t.match(await ask('image/upload', { file: PIXEL, moderation: 'manual|duplicate:0.8' }), { http: 400 }, 'manual comes last')
  t.match(await ask('resources/image/upload/two', { moderation_status: 'perhaps' }), { http: 400 })
})
