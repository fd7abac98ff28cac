import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { buildApp } from '../../src/app.ts'
import { startFaultUpstream } from '../support/fault-upstream.ts'
import { environmentAt, startGateway, startGatewayAt, testConfig } from '../support/gateway.ts'

t.test('GET /resources', async (t) => {
  const { app, sandbox, url } = await startGateway(t)
  for (let number = 0; number < 12; number++) await sandbox.add(`cats/${String(number).padStart(2, '0')}`, { tags: ['cat'], context: `n=${number}` })
  await sandbox.add('dogs/rex')
  await sandbox.add('secret', { type: 'private' })
  const idsOf = (page: { resources: Array<{ public_id: string }> }): string[] => page.resources.map(({ public_id: id }) => id)

  t.test('200: ten assets a page, a cursor and a Link to the next page', async (t) => {
    const first = await app.inject('/resources?prefix=cats/')
    t.equal(first.json().resources.length, 10)
    const link = /^<([^>]+)>; rel="next"$/.exec(String(first.headers.link))?.[1]
    t.match(link, /^\/resources\?prefix=cats%2F&next_cursor=/)
    const second = await app.inject(link ?? '')
    t.equal(second.json().resources.length, 2)
    t.notOk(second.headers.link, 'the last page has no next')
    t.equal(new Set([...idsOf(first.json()), ...idsOf(second.json())]).size, 12)
  })

  t.test('200 without a Link that would be longer than 4 KiB: the cursor is in the body', async (t) => {
    const linkFor = async (length: number): Promise<string | undefined> => {
      const fields = [...Array.from({ length: 40 }, () => 'x'.repeat(94)), 'x'.repeat(length)]
      const { headers, body } = await app.inject(
        `/resources?prefix=cats/&max_results=1&fields=${fields.join(',')}`
      )
      t.ok((JSON.parse(body) as { next_cursor?: string }).next_cursor)
      return headers.link === undefined ? undefined : `link: ${String(headers.link)}\r\n`
    }
    const shortest = (await linkFor(1))?.length ?? 0
    const room = 4096 - shortest
    t.equal((await linkFor(1 + room))?.length, 4096)
    t.equal(await linkFor(2 + room), undefined)
  })

  t.test('200: flags bring what they name, and only that', async (t) => {
    const [plain] = (await app.inject('/resources?prefix=cats/&max_results=1')).json().resources
    t.notOk('tags' in plain || 'context' in plain)
    const [full] = (await app.inject('/resources?prefix=cats/&max_results=1&tags=true&context=true')).json().resources
    t.match(full, { tags: ['cat'], context: { custom: { n: /\d+/ } } })
  })

  t.test('200: named assets, as repeated fields, a JSON array or text', async (t) => {
    for (const query of ['public_ids=cats/00&public_ids=dogs/rex', 'public_ids=cats/00,dogs/rex', `public_ids=${encodeURIComponent('["cats/00","dogs/rex"]')}`, 'public_ids[]=cats/00&public_ids[]=dogs/rex']) {
      t.same(idsOf((await app.inject(`/resources?${query}`)).json()).sort(), ['cats/00', 'dogs/rex'], query)
    }
  })

  t.test('200: by tag, by moderation, by folder, each with a call of its own', async (t) => {
    await sandbox.add('tagged/signed', { type: 'authenticated', tags: ['rare/ü'] })
    await sandbox.add('tagged/public', { tags: ['rare/ü'], asset_folder: 'shown/here', moderation: 'manual' })
    await sandbox.add('tagged/clip', { resource_type: 'raw', asset_folder: 'shown/here' })
    const ids = async (query: Record<string, string>): Promise<string[]> => idsOf((await app.inject({ url: '/resources', query })).json()).sort()
    t.same(await ids({ tag: 'rare/ü' }), ['tagged/public', 'tagged/signed'])
    t.match(sandbox.requests.at(-1)?.path, '/v1_1/demo/resources/image/tags/rare%2F%C3%BC')
    t.same(await ids({ tag: 'rare/ü', type: 'authenticated' }), ['tagged/signed'], 'a type that is named is kept to')
    t.same(await ids({ tag: 'rare/ü', type: 'authenticated', fields: 'tags' }), ['tagged/signed'], 'with fields too')
    t.same(await ids({ tag: 'rare/ü', resource_type: 'raw' }), [])
    t.same(await ids({ moderation_kind: 'manual', moderation_status: 'pending' }), ['tagged/public'])
    t.same(await ids({ moderation_kind: 'manual', moderation_status: 'approved' }), [])
    t.same(await ids({ asset_folder: 'shown/here' }), ['tagged/clip', 'tagged/public'])
    t.same(await ids({ asset_folder: 'shown/here', resource_type: 'raw' }), ['tagged/clip'])
    t.equal((await app.inject('/resources?asset_folder=shown/here')).json().total_count, 2, 'untouched where nothing is chosen here')
    const first = await app.inject('/resources?tag=rare/%C3%BC&max_results=1')
    t.match(first.headers.link, /tag=rare%2F%C3%BC&max_results=1&next_cursor=/)
    const lines = await fetch(`${url}/resources?tag=cat&max_results=5`, { headers: { accept: 'application/x-ndjson' } })
    t.equal((await lines.text()).trimEnd().split('\n').length, 12, 'every page of it')
  })

  t.test('200: fields choose what is answered', async (t) => {
    const { resources: [first] } = (await app.inject('/resources?prefix=cats/&max_results=1&fields=tags,secure_url')).json()
    t.match(first, { public_id: /^cats/, tags: ['cat'], secure_url: /^http/ })
    t.notOk('bytes' in first)
    t.match(sandbox.requests.at(-1)?.fields, { fields: 'tags,secure_url' })
    t.match((await app.inject('/resources?fields=a%20b')).json(), { status: 400, errors: [{ pointer: '/fields/0' }] })
  })

  t.test('200 with advice: a prefix that finds nothing, where folders are dynamic', async (t) => {
    const before = sandbox.requests.length
    for (const query of ['prefix=nowhere/', 'prefix=nowhere', 'prefix=/']) {
      const { resources, advice } = (await app.inject(`/resources?${query}`)).json()
      t.same(resources, [])
      if (query === 'prefix=/') t.equal(advice, undefined, 'no folder')
      else t.match(advice, /asset_folder=nowhere/, query)
    }
    t.equal(sandbox.requests.slice(before).filter(({ path }) => path.includes('/config')).length, 1, 'the folder mode is asked for once')
    t.equal((await app.inject('/resources?prefix=cats/&max_results=1')).json().advice, undefined)
  })

  t.test('400: filters that no call of Cloudinary joins; words of other tools lead to ours', async (t) => {
    const before = sandbox.requests.length
    t.match((await app.inject('/resources?tag=a&asset_folder=b&prefix=c')).json(), { status: 400, errors: [{ pointer: '/asset_folder' }, { pointer: '/prefix' }] })
    t.match((await app.inject('/resources?moderation_kind=manual')).json(), { status: 400, errors: [{ pointer: '/moderation_status', message: 'is required beside moderation_kind' }] })
    for (const [word, ours] of [['folder', '"asset_folder" or "prefix"'], ['storage_type', '"type"'], ['include_tags', '"tags"'], ['include_context', '"context"']] as const) {
      t.match((await app.inject(`/resources?${word}=x`)).json(), { status: 400, errors: [{ message: `is not a field of this action; did you mean ${ours}?` }] }, word)
    }
    t.match((await app.inject('/url?Public%20ID=a')).json(), { errors: [{}, { message: /did you mean "public_id"/ }] })
    t.match((await app.inject('/signed-url?public_id=a&expiresAt=1')).json(), { errors: [{ message: /did you mean "expires_at"/ }] })
    t.equal(sandbox.requests.length, before)
  })

  t.test('200: another delivery type', async (t) => {
    t.same(idsOf((await app.inject('/resources?type=private')).json()), ['secret'])
  })

  t.test('200: every page as NDJSON, one asset a line', async (t) => {
    const answer = await fetch(`${url}/resources?prefix=cats/&max_results=5`, { headers: { accept: 'application/x-ndjson' } })
    t.equal(answer.headers.get('content-type'), 'application/x-ndjson')
    const lines = (await answer.text()).trimEnd().split('\n').map((line) => JSON.parse(line) as { public_id: string })
    t.equal(new Set(lines.map(({ public_id: id }) => id)).size, 12)
    const none = await fetch(`${url}/resources?prefix=nothing/`, { headers: { accept: 'application/x-ndjson' } })
    t.equal(await none.text(), '')
  })

  t.test('200: the form that `Accept` likes better, and a page as JSON where it likes both alike', async (t) => {
    const typeFor = async (accept: string) => (await fetch(`${url}/resources?prefix=cats/`, { headers: { accept } })).headers.get('content-type')
    for (const accept of ['application/json, application/x-ndjson;q=0', 'application/x-ndjson;q=0.5, application/json', 'application/x-ndjson, application/json', '*/*', 'text/html']) {
      t.match(await typeFor(accept), /^application\/json/, accept)
    }
    for (const accept of ['application/json;q=0.5, application/x-ndjson', 'APPLICATION/X-NDJSON', 'application/x-ndjson, */*;q=0.1']) t.equal(await typeFor(accept), 'application/x-ndjson', accept)
  })

  t.test('a stream that breaks is cut off, never ended as if it were whole', async (t) => {
    await sandbox.faults.add({ kind: 'html', status: 502, times: 9, match: { path: 'next_cursor=' } })
    const answer = await fetch(`${url}/resources?prefix=cats/&max_results=5`, { headers: { accept: 'application/x-ndjson' } })
    await t.rejects(answer.text())
    await sandbox.faults.clear()
  })

  t.test('400: every fault with its pointer', async (t) => {
    const problem = (await app.inject('/resources?max_results=501&direction=up&prefx=a')).json()
    t.match(problem, { status: 400, code: 'invalid_request' })
    t.same(problem.errors.map(({ pointer }: { pointer: string }) => pointer).sort(), ['/direction', '/max_results', '/prefx'])
    t.match((await app.inject('/resources?environment=prod')).json(), { status: 400, errors: [{ pointer: '/environment', message: /no such environment/ }] })
  })
})

/** A gateway before an upstream whose every page has a next one; what its log says from `error` on. */
async function startEndless (t: Test, beforeAnswer: (cursor: string | null) => Promise<void> | void = () => {}) {
  const upstream = createServer(async ({ url = '' }, response) => {
    await beforeAnswer(new URL(url, 'http://x').searchParams.get('next_cursor'))
    response.setHeader('content-type', 'application/json').end('{"resources":[{"public_id":"a"}],"next_cursor":"same"}')
  })
  await new Promise<void>((resolve) => { upstream.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => upstream.close())
  const { port } = upstream.address() as AddressInfo // it listens on a TCP port
  const log: string[] = []
  const logger = { level: 'error', stream: { write: (line: string) => { log.push(line) } } }
  const app = await buildApp({ config: testConfig([environmentAt(`http://127.0.0.1:${port}`)]), logger })
  t.teardown(() => app.close())
  return { app, log, url: `${await app.listen({ host: '127.0.0.1', port: 0 })}/resources`, headers: { accept: 'application/x-ndjson' } }
}

t.test('a cursor that leads to itself does not stream for ever; the log tells why a stream broke off', async (t) => {
  const { log, url, headers } = await startEndless(t)
  const answer = await fetch(url, { headers })
  await t.rejects(answer.text())
  t.match(log.map((line) => JSON.parse(line) as object), [{ reqId: String, msg: 'a streamed list broke off', err: { message: /same cursor twice/ } }])
})

t.test('200: pages that are too large for one write follow each other once they are taken', async (t) => {
  const upstream = await startFaultUpstream(t)
  const { app, url } = await startGatewayAt(t, upstream.url)
  await app.inject('/readyz')
  const pageOf = (id: string, cursor?: string): string =>
    JSON.stringify({ resources: [{ public_id: id, context: 'x'.repeat(100_000) }], next_cursor: cursor })
  upstream.script({ body: pageOf('a', 'b') }, { body: pageOf('b', 'c') }, { body: pageOf('c') })
  const answer = await fetch(`${url}/resources`, { headers: { accept: 'application/x-ndjson' } })
  t.same((await answer.text())
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { public_id: string }).public_id), ['a', 'b', 'c'])
})

t.test('a caller that leaves a stream is no fault', async (t) => {
  const leaving = new AbortController()
  const waits = new Promise<void>((resolve) => { leaving.signal.addEventListener('abort', () => resolve()) })
  const { app, log, url, headers } = await startEndless(t, (cursor) => cursor === null ? undefined : waits)
  const over = new Promise<void>((resolve) => { app.server.once('request', (_request, response: ServerResponse) => { response.on('close', resolve) }) })
  const answer = await fetch(url, { headers, signal: leaving.signal })
  await answer.body?.getReader().read()
  leaving.abort()
  await over
  t.same(log, [])
})

t.test('no advice where folders are fixed, or where Cloudinary does not say; 502 for an answer that is no list and must be filtered', async (t) => {
  const { app } = await startGateway(t, {}, { clouds: [{ cloudName: 'demo', apiKey: '1234', apiSecret: 'abcd', folderMode: 'fixed' }] })
  t.equal((await app.inject('/resources?prefix=nowhere/')).json().advice, undefined)

  const upstream = await startFaultUpstream(t)
  const other = await startGatewayAt(t, upstream.url)
  await other.app.inject('/readyz')
  upstream.script({ body: '{"resources":[]}' }, { status: 500 })
  t.same((await other.app.inject('/resources?prefix=nowhere/')).json(), { resources: [] })
  upstream.script({ status: 404, body: '{"error":{"message":"Can\'t find folder with path nowhere"}}' })
  t.match((await other.app.inject('/resources?asset_folder=nowhere')).json(), { status: 404, code: 'not_found', detail: /path nowhere/ }, 'a folder that is not there')
  // asked for again, as what is broken is
  upstream.script(...Array.from({ length: 4 }, () => ({ body: '{"folders":[]}' })))
  t.match((await other.app.inject('/resources?tag=a&type=private')).json(), { status: 502, code: 'upstream_failed' })
})
