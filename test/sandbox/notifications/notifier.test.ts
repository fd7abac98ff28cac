import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { MemoryBlobs } from '../../../src/sandbox/store/blobs-memory.ts'
import { MemoryJournal } from '../../../src/sandbox/store/journal.ts'
import { Notifier, type NotifierOptions } from '../../../src/sandbox/notifications/notifier.ts'
import { post as send } from '../../../src/sandbox/notifications/post.ts'
import { randomSource } from '../../../src/sandbox/random.ts'
import { startSandbox, type SandboxOptions } from '../../../src/sandbox/index.ts'
import { Store } from '../../../src/sandbox/store/store.ts'

const basic = { authorization: `Basic ${btoa('1234:abcd')}` }

/** A sandbox, and somebody who listens to it and answers with `statuses`, then with 200. */
async function start (t: Test, statuses: number[] = [], options: SandboxOptions = {}) {
  const heard: { type: string, body: Record<string, unknown>, fits: boolean }[] = []
  const listeners = new Set<() => void>()
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
      const text = Buffer.concat(chunks).toString()
      const signed = createHash('sha1').update(`${text}${request.headers['x-cld-timestamp']}abcd`).digest('hex')
      const body = JSON.parse(text) as Record<string, unknown> // what the sandbox sends is an object
      heard.push({ type: String(body.notification_type), body, fits: signed === request.headers['x-cld-signature'] })
      response.writeHead(statuses.shift() ?? 200).end()
      for (const listener of listeners) listener()
    })
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => server.close())
  const sandbox = await startSandbox({ allowPrivateFetch: true, notificationRetryMs: [5, 5, 5], ...options })
  t.teardown(() => sandbox.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook` // a TCP server
  const post = async (path: string, body: Record<string, string>) => (await fetch(`${sandbox.url}/v1_1/demo/${path}`, { method: 'POST', headers: basic, body: new URLSearchParams(body) })).json()
  const until = (count: number) => new Promise<void>((resolve) => {
    const check = () => { if (heard.length >= count) resolve() }
    listeners.add(check)
    check()
  })
  return { sandbox, url, heard, post, until }
}

t.test('upload, eager, rename, moderation and delete are told, signed', async (t) => {
  const { sandbox, url, heard, post, until } = await start(t)
  await sandbox.add('a', { notification_url: url, eager: 'c_scale,w_2', eager_async: 'true' })
  await until(2)
  await post('image/rename', { from_public_id: 'a', to_public_id: 'b', notification_url: url })
  await until(3)
  await post('resources/image/upload/b', { moderation_status: 'approved', notification_url: url })
  await until(4)
  await post('image/destroy', { public_id: 'b', notification_url: url })
  await until(5)
  t.ok(heard.every(({ fits }) => fits))
  t.same(heard.slice(0, 2).map(({ type }) => type).sort(), ['eager', 'upload'])
  t.match(heard.find(({ type }) => type === 'upload')?.body, { public_id: 'a', etag: String, timestamp: /\+00:00$/, request_id: /^[0-9a-f]{32}$/ })
  t.match(heard.find(({ type }) => type === 'eager')?.body, { public_id: 'a', eager: [{ transformation: 'c_scale,w_2', width: 2 }], batch_id: String })
  t.match(heard.slice(2).map(({ body }) => body), [
    { notification_type: 'rename', from_public_id: 'a', to_public_id: 'b' },
    { notification_type: 'moderation', public_id: 'b', moderation_status: 'approved' },
    { notification_type: 'delete', resources: [{ public_id: 'b' }] }
  ])
})

t.test('three more tries when the answer is not 200', async (t) => {
  const { sandbox, url, heard, until } = await start(t, [500, 302, 404])
  await sandbox.add('a', { notification_url: url })
  await until(4)
  t.same(new Set(heard.map(({ body }) => body.request_id)).size, 1)
})

/** A server that answers with `statuses`, one by one; 0 closes the connection, -1 says nothing at all. */
async function receiver (t: Test, statuses: number[]) {
  const got: { text: string, timestamp: string, signature: string, path: string }[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
      got.push({ text: Buffer.concat(chunks).toString(), timestamp: String(request.headers['x-cld-timestamp']), signature: String(request.headers['x-cld-signature']), path: request.url ?? '' })
      const status = statuses.shift() ?? 200
      if (status === 0) request.socket.destroy()
      if (status > 0) response.writeHead(status, status === 302 ? { location: '/elsewhere' } : {}).end('what it says does not count')
    })
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { got, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook` } // a TCP server
}

/** A notifier whose clock goes on by what it waits, at once. */
async function quickNotifier (options: Partial<NotifierOptions> = {}) {
  let nowMs = 1_700_000_000_000
  const waits: number[] = []
  const store = await Store.open(new MemoryJournal(), new MemoryBlobs())
  const notifier = new Notifier({
    store,
    clock: () => nowMs,
    random: randomSource(1),
    allowPrivate: true,
    timeoutMs: 20_000,
    retryAfterMs: [180_000, 360_000, 540_000],
    onError: (error) => { throw error },
    wait: async (ms) => {
      waits.push(ms)
      nowMs += ms
    },
    ...options
  })
  return { notifier, waits }
}
const CLOUD = { cloudName: 'demo', apiKey: '1234', apiSecret: 'abcd' }

t.test('the rule of the vendor, step by step: 3, 6 and 9 minutes after the first try, then never again', async (t) => {
  const cases: [string, number[], number][] = [
    ['200 at once', [200], 1],
    ['200 at the second try', [500, 200], 2],
    ['200 at the third try', [404, 302, 200], 3],
    ['201 is no 200, nor is 204', [201, 204, 200], 3],
    ['200 at the last try', [500, 500, 500, 200], 4],
    ['given up', [500, 500, 500, 500, 200], 4],
    ['a connection that is cut is no answer', [0, 0, 200], 3]
  ]
  for (const [title, statuses, tries] of cases) {
    const { got, url } = await receiver(t, statuses)
    const { notifier, waits } = await quickNotifier()
    notifier.notify(CLOUD, 'upload', url, { public_id: 'p' })
    await notifier.settle()
    t.equal(got.length, tries, title)
    t.same(waits, Array(tries - 1).fill(180_000), `${title}: three minutes between two tries`)
    t.equal(new Set(got.map(({ text }) => text)).size, 1, `${title}: the same bytes each time`)
    t.same(got.map(({ timestamp }) => Number(timestamp)), got.map((_, index) => 1_700_000_000 + index * 180), `${title}: dated by its own try`)
    for (const { text, timestamp, signature } of got) t.equal(signature, createHash('sha1').update(`${text}${timestamp}abcd`).digest('hex'), `${title}: signed for that date`)
    t.ok(got.every(({ path }) => path === '/hook'), `${title}: no redirect is followed`)
  }
})

t.test('no answer in time is no answer; nobody at home neither', async (t) => {
  const { got, url } = await receiver(t, [-1, 200])
  const slow = await quickNotifier({ timeoutMs: 50 })
  slow.notifier.notify(CLOUD, 'upload', url, {})
  await slow.notifier.settle()
  t.equal(got.length, 2)
  const gone = createServer()
  await new Promise<void>((resolve) => { gone.listen(0, '127.0.0.1', resolve) })
  const { port } = gone.address() as AddressInfo // a TCP server
  await new Promise((resolve) => { gone.close(resolve) })
  const alone = await quickNotifier()
  alone.notifier.notify(CLOUD, 'upload', `http://127.0.0.1:${port}/`, {})
  await alone.notifier.settle()
  t.equal(alone.waits.length, 3)
})

t.test('SHA-256 where the cloud signs so; giving up ends the waiting', async (t) => {
  const { got, url } = await receiver(t, [200, 500])
  const { notifier } = await quickNotifier({ wait: (_ms, signal) => new Promise((resolve) => { signal.addEventListener('abort', resolve) }) })
  notifier.notify({ ...CLOUD, signatureAlgorithm: 'sha256' }, 'upload', url, {})
  await notifier.settle()
  t.equal(got[0]?.signature, createHash('sha256').update(`${got[0]?.text}${got[0]?.timestamp}abcd`).digest('hex'))
  notifier.notify(CLOUD, 'upload', url, {})
  await notifier.abandon()
  t.ok(got.length <= 2, 'no try after it was given up')
})

const BROKEN = 'data:image/gif;base64,bm8='
const PIXEL = 'data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7'

t.test('an asynchronous upload that comes to nothing is told as an error, signed; one that does as an upload', async (t) => {
  const { url, heard, post, until } = await start(t)
  const pending = await post('image/upload', { file: BROKEN, public_id: 'never', async: 'true', notification_url: url }) as { batch_id: string } // the pending answer
  await until(1)
  t.match(heard, [{ fits: true, body: { notification_type: 'error', error: { message: 'Invalid image file' }, public_id: 'never', resource_type: 'image', type: 'upload', batch_id: pending.batch_id } }])
  t.notOk('status' in (heard[0]?.body ?? {}), 'it is pending no more')
  await post('image/upload', { file: PIXEL, public_id: 'there', async: 'true', notification_url: url })
  await until(2)
  t.match(heard[1], { fits: true, body: { notification_type: 'upload', public_id: 'there', bytes: 42 } })
  await post('image/upload', { file: PIXEL, public_id: 'eager', async: 'true', eager: 'w_x', notification_url: url })
  await until(3)
  t.match(heard[2], { fits: true, body: { notification_type: 'error', error: { message: 'Invalid width in transformation: x' }, public_id: 'eager' } })
  t.match(await post('image/upload', { file: PIXEL, async: 'true', notification_url: 'nonsense' }), { error: { message: /^Invalid value nonsense/ } }, 'an address that is none is refused at once')
})

t.test('eager transformations after the answer: each tells how it went, and one that fails keeps no other back', async (t) => {
  const { sandbox, url, heard, post, until } = await start(t)
  const answer = await post('image/upload', { file: PIXEL, public_id: 'some', eager: 'c_scale,w_2|w_x|c_scale,w_3/png', eager_async: 'true', eager_notification_url: url }) as { eager: object[] } // an upload answer
  t.equal(answer.eager.length, 3)
  await until(1)
  t.match(heard[0], {
    fits: true,
    body: { notification_type: 'eager', public_id: 'some', eager: [{ transformation: 'c_scale,w_2', width: 2 }, { transformation: 'w_x', status: 'failed', reason: 'Invalid width in transformation: x' }, { transformation: 'c_scale,w_3/png', format: 'png' }] }
  })
  const { derived } = await (await fetch(`${sandbox.url}/v1_1/demo/resources/image/upload/some`, { headers: basic })).json() as { derived: object[] } // the details
  t.equal(derived.length, 2)
})

t.test('explicit, asynchronous: told when it is done, or why it is not', async (t) => {
  const { sandbox, url, heard, post, until } = await start(t)
  await sandbox.add('x')
  t.match(await post('image/explicit', { public_id: 'x', type: 'upload', async: 'true', tags: 'new', eager: 'c_scale,w_2', notification_url: url }), { status: 'pending', public_id: 'x' })
  await until(1)
  t.match(heard[0], { fits: true, body: { notification_type: 'upload', public_id: 'x', tags: ['new'], eager: [{ width: 2 }] } })
  await post('image/explicit', { public_id: 'x', type: 'upload', async: 'true', eager: 'w_x', notification_url: url })
  await until(2)
  t.match(heard[1], { fits: true, body: { notification_type: 'error', public_id: 'x', error: { message: 'Invalid width in transformation: x' } } })
})

t.test('triggers: of one type or of all, beside the address of a call when they are additive', async (t) => {
  const { sandbox, url, heard, post, until } = await start(t)
  await post('triggers', { uri: `${url}?additive`, event_type: 'delete', additive: 'true' })
  await post('triggers', { uri: `${url}?errors`, event_type: 'error' })
  await sandbox.add('a')
  await post('image/destroy', { public_id: 'a', notification_url: url })
  await until(2)
  t.same(heard.map(({ type }) => type), ['delete', 'delete'])
  await post('image/upload', { file: BROKEN, async: 'true' })
  await until(3)
  t.match(heard[2], { type: 'error', fits: true })
  await post('triggers', { uri: `${url}?all`, event_type: 'all' })
  await sandbox.add('b')
  await until(4)
  t.match(heard[3], { type: 'upload', body: { public_id: 'b' } })
})

t.test('triggers: told about everything of their type, unless the call names an address', async (t) => {
  const { sandbox, url, heard, post, until } = await start(t)
  t.match(await post('triggers', { uri: `${url}/global`, event_type: 'upload' }), { id: String, event_type: 'upload' })
  await sandbox.add('a')
  await until(1)
  t.equal(heard[0]?.body.public_id, 'a')
  await sandbox.add('b', { notification_url: url })
  await until(2)
  t.equal(heard.length, 2, 'only the address of the call')
})

t.test('a private address is not told by default', async (t) => {
  const { url, heard } = await start(t)
  const options = { headers: {}, body: '{}', timeoutMs: 30_000, signal: new AbortController().signal }
  await t.rejects(send(url, { ...options, allowPrivate: false }), { message: 'it leads to this machine or a private network' })
  await t.rejects(send(url.replace('127.0.0.1', 'localhost.'), { ...options, allowPrivate: false }))
  t.equal(heard.length, 0)
  t.equal(await send(url, { ...options, allowPrivate: true }), 200, 'the control case arrives')
})

t.test('400: an address that is no URL, and nothing is stored', async (t) => {
  const { sandbox, post } = await start(t)
  const file = 'data:text/plain;base64,aGVsbG8='
  t.match(await post('raw/upload', { file, public_id: 'x', notification_url: 'nonsense' }), { error: { message: 'Invalid value nonsense for parameter notification_url' } })
  t.match(await (await fetch(`${sandbox.url}/v1_1/demo/resources/raw`, { headers: basic })).json(), { resources: [] })
})
