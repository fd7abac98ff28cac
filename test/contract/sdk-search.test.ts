import t from 'tap'
import { startSandbox } from '../../src/sandbox/index.ts'
import { officialClient } from '../support/official-client.ts'

let nowMs = Date.UTC(2030, 0, 10)
const sandbox = await startSandbox({ clock: () => nowMs })
const cloudinary = await officialClient(t, sandbox)
t.teardown(() => sandbox.close())

interface Found { total_count: number, resources: Record<string, unknown>[], next_cursor?: string, aggregations?: Record<string, Record<string, number>> }
const find = async (expression: string): Promise<string[]> => {
  const { resources } = await cloudinary.search.expression(expression).sort_by('public_id', 'asc').max_results(100).execute() as Found // as documented
  return resources.map((asset) => String(asset['public_id']))
}
const refusal = (call: Promise<unknown>): Promise<unknown> => call.then(() => 'not refused', (reason: { error: unknown }) => reason.error)

const DAY_MS = 86_400_000
for (const [name, daysAgo, parameters] of [
  ['cats/tom', 5, { tags: 'pet,cat', context: { stage: 'new' }, width: 40, height: 20 }],
  ['cats/kit ty', 3, { tags: 'pet,cat', asset_folder: 'animals', width: 20, height: 20 }],
  ['dogs/rex', 1, { tags: 'pet,dog', type: 'private', width: 30, height: 60 }],
  ['plain', 0, { width: 10, height: 10 }]
] as const) {
  nowMs = Date.UTC(2030, 0, 10) - daysAgo * DAY_MS
  await sandbox.add(name, parameters)
}
nowMs = Date.UTC(2030, 0, 10) + 3_600_000

t.test('expressions: fields, ranges, relative dates, AND OR NOT, parentheses, trailing wildcards', async (t) => {
  const cases: [string, string[]][] = [
    ['tags=cat', ['cats/kit ty', 'cats/tom']],
    ['public_id:cats/*', ['cats/kit ty', 'cats/tom']],
    ['public_id="cats/kit ty"', ['cats/kit ty']],
    ['ca*', ['cats/kit ty', 'cats/tom']],
    ['width:[20 TO 30]', ['cats/kit ty', 'dogs/rex']],
    ['width:{20 TO 40}', ['dogs/rex']],
    ['width:[30 TO *]', ['cats/tom', 'dogs/rex']],
    ['width>=30 AND height<60', ['cats/tom']],
    ['created_at>2d', ['dogs/rex', 'plain']],
    ['created_at<4d', ['cats/tom']],
    ['created_at:[2030-01-06 TO 2030-01-08]', ['cats/kit ty']],
    ['tags:pet AND NOT tags:dog', ['cats/kit ty', 'cats/tom']],
    ['-tags:pet', ['plain']],
    ['(tags:dog OR asset_folder:animals) AND type:upload', ['cats/kit ty']],
    ['context.stage=new', ['cats/tom']],
    ['aspect_ratio:1:1', ['cats/kit ty', 'plain']],
    ['no_such_field:x', []],
    ['folder:cats', []]
  ]
  for (const [expression, found] of cases) t.same(await find(expression), found, expression)
  t.match(await refusal(cloudinary.search.expression('*').execute()), { http_code: 400, message: 'Query Error (at position 1) \' ➥➥➥*\'' })
})

t.test('an item: what it always has, with_field, fields; the context is flat', async (t) => {
  const [tom = {}] = (await cloudinary.search.expression('public_id:cats/tom').execute() as Found).resources // as documented
  t.match(tom, { public_id: 'cats/tom', status: 'active', aspect_ratio: 2, pixels: 800, access_control: null, access_mode: 'public', created_at: '2030-01-05T00:00:00Z', display_name: 'tom' })
  t.notOk('tags' in tom || 'context' in tom)
  const [more] = (await cloudinary.search.expression('public_id:cats/tom').with_field('tags').with_field('context').execute() as Found).resources // as documented
  t.match(more, { tags: ['cat', 'pet'], context: { stage: 'new' } })
  const [few = {}] = (await cloudinary.search.expression('public_id:cats/tom').fields('context').execute() as Found).resources // as documented
  t.same(Object.keys(few).sort(), ['asset_folder', 'asset_id', 'context', 'created_at', 'public_id', 'resource_type', 'status', 'type'])
})

t.test('sorted, in pages; aggregated', async (t) => {
  const first = await cloudinary.search.expression('tags:pet').sort_by('width', 'desc').max_results(2).aggregate('format').execute() as Found // as documented
  t.same(first.resources.map((asset) => asset['width']), [40, 30])
  t.equal(first.total_count, 3)
  t.same(first.aggregations, { format: { png: 3 } })
  const last = await cloudinary.search.expression('tags:pet').sort_by('width', 'desc').max_results(2).next_cursor(first.next_cursor ?? '').execute() as Found // as documented
  t.same(last.resources.map((asset) => asset['width']), [20])
  t.notOk('next_cursor' in last)
  t.match(await refusal(cloudinary.search.expression('tags:pet').next_cursor(first.next_cursor ?? '').execute()), { http_code: 400 }, 'the cursor of another order')
})

t.test('cursors: while assets come and go, nothing appears twice and nothing that stays is skipped', async (t) => {
  await sandbox.reset()
  for (let index = 10; index < 22; index++) await sandbox.add(`p${index}`, { tags: 'paged' })
  const seen: string[] = []
  let cursor: string | undefined
  for (let page = 0; page < 20; page++) {
    const query = cloudinary.search.expression('tags:paged').sort_by('public_id', 'asc').max_results(3)
    const answer = await (cursor === undefined ? query : query.next_cursor(cursor)).execute() as Found // as documented
    seen.push(...answer.resources.map((asset) => String(asset['public_id'])))
    cursor = answer.next_cursor
    if (cursor === undefined) break
    await sandbox.add(`p0${page}`, { tags: 'paged' })
    await cloudinary.api.delete_resources([seen.at(-1) ?? '', `p${20 - page}`])
  }
  t.equal(new Set(seen).size, seen.length, 'nothing twice')
  for (const id of ['p10', 'p11', 'p12', 'p13', 'p14', 'p15', 'p16', 'p17', 'p21']) t.ok(seen.includes(id), id)
  t.notOk(seen.some((id) => id.startsWith('p0')), 'what comes before the last page is behind it')
})

t.test('a signed URL of the client runs the same search, without a key', async (t) => {
  await sandbox.reset()
  for (const name of ['a', 'b', 'c']) await sandbox.add(name, { tags: 'linked' })
  // The client has it, its types do not.
  const query = () => cloudinary.search.expression('tags:linked').sort_by('public_id', 'asc').max_results(2).with_field('tags') as unknown as { to_url (ttl?: number, cursor?: string, options?: object): string, execute (): Promise<Found> }
  const get = async (url: string) => await (await fetch(url)).json() as Found // as documented
  const first = await get(query().to_url(undefined, undefined, { secure: false }))
  const { total_count: total, resources } = await query().execute()
  t.match(first, { total_count: total, resources, next_cursor: String })
  const last = await get(query().to_url(600, first.next_cursor, { secure: false }))
  t.same(last.resources.map((asset) => asset['public_id']), ['c'])
  const forged = await fetch(query().to_url(600, undefined, { secure: false, api_secret: 'wrong' }))
  t.match({ status: forged.status, body: await forged.json() }, { status: 401, body: { error: { message: /^Invalid Signature/ } } })
})

t.test('folders are searched in the same language', async (t) => {
  await sandbox.reset()
  for (const path of ['shop/autumn', 'shop/autumn sale', 'shop/winter', 'archive/autumn']) await cloudinary.api.create_folder(path)
  // The client has it, its types do not.
  const search = (cloudinary as unknown as { search_folders: { expression (text: string): { sort_by (field: string, direction: string): { max_results (count: number): { execute (): Promise<{ total_count: number, folders: { path: string }[], next_cursor?: string }> } } } } }).search_folders
  const paths = async (expression: string, direction = 'asc') => (await search.expression(expression).sort_by('path', direction).max_results(10).execute()).folders.map(({ path }) => path)
  t.same(await paths('name:autumn'), ['archive/autumn', 'shop/autumn', 'shop/autumn sale'])
  t.same(await paths('name=autumn AND path:shop/*'), ['shop/autumn'])
  t.same(await paths('path:shop/* AND NOT name:autumn'), ['shop/winter'])
  t.same(await paths('name:win* OR path="archive"', 'desc'), ['shop/winter', 'archive'])
  const { total_count: total, next_cursor: cursor, folders } = await search.expression('name:autumn').sort_by('name', 'asc').max_results(1).execute()
  t.match({ total, folders, cursor }, { total: 3, folders: [{ path: 'archive/autumn' }], cursor: String })
})
