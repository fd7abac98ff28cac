import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { buildApp } from '../../../src/app.ts'
import { digestOf } from '../../../src/auth/policy/keys.ts'
import type { Config } from '../../../src/config/types.ts'
import type { UnreadAnswersOptions } from '../../../src/plugins/access/unread-answers.ts'
import { environmentAt, testConfig } from '../../support/gateway.ts'

const MIB = 1024 ** 2
const SHARE = 16 * MIB
const KEYS = {
  mode: 'keys',
  keys: [
    { caller: 'web', digest: digestOf('web-key') }, { caller: 'cms', digest: digestOf('cms-key') }
  ]
} as const

const GET = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${more}\r\n`

/** An upstream whose lists have `pages` pages of that many bytes; it counts those it was asked for. */
async function startLists (t: Test, pageBytes: number, pages = 1) {
  const filler =
    `[${`{"public_id":"a","context":"${'x'.repeat(1000)}"},`.repeat(Math.ceil(pageBytes / 1030)).slice(0, -1)}]`
  const counts = { lists: 0, others: 0 }
  const upstream = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://x')
    request.resume()
    response.setHeader('content-type', 'application/json')
    if (!pathname.includes('/resources/')) {
      counts.others++
      response.end('{"status":"ok","result":"ok"}')
      return
    }
    counts.lists++
    const page = Number(searchParams.get('next_cursor') ?? 1)
    response.end(`{"resources":${filler}${page < pages ? `,"next_cursor":"${page + 1}"` : ''}}`)
  })
  await once(upstream.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => { upstream.close() })
  return { url: `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`, counts } // it listens on TCP
}

interface Line { readonly msg: string, readonly status?: number, readonly route?: string }

/** A gateway whose log is kept, and sockets that say what they like and read when they like. */
async function start (
  t: Test, upstreamUrl: string,
  { unread, ...changes }: Partial<Config> & { unread?: UnreadAnswersOptions } = {}
) {
  const lines: Line[] = []
  const logger = {
    level: 'info', stream: { write: (line: string) => { lines.push(JSON.parse(line) as Line) } }
  }
  const app = await buildApp({
    config: testConfig([environmentAt(upstreamUrl)], changes), logger, ...(unread && { unread })
  })
  t.teardown(() => app.close())
  const { port } = new URL(await app.listen({ host: '127.0.0.1', port: 0 }))
  const open = (text: string): Socket => {
    const socket = connect(Number(port), '127.0.0.1', () => socket.write(text))
    t.teardown(() => socket.destroy())
    return socket.on('error', () => {})
  }
  /** Requests that are over, of all states or of one. */
  const answered = (status?: number): number =>
    lines.filter(({ msg, status: of }) => msg === 'request' && (status === undefined || of === status)).length
  const until = async (isSo: () => boolean): Promise<void> => { while (!isSo()) await sleep(5) }
  return { app, open, answered, until, url: `http://127.0.0.1:${port}` }
}

/** All that comes until the connection ends. */
async function textOf (socket: Socket): Promise<string> {
  const pieces: Buffer[] = []
  for await (const piece of socket) pieces.push(piece as Buffer)
  return Buffer.concat(pieces).toString()
}

const nothingWaits = ({ unreadAnswers: { waitingBytes, owners } }: FastifyInstance): boolean =>
  waitingBytes === 0 && owners === 0

t.test('four sockets pipeline 1,000 requests for a page each and never read', async (t) => {
  const { app, open, answered, url } = await start(t, 'http://127.0.0.1:9', { unread: { stallMs: 1_000 } })
  let most = 0
  const watching = setInterval(() => { most = Math.max(most, app.unreadAnswers.waitingBytes) }, 5)
  t.teardown(() => { clearInterval(watching) })
  const closed: Array<Promise<unknown>> = []
  app.server.on('connection', (socket) => { closed.push(once(socket, 'close')) })
  const sockets = [1, 2, 3, 4].map(() => open(GET('/openapi.json').repeat(1000)))
  await Promise.all(sockets.map((socket) => once(socket, 'connect')))
  t.equal(
    (await fetch(`${url}/healthz`, { headers: { connection: 'close' } })).status, 200,
    'a probe is answered meanwhile'
  )
  t.equal(closed.length, 5)
  await Promise.all(closed)
  t.same(nothingWaits(app), true)
  t.ok(most > 0 && most <= SHARE, `${most} bytes waited`)
  // Each connection had a few MB taken by the kernel, and sixteen requests under way when it was closed.
  t.ok(answered() >= 4 && answered() < 1000, `${answered()} of 4,000 ran`)
  t.equal((await fetch(`${url}/openapi.json`)).status, 200, 'the next caller is served')
})

t.test('a caller that reads gets each of 1,000 pipelined answers, in their order', async (t) => {
  const lists = await startLists(t, 100)
  const { open } = await start(t, lists.url)
  const requests = Array.from(
    { length: 1000 },
    (_, index) => GET(`/url?public_id=n${index}`, index === 999 ? 'Connection: close\r\n' : '')
  )
  const text = await textOf(open(requests.join('')))
  t.same(
    [...text.matchAll(/"public_id":"n(\d+)"/g)].map(([, index]) => Number(index)),
    Array.from({ length: 1000 }, (_, index) => index)
  )
})

t.test('what cannot be parsed ends its connection behind the answers of all requests before it, those that wait too', async (t) => {
  const { open } = await start(t, 'http://127.0.0.1:9')
  const text = await textOf(open(`${GET('/url?public_id=a').repeat(40)}no http at all\r\n\r\n`))
  t.equal(text.match(/HTTP\/1\.1 200 OK/g)?.length, 40)
  t.notMatch(text, /HTTP\/1\.1 400/)
})

t.test('eight readers of large lists that stop reading: what waits stays below a share, and 503 tells the others; a change is still answered', async (t) => {
  const lists = await startLists(t, 5 * MIB)
  const { app, open, answered, until, url } = await start(t, lists.url, {
    auth: { ...testConfig([]).auth, ...KEYS }
  })
  const list = GET('/resources', 'Authorization: Bearer web-key\r\n')
  const readers = Array.from({ length: 8 }, () => open(list))
  await until(() => answered(503) === 5)
  t.ok(app.unreadAnswers.waitingBytes > 10 * MIB &&
    app.unreadAnswers.waitingBytes <= SHARE, `${app.unreadAnswers.waitingBytes} bytes wait`)
  t.equal(app.unreadAnswers.owners, 2, 'of the address and of the caller')

  const refused = await fetch(`${url}/resources`, { headers: { authorization: 'Bearer cms-key' } })
  t.match(
    [refused.status, refused.headers.get('retry-after'), await refused.json()],
    [503, '5', { code: 'overloaded', retryable: true, detail: /wait to be read/ }],
    'its address has used its share up'
  )
  const asked = { method: 'DELETE', headers: { authorization: 'Bearer cms-key' } }
  t.equal((await fetch(`${url}/resources/a`, asked)).status, 200)
  t.equal(
    (await fetch(`${url}/url?public_id=a`, { headers: asked.headers })).status, 200,
    'nor does a small answer wait'
  )
  for (const reader of readers) reader.destroy()
  await until(() => nothingWaits(app))
  t.equal((await fetch(`${url}/resources`, { headers: asked.headers })).status, 200)
})

t.test('an owner whose share is used up is refused before anything is asked of Cloudinary, other addresses are not', async (t) => {
  const lists = await startLists(t, 6 * MIB)
  const { app, open, answered, until } = await start(t, lists.url, {
    unread: { maxBytes: 7 * MIB, maxBytesOfOne: 5 * MIB }, trustProxy: ['127.0.0.1']
  })
  const from = (address: string): string => `X-Forwarded-For: ${address}\r\n`
  open(GET('/resources', from('192.0.2.1')))
  await until(() => app.unreadAnswers.waitingBytes > 6 * MIB)
  const before = lists.counts.lists
  const inject = (remoteAddress: string, url = '/resources') =>
    app.inject({ url, headers: { 'x-forwarded-for': remoteAddress } })
  for (const url of ['/resources', '/url?public_id=a', '/openapi.json', '/docs/']) {
    t.equal((await inject('192.0.2.1', url)).statusCode, 503, url)
  }
  t.equal((await inject('192.0.2.1', '/healthz')).statusCode, 200)
  t.equal(lists.counts.lists, before)
  t.equal((await inject('192.0.2.2', '/url?public_id=a')).statusCode, 200)
  t.equal((await inject('192.0.2.2')).statusCode, 503, 'for a large answer all together have no room')
  t.equal(lists.counts.lists, before + 1)
  t.equal(
    (await inject('192.0.2.2', '/docs/static/page.js')).statusCode, 200, 'a stream needs little'
  )
  app.unreadAnswers.add([], MIB)
  t.equal((await inject('192.0.2.2', '/docs/static/page.js')).statusCode, 503, 'but not nothing')
  app.unreadAnswers.add([], -MIB)
  t.equal(answered(500), 0)
})

t.test('a list as NDJSON: the next page is fetched when the last has been read', async (t) => {
  const lists = await startLists(t, 6 * MIB, 4)
  const { app, open, answered, until, url } = await start(t, lists.url)
  const accept = { accept: 'application/x-ndjson' }
  const text = await (await fetch(`${url}/resources`, { headers: accept })).text()
  t.equal(lists.counts.lists, 4, 'a reader gets them all')
  t.equal(text.trimEnd().split('\n').length, Math.ceil(6 * MIB / 1030) * 4)
  await until(() => nothingWaits(app))

  lists.counts.lists = 0
  // Equal reads that meet would share one call.
  const stopped = [1, 2, 3].map((n) => open(GET(`/resources?prefix=${n}`, 'Accept: application/x-ndjson\r\n')))
  await until(() => lists.counts.lists >= 3 && answered(503) === 1)
  t.ok(app.unreadAnswers.waitingBytes > 14 * MIB &&
    app.unreadAnswers.waitingBytes <= SHARE, `${app.unreadAnswers.waitingBytes} bytes wait`)
  for (let request = 0; request < 100; request++) await (await fetch(`${url}/healthz`)).text()
  t.equal(lists.counts.lists, 3, 'one page for each of three readers that take none')
  for (const socket of stopped) socket.destroy()
  await until(() => nothingWaits(app))

  lists.counts.lists = 0
  t.equal((await fetch(`${url}/resources`, { method: 'HEAD', headers: accept })).status, 200)
  t.equal(lists.counts.lists, 1, 'HEAD needs one page')
})

t.test('200 stopped readers of NDJSON: what waits is bounded, and all of it is given back', async (t) => {
  const lists = await startLists(t, 100_000, 1000)
  const { app, open, answered, until } = await start(t, lists.url, { unread: { maxBytesOfOne: MIB } })
  const readers = Array.from(
    { length: 200 }, () => open(GET('/resources', 'Accept: application/x-ndjson\r\n'))
  )
  await until(() => answered(503) === 196)
  t.equal(app.unreadAnswers.waitingBytes, MIB, 'four streams, each with as much room as the smallest takes')
  for (const reader of readers) reader.destroy()
  await until(() => nothingWaits(app))
})

t.test('an answer to a caller that has left already does not wait', async (t) => {
  const lists = await startLists(t, 100_000, 2)
  const { app, open, answered, until } = await start(t, lists.url)
  let isLeft = false
  app.server.on('request', ({ socket }) => {
    if (!isLeft) socket.destroy()
  })
  const paths = ['/openapi.json', '/openapi.yaml', '/docs/static/page.js', '/nowhere']
  for (const path of paths) open(GET(path).repeat(16))
  await until(() => answered() >= paths.length)
  isLeft = true
  open(GET('/healthz', 'Connection: close\r\n'))
  await until(() => answered(200) === 1)
  t.ok(nothingWaits(app), `${app.unreadAnswers.waitingBytes} bytes wait`)
})

t.test('a page that outgrows its room ends the stream where others have the rest, and not where it is alone', async (t) => {
  const large = JSON.stringify({ resources: [{ public_id: 'a', context: 'x'.repeat(2 * MIB) }] })
  const small = (cursor: string): string =>
    JSON.stringify({ resources: [{ public_id: 'a' }], next_cursor: cursor })
  const held: Array<() => void> = []
  const upstream = createServer(({ url = '' }, response) => {
    const name = /prefix=(\w)/.exec(url)?.[1] ?? ''
    response.setHeader('content-type', 'application/json')
    if (!url.includes('next_cursor')) response.end(small(name))
    else if (name === 'a') held.push(() => { response.end(large) })
    else response.end(large)
  })
  await once(upstream.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => { upstream.close() })
  const { port } = upstream.address() as AddressInfo // it listens on TCP
  const { url, app, until } = await start(t, `http://127.0.0.1:${port}`, { unread: { maxBytesOfOne: MIB } })
  const list = (prefix: string) =>
    fetch(`${url}/resources?prefix=${prefix}`, { headers: { accept: 'application/x-ndjson' } })
  const first = await list('a')
  await until(() => held.length === 1)
  const second = await list('b')
  t.equal(second.status, 200)
  await t.rejects(second.text())
  held[0]?.()
  t.equal((await first.text()).split('\n').length, 3)
  await until(() => nothingWaits(app))
})
