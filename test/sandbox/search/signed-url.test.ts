import { createHash } from 'node:crypto'
import t from 'tap'
import { startSandbox } from '../../../src/sandbox/index.ts'

const sandbox = await startSandbox()
t.teardown(() => sandbox.close())
await sandbox.add('cats/tom', { tags: 'kitten' })
await sandbox.add('cats/kit', { tags: 'kitten' })
await sandbox.add('dogs/rex', { tags: 'puppy' })

const sign = (ttl: string, query: string, secret = 'abcd') => createHash('sha256').update(ttl + query + secret).digest('hex')
const encode = (query: unknown) => Buffer.from(typeof query === 'string' ? query : JSON.stringify(query)).toString('base64')
async function get (path: string) {
  const answer = await fetch(`${sandbox.url}/${path}`)
  return { status: answer.status, headers: answer.headers, body: await answer.json() as Record<string, unknown> } // as everywhere in this API
}
const link = (query: unknown, ttl = '300') => `demo/search/${sign(ttl, encode(query))}/${ttl}/${encode(query)}`

t.test('200: the worked example of the vendor\'s client', async (t) => {
  const path = link({ expression: 'resource_type:image AND tags:kitten', max_results: 30, sort_by: [{ public_id: 'desc' }] })
  t.match(path, '/d7fc13a1c9eded196823987e7ed7e7bc60b4420c62ec5296555c82a41eb32774/300/')
  const { status, headers, body } = await get(path)
  t.match({ status, body }, { status: 200, body: { total_count: 2, resources: [{ public_id: 'cats/tom' }, { public_id: 'cats/kit' }] } })
  t.equal(headers.get('cache-control'), 'public, max-age=300')
  t.equal(headers.get('access-control-allow-origin'), '*')
})

t.test('200: page by page, with the cursor behind the query', async (t) => {
  const path = link({ expression: 'tags:kitten', max_results: 1, sort_by: [{ public_id: 'asc' }] }, '60')
  const first = await get(path)
  t.match(first.body, { total_count: 2, resources: [{ public_id: 'cats/kit' }], next_cursor: String })
  const last = await get(`${path}/${String(first.body['next_cursor'])}`)
  t.match(last.body, { resources: [{ public_id: 'cats/tom' }] })
  t.notOk('next_cursor' in last.body)
  t.match(await get(`${path}/none`), { status: 400, body: { error: { message: 'Invalid value for parameter next_cursor' } } })
})

t.test('200: slashes of the encoding may be sent as they are, or encoded', async (t) => {
  const query = { expression: 'tags:kitten', max_results: 1, sort_by: [{ public_id: 'asc' }], with_field: ['???>>>'] }
  t.match(encode(query), '/', 'there is one')
  const { body } = await get(link(query))
  for (const path of [link(query), `${link(query)}/${String(body['next_cursor'])}`, link(query).replace(encode(query), encodeURIComponent(encode(query)))]) t.match(await get(path), { status: 200, body: { total_count: 2 } })
})

t.test('401: a signature of something else, or an unknown cloud', async (t) => {
  const query = encode({ expression: 'tags:kitten' })
  for (const path of [`demo/search/${sign('300', query, 'wrong')}/300/${query}`, `demo/search/${sign('300', query)}/301/${query}`, `demo/search/${sign('300', query)}/300/${encode({})}`, 'demo/search/x/300', 'demo/search/x']) {
    const { status, headers, body } = await get(path)
    t.match({ status, body }, { status: 401, body: { error: { message: /^Invalid Signature/ } } }, path)
    t.match(headers.get('x-cld-error'), /^Invalid Signature/)
  }
  t.match(await get(`none/search/${sign('300', query)}/300/${query}`), { status: 401, body: { error: { message: 'cloud_name none is disabled' } } })
})

t.test('400: signed well, and no query', async (t) => {
  for (const query of ['no JSON', '[]', 'null', '"x"']) t.match(await get(link(query)), { status: 400, body: { error: { message: 'Invalid search query' } } }, query)
  t.match(await get(link({ expression: '*' })), { status: 400, body: { error: { message: /^Query Error/ } } })
  t.match(await get(link({}, 'soon')), { status: 400, body: { error: { message: 'Invalid value soon for parameter ttl' } } })
})
