import { createHash } from 'node:crypto'
import t from 'tap'
import { startSandbox } from '../../../src/sandbox/index.ts'

const BASIC = { authorization: `Basic ${btoa('1234:abcd')}` }
const sandbox = await startSandbox()
t.teardown(() => sandbox.close())

async function ask (path: string, body?: object): Promise<Record<string, unknown>> {
  const json = body && { method: 'POST', headers: { ...BASIC, 'content-type': 'application/json' }, body: JSON.stringify(body) }
  const answer = await fetch(`${sandbox.url}/v1_1/demo/${path}`, { headers: BASIC, ...json })
  return { http: answer.status, ignored: answer.headers.get('x-sandbox-ignored'), ...await answer.json() as object } // as everywhere in this API
}
const tagsOf = async (id: string) => (await ask(`resources/image/upload/${id}`))['tags']

t.test('tags as a JSON list, as the asset management server of the vendor sends them', async (t) => {
  await sandbox.add('a', { tags: 'old' })
  await sandbox.add('b')
  const call = (command: string, tags?: string[]) => ask('image/tags', { command, tags, public_ids: ['a', 'b'] })
  t.match(await call('add', ['z', 'new']), { http: 200, ignored: null, public_ids: ['a', 'b'] })
  t.same(await tagsOf('a'), ['new', 'old', 'z'])
  await call('remove', ['old'])
  t.same(await tagsOf('a'), ['new', 'z'])
  await call('replace', ['only'])
  t.same([await tagsOf('a'), await tagsOf('b')], [['only'], ['only']])
  await call('remove_all')
  t.equal(await tagsOf('a'), undefined)
  t.match(await call('add'), { http: 400, error: { message: 'Missing required parameter - tag' } })
})

t.test('context and metadata calls take JSON as well: pairs as text or as a map', async (t) => {
  await sandbox.add('a')
  await ask('metadata_fields', { external_id: 'level', label: 'Level', type: 'integer' })
  t.match(await ask('image/context', { command: 'add', context: 'x=1|y=2', public_ids: ['a'] }), { http: 200, public_ids: ['a'] })
  t.match(await ask('image/metadata', { metadata: { level: 3 }, public_ids: ['a'] }), { http: 200, public_ids: ['a'] })
  t.match(await ask('resources/image/upload/a'), { context: { custom: { x: '1', y: '2' } }, metadata: { level: 3 } })
})

t.test('401: a signature over tags is made for an upload, and opens no other call', async (t) => {
  await sandbox.add('a', { tags: 'kept' })
  const timestamp = Math.floor(Date.now() / 1000)
  const signature = createHash('sha1').update(`tags=evil&timestamp=${timestamp}abcd`).digest('hex')
  const form = new URLSearchParams({ tags: 'evil', timestamp: String(timestamp), signature, api_key: '1234', public_ids: 'a' })
  const answer = await fetch(`${sandbox.url}/v1_1/demo/image/tags`, { method: 'POST', body: form })
  t.equal(answer.status, 401)
  t.same(await tagsOf('a'), ['kept'])
})

t.test('upload answers keep the order of tags, the Admin API sorts them', async (t) => {
  const answer = await sandbox.add('ordered', { tags: 'zebra,ant,mouse,ant' })
  t.same(answer['tags'], ['zebra', 'ant', 'mouse'])
  t.same((await ask('image/explicit', { public_id: 'ordered', type: 'upload', tags: 'b,a' }))['tags'], ['b', 'a'])
  t.same(await tagsOf('ordered'), ['a', 'b'])
  t.match(await ask('resources/image?tags=true&max_results=1'), { resources: [{ public_id: 'ordered', tags: ['a', 'b'] }] })
  t.match(await ask('resources/search', { expression: 'public_id=ordered', with_field: ['tags'] }), { resources: [{ tags: ['a', 'b'] }] })
})
