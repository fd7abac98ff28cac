import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import t from 'tap'
import { startSandbox } from '../../src/sandbox/index.ts'
import { officialClient } from '../support/official-client.ts'

const sandbox = await startSandbox()
const cloudinary = await officialClient(t, sandbox)
const { api, uploader } = cloudinary
t.teardown(() => sandbox.close())
t.beforeEach(() => sandbox.reset())

/** What a client has and its types do not know, or know otherwise. */
async function call (of: object, name: string, ...parameters: unknown[]): Promise<Record<string, unknown>> {
  const method = (of as Record<string, (...given: unknown[]) => Promise<Record<string, unknown>>>)[name] // by its documentation
  if (!method) throw new Error(`the client has no ${name}`)
  return method(...parameters)
}
const refusal = (asked: Promise<unknown>): Promise<unknown> => asked.then(() => 'not refused', (reason: { error?: unknown }) => reason.error ?? reason)
const tagsOf = async (id: string): Promise<string[] | undefined> => (await api.resource(id)).tags

t.test('tags and contexts of many: added, removed, replaced, moved to some alone', async (t) => {
  for (const id of ['a', 'b', 'c']) await sandbox.add(id, { tags: 'old' })
  t.same(await uploader.add_tag('new,more', ['a', 'b']), { public_ids: ['a', 'b'] })
  t.same(await tagsOf('a'), ['more', 'new', 'old'])
  await uploader.remove_tag('old', ['a'])
  t.same(await tagsOf('a'), ['more', 'new'])
  await uploader.replace_tag('only', ['b'])
  t.same(await tagsOf('b'), ['only'])
  // The client offers it as `exclusive`, and sends `add`.
  const exclusive = new URLSearchParams({ command: 'set_exclusive', tag: 'only', public_ids: 'c' })
  await fetch(`${sandbox.url}/v1_1/demo/image/tags`, { method: 'POST', headers: { authorization: `Basic ${btoa('1234:abcd')}` }, body: exclusive })
  t.same([await tagsOf('b'), await tagsOf('c')], [undefined, ['old', 'only']])
  await uploader.add_context('k=v|l=w', ['a'])
  await uploader.add_context('l=x', ['a', 'absent'])
  t.match((await api.resource('a')).context, { custom: { k: 'v', l: 'x' } })
  await uploader.remove_all_context(['a'])
  t.notOk('context' in await api.resource('a'))
})

t.test('deleting: by asset ids, by all of a kind, derived ones only; not more than a hundred names at once', async (t) => {
  const { asset_id: one } = await sandbox.add('one', { eager: 'c_scale,w_2|c_scale,w_3' })
  await sandbox.add('two', { eager: 'c_scale,w_2', tags: 'kept' })
  await sandbox.add('hidden', { type: 'private' })
  await sandbox.add('note.txt', { resource_type: 'raw', file: Buffer.from('x'), tags: 'kept' })
  t.match(await api.delete_resources(['one'], { keep_original: true, transformations: ['w_2,c_scale'] } as object), { deleted: { one: 'deleted' }, deleted_counts: { one: { original: 0, derived: 1 } } })
  t.match((await api.resource('one')).derived, [{ transformation: 'c_scale,w_3' }])
  t.match(await api.delete_resources_by_tag('kept', { keep_original: true } as object), { deleted_counts: { two: { original: 0, derived: 1 } } })
  t.match(await call(api, 'delete_resources_by_asset_ids', [one, 'f'.repeat(32)]), { deleted: { [one]: 'deleted', ['f'.repeat(32)]: 'not_found' } })
  t.match(await api.delete_all_resources(), { deleted: { two: 'deleted' } })
  t.match(await api.resource('hidden', { type: 'private' }), { public_id: 'hidden' }, 'another delivery type stays')
  t.match(await api.resource('note.txt', { resource_type: 'raw' }), { public_id: 'note.txt' }, 'another kind stays')
  t.match(await refusal(api.delete_resources(Array.from({ length: 101 }, (_, index) => `x${index}`))), { http_code: 400 })
  t.match(await refusal(api.delete_derived_resources(Array.from({ length: 101 }, (_, index) => String(index)))), { http_code: 400 })
})

t.test('deleting more than a thousand: partial, and a cursor that goes on where originals stay, too', async (t) => {
  for (let index = 0; index < 1003; index++) await sandbox.add(`many/${index}`, { resource_type: 'raw', file: Buffer.from('x') })
  const kept = await api.delete_resources_by_prefix('many/', { resource_type: 'raw', keep_original: true } as object) as { partial: boolean, next_cursor?: string, deleted: object } // as documented
  t.match({ partial: kept.partial, count: Object.keys(kept.deleted).length }, { partial: true, count: 1000 })
  const rest = await api.delete_resources_by_prefix('many/', { resource_type: 'raw', keep_original: true, next_cursor: kept.next_cursor } as object)
  t.match({ partial: rest.partial, count: Object.keys(rest.deleted).length }, { partial: false, count: 3 })
  const first = await api.delete_resources_by_prefix('many/', { resource_type: 'raw' } as object) as { partial: boolean, next_cursor?: string } // as documented
  t.equal(first.partial, true)
  await sandbox.add('many/zzz', { resource_type: 'raw', file: Buffer.from('x') })
  t.match(await api.delete_resources_by_prefix('many/', { resource_type: 'raw', next_cursor: first.next_cursor } as object), { partial: false, deleted: { 'many/zzz': 'deleted' } })
  t.same((await api.resources({ resource_type: 'raw' })).resources, [])
})

t.test('lists: start_at means created since, in either direction, fields, moderations, by asset folder; details in pages of derived ones', async (t) => {
  for (const id of ['l1', 'l2', 'l3']) await sandbox.add(id, { moderation: 'manual', asset_folder: 'f', eager: 'c_scale,w_1|c_scale,w_2|c_scale,w_3' })
  const ids = (answer: { resources: { public_id: string }[] }) => answer.resources.map(({ public_id: id }) => id)
  const [past, coming] = ['2001-01-01', '2101-01-01']
  t.same(ids(await api.resources({ start_at: coming } as object)), [])
  t.same(ids(await api.resources({ start_at: past } as object)), ['l3', 'l2', 'l1'])
  t.same(ids(await api.resources({ start_at: past, direction: 'asc' } as object)), ['l1', 'l2', 'l3'])
  t.match(await refusal(api.resources({ start_at: 'whenever' } as object)), { http_code: 400 })
  t.match((await api.resources_by_moderation('manual', 'pending', { moderations: true, fields: ['public_id'] } as object)).resources[0], { public_id: 'l3' })
  t.match((await api.resources({ moderations: true } as object)).resources[0], { moderation_kind: 'manual', moderation_status: 'pending' })
  t.same(Object.keys((await api.resources_by_asset_folder('f', { fields: ['bytes'], max_results: 1 } as object)).resources[0]).sort(), ['asset_folder', 'asset_id', 'bytes', 'public_id'])
  const first = await api.resource('l1', { max_results: 2 } as object)
  const second = await api.resource('l1', { max_results: 2, derived_next_cursor: first.derived_next_cursor } as object)
  t.same([...first.derived, ...second.derived].map(({ transformation }: { transformation: string }) => transformation).sort(), ['c_scale,w_1', 'c_scale,w_2', 'c_scale,w_3'])
  t.notOk('next_cursor' in second)
})

t.test('named transformations: listed, changed, used; access modes of many', async (t) => {
  await sandbox.add('pic', { width: 40, height: 20 })
  await api.create_transformation('thumb', { width: 10, crop: 'scale' })
  t.equal((await fetch(`${sandbox.url}/demo/image/upload/t_thumb/pic.png`)).status, 200)
  t.match((await api.transformations({ named: true } as object)).transformations, [{ name: 't_thumb', named: true, used: true }])
  t.match(await api.update_transformation('thumb', { unsafe_update: { width: 5, crop: 'scale' }, allowed_for_strict: true } as object), { message: 'updated' })
  t.match(await api.transformation('thumb'), { allowed_for_strict: true, used: false, info: [{ width: 5 }] })
  t.match(await api.update_resources_access_mode_by_ids('authenticated', ['pic', 'absent']), { updated: [{ public_id: 'pic', access_mode: 'authenticated' }], failed: [] })
  t.match(await api.update_resources_access_mode_by_prefix('public', 'p'), { updated: [{ public_id: 'pic', access_mode: 'public' }] })
})

t.test('streams: in chunks, and without a key; one-shot forms for browsers work', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'sandbox-bulk-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const bytes = randomBytes(11_000_000)
  const path = join(folder, 'big.bin')
  await writeFile(path, bytes)
  const etag = createHash('md5').update(bytes).digest('hex')
  const done = <T>(begin: (told: (error: unknown, result?: T) => void) => unknown) => new Promise<T | undefined>((resolve, reject) => { begin((error, result) => { if (error) reject(error instanceof Error ? error : new Error(JSON.stringify(error))); else resolve(result) }) })
  t.match(await done((told) => call(uploader, 'upload_chunked', path, { resource_type: 'raw', chunk_size: 6_000_000, public_id: 'c.bin' }, told)), { done: true, etag })
  const large = uploader as unknown as { upload_chunked_stream (options: object, told: (error: unknown, result?: object) => void): NodeJS.WritableStream }
  t.match(await done<object>((told) => Readable.from([bytes.subarray(0, 4_000_000), bytes.subarray(4_000_000)]).pipe(large.upload_chunked_stream({ resource_type: 'raw', chunk_size: 6_000_000, public_id: 's.bin' }, told))), { done: true, etag })
  await api.create_upload_preset({ name: 'open', unsigned: true, tags: ['u'] })
  t.match(await done((told) => Readable.from([bytes.subarray(0, 10)]).pipe(uploader.unsigned_upload_stream('open', { resource_type: 'raw' }, told))), { bytes: 10, tags: ['u'] })
  const { direct_upload: formOf } = uploader as unknown as { direct_upload (back: string, options: object): { hidden_fields: Record<string, string>, form_attrs: { action: string } } } // by its documentation
  const { hidden_fields: fields, form_attrs: form } = formOf('http://back.example/', { tags: 'd', resource_type: 'raw' })
  const body = new FormData()
  for (const [name, value] of Object.entries(fields)) body.set(name, String(value))
  body.set('file', new Blob([bytes.subarray(0, 20)]), 'x.bin')
  const answer = await fetch(form.action, { method: 'POST', body })
  t.match(await answer.json(), { bytes: 20, tags: ['d'] })
})

t.test('400: what lies outside is refused by its name, which the client shows', async (t) => {
  const outside: [string, () => Promise<unknown>][] = [
    ['restoring from backups', () => api.restore(['x'])],
    ['publishing of resources', () => api.publish_by_prefix('x')],
    ['upload mappings', () => api.upload_mappings()],
    ['streaming profiles', () => api.list_streaming_profiles()],
    ['visual search', () => call(api, 'visual_search', { text: 'x' })],
    ['conditional metadata rules', () => call(api, 'list_metadata_rules')],
    ['archives', () => uploader.create_zip({ tags: 'x' })],
    ['sprites', () => uploader.generate_sprite('x')],
    ['images made of many', () => uploader.multi('x')],
    ['exploding of pages', () => uploader.explode('x', { page: 'all' })],
    ['images made of text', () => uploader.text('x')]
  ]
  for (const [name, ask] of outside) {
    t.match(await refusal(ask()), { message: `The sandbox does not imitate ${name}` }, `${name}: the client shows why`)
    const { method = '', path = '' } = sandbox.requests.at(-1) ?? {}
    const answer = await fetch(sandbox.url + path, { method, headers: { authorization: `Basic ${btoa('1234:abcd')}` } })
    t.match({ status: answer.status, ...await answer.json() as object }, { status: 400, error: { message: `The sandbox does not imitate ${name}` } }, `${name}: by name`)
  }
  t.match(await refusal(call(api, 'add_related_assets', 'a', 'image/upload/b')), { message: 'The sandbox does not imitate related assets' })
})
