import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { startGatewayAt } from '../support/gateway.ts'

/** Answers that are none, whatever was asked. */
const NEVER = [
  '', 'null', '[]', '"text"', '5', 'true', '[{"public_id":"a"}]', '{"public_id":}', '{"public_id":"a"', '{"a":1}{}',
  '{"error":null}', '{"error":[]}', '{"error":{"message":5}}', '{}', '{"other":1}'
]
const NO_ASSET = ['{"public_id":null}', '{"public_id":5}', '{"public_id":["a"]}', '{"public_id":{}}', '{"public_id":""}']
const NO_LIST = [
  ...['null', '{}', '"x"', '5', '[null]', '[[]]', '["a"]', '[{}]', '[{"public_id":null}]', '[{"public_id":"a"},7]'].map((list) => `{"resources":${list}}`),
  ...['5', 'true', '[]', '{}'].map((cursor) => `{"resources":[{"public_id":"a"}],"next_cursor":${cursor}}`),
  '{"resource_types":["image"]}'
]
const NO_RESULT = ['{"result":null}', '{"result":["ok"]}', '{"result":{}}', '{"result":true}', '{"result":"OK"}', '{"public_id":"a"}']
const NOT_STORED = [
  ...NO_ASSET, '{"public_id":"a","bytes":null}', '{"public_id":"a","bytes":"5"}', '{"public_id":"a","bytes":[]}',
  '{"public_id":"a","etag":5}', '{"done":false}', '{"status":"done"}'
]

/** Names of cases: they are good as an asset_id, too. */
const nameOf = (index: number): string => `c0de${index.toString(16).padStart(28, '0')}`
const NAME = /c0de[0-9a-f]{28}/

interface Asked { method: string, path: string, type?: string, body?: string, accept?: string }
interface Row {
  /** Bodies that are wrong for this route, besides those that always are. */
  wrong: readonly string[]
  /** The request of one case, which `name` tells from all others, also upstream; an asset_id has only hex digits. */
  ask: (name: string, gateway: string) => Asked | Promise<Asked>
  /** What is answered well before the wrong answer comes. */
  before?: (name: string) => { path: RegExp, body: string }
}

const json = (method: string, path: string, body: object): Asked => ({ method, path, type: 'application/json', body: JSON.stringify(body) })
const formOf = (fields: Record<string, string>) => Object.entries(fields).map(([name, value]) => `--x\r\nContent-Disposition: form-data; name="${name}"${name === 'file' ? '; filename="f.txt"' : ''}\r\n\r\n${value}\r\n`).join('') + '--x--\r\n'
const resolved = (name: string) => ({ path: new RegExp(`^GET .*/resources/${name}`), body: `{"public_id":"id-${name}","resource_type":"image","type":"upload"}` })
const NDJSON = 'application/x-ndjson'

const ROUTES: Readonly<Record<string, Row>> = {
  'GET /resources': { wrong: NO_LIST, ask: (name) => ({ method: 'GET', path: `/resources?prefix=${name}` }) },
  'GET /resources, by tag': { wrong: NO_LIST, ask: (name) => ({ method: 'GET', path: `/resources?tag=${name}&type=private` }) },
  'GET /resources, by folder': { wrong: NO_LIST, ask: (name) => ({ method: 'GET', path: `/resources?asset_folder=${name}` }) },
  'GET /resources, by moderation': { wrong: NO_LIST, ask: (name) => ({ method: 'GET', path: `/resources?moderation_kind=${name}&moderation_status=pending` }) },
  'GET /resources, streamed': { wrong: NO_LIST, ask: (name) => ({ method: 'GET', path: `/resources?prefix=${name}`, accept: NDJSON }) },
  'GET /resources/{public_id}': { wrong: NO_ASSET, ask: (name) => ({ method: 'GET', path: `/resources/${name}` }) },
  'GET /resources/{public_id}, any kind': { wrong: NO_ASSET, ask: (name) => ({ method: 'GET', path: `/resources/${name}?resource_type=auto` }) },
  'GET /assets/{asset_id}': { wrong: [...NO_ASSET, '{"public_id":"a","resource_type":null,"type":"upload"}', '{"public_id":"a","resource_type":"image"}'], ask: (name) => ({ method: 'GET', path: `/assets/${name}` }) },
  'PATCH /resources/{public_id}': { wrong: NO_ASSET, ask: (name) => json('PATCH', `/resources/${name}`, { tags: ['a'] }) },
  'PATCH /assets/{asset_id}': { wrong: NO_ASSET, ask: (name) => json('PATCH', `/assets/${name}`, { tags: ['a'] }), before: resolved },
  'DELETE /resources/{public_id}': { wrong: NO_RESULT, ask: (name) => ({ method: 'DELETE', path: `/resources/${name}` }) },
  'DELETE /assets/{asset_id}': { wrong: NO_RESULT, ask: (name) => ({ method: 'DELETE', path: `/assets/${name}` }), before: resolved },
  'POST /upload': { wrong: NOT_STORED, ask: (name) => ({ method: 'POST', path: '/upload', type: 'multipart/form-data; boundary=x', body: formOf({ public_id: name, file: 'bytes' }) }) },
  'POST /upload, raw bytes': { wrong: NOT_STORED, ask: (name) => ({ method: 'POST', path: `/upload?public_id=${name}`, type: 'application/octet-stream', body: 'bytes' }) },
  'POST /upload, by URL': { wrong: NOT_STORED, ask: (name) => json('POST', '/upload', { public_id: name, file: 'https://example.com/a.png' }) },
  'POST /direct-upload': { wrong: NOT_STORED, ask: signed }
}

/** A form that `POST /signature` has signed, with its file. */
async function signed (name: string, gateway: string): Promise<Asked> {
  const answer = await fetch(`${gateway}/signature`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ public_id: name }) })
  const { fields } = await answer.json() as { fields: Record<string, string> } // as it is documented
  return { method: 'POST', path: '/direct-upload', type: 'multipart/form-data; boundary=x', body: formOf({ ...fields, file: 'bytes' }) }
}

/** An upstream that answers each request as the name in it says: `answers` by name, others well. */
async function startUpstream (t: Test, answers: ReadonlyMap<string, string>, before: ReadonlyMap<string, { path: RegExp, body: string }>) {
  const seen: string[] = []
  const server = createServer(async (request, response) => {
    const line = `${request.method ?? ''} ${request.url ?? ''}`
    const all = `${line} ${await text(request)}`
    const name = NAME.exec(all)?.[0] ?? ''
    seen.push(line)
    const first = before.get(name)
    const body = first?.path.test(line) ? first.body : answers.get(name) ?? '{}'
    response.setHeader('content-type', 'application/json').end(body)
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => server.close())
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen } // it listens on TCP
}

/** So many at a time: uploads have few places. */
const AT_ONCE = 6

async function inParallel<T> (items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items]
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item)
  }))
}

t.test('502 for an answer of the wrong shape, on every route: never 500, nor a success with nothing in it', async (t) => {
  const cases = Object.entries(ROUTES).flatMap(([route, row]) => [...NEVER, ...row.wrong].map((answer) => ({ route, row, answer })))
    .map((one, index) => ({ ...one, name: nameOf(index) }))
  const answers = new Map(cases.map(({ name, answer }) => [name, answer]))
  const before = new Map(cases.flatMap(({ name, row }) => row.before ? [[name, row.before(name)] as const] : []))
  const upstream = await startUpstream(t, answers, before)
  const { url } = await startGatewayAt(t, upstream.url)
  await inParallel(cases, async ({ route, row, answer, name }) => {
    const { method, path, type, body, accept } = await row.ask(name, url)
    const headers = { ...type && { 'content-type': type }, ...accept && { accept } }
    const got = await fetch(url + path, { method, headers, ...body !== undefined && { body } })
    const problem = await got.json() as { code?: string, outcome?: string } // a problem, or the assertion below fails
    const isUpload = /upload/.test(route)
    t.match([got.status, problem.code, problem.outcome], [502, 'upstream_failed', isUpload ? 'unknown' : undefined], `${route}: ${answer}`)
  })
  const asked = new Set(upstream.seen.map((line) => NAME.exec(line)?.[0]))
  t.ok(cases.filter(({ route }) => !/upload/.test(route)).every(({ name, route }) => asked.has(name) || /DELETE/.test(route)), 'each of them was asked')
})

t.test('a stream whose next page has the wrong shape is cut off, and does not end as if it were whole', async (t) => {
  const cases = [...NEVER, ...NO_LIST].map((answer, index) => ({ answer, name: nameOf(index) }))
  const good = { path: /^GET (?!.*next_cursor)/, body: '{"resources":[{"public_id":"a"}],"next_cursor":"n"}' }
  const upstream = await startUpstream(t, new Map(cases.map(({ name, answer }) => [name, answer])), new Map(cases.map(({ name }) => [name, good])))
  const { url } = await startGatewayAt(t, upstream.url)
  await inParallel(cases, async ({ answer, name }) => {
    const got = await fetch(`${url}/resources?prefix=${name}`, { headers: { accept: NDJSON } })
    t.equal(got.status, 200)
    await t.rejects(got.text(), answer)
  })
})
