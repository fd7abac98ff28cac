import { once } from 'node:events'
import { createServer as createHttpServer, type ServerResponse } from 'node:http'
import { createServer, type AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { AnswerRoom } from '../../../src/cloudinary/upstream/answer-room.ts'
import { Transport, TransportError, type UpstreamReply, type UpstreamRequest } from '../../../src/cloudinary/upstream/transport.ts'
import { GatewayError } from '../../../src/errors.ts'
import { Secret } from '../../../src/secret.ts'
import { startNameProxy } from '../../support/name-proxy.ts'
import { startFaultUpstream, type FaultUpstream } from '../../support/fault-upstream.ts'
import { testConfig } from '../../support/gateway.ts'

const { upstream: limits } = testConfig([])
const never = new AbortController().signal

function transportTo (t: Test, origin: string, changes: Partial<typeof limits> = {}, jsonConnections = 2): Transport {
  const transport = new Transport({ origin, limits: { ...limits, ...changes }, jsonConnections })
  t.teardown(() => transport.close())
  return transport
}

async function started (t: Test, changes: Partial<typeof limits> = {}): Promise<{ upstream: FaultUpstream, send: (request?: Partial<UpstreamRequest>) => Promise<UpstreamReply> }> {
  const upstream = await startFaultUpstream(t)
  const transport = transportTo(t, upstream.url, changes)
  return { upstream, send: async (request = {}) => transport.send({ method: 'GET', path: '/', headers: {}, lane: 'json', signal: never, ...request }) }
}

async function * chunks (count: number, size = 65_536): AsyncGenerator<Buffer> {
  for (let index = 0; index < count; index++) yield Buffer.alloc(size)
}

const isFault = (fault: string): { name: string, fault: string } => ({ name: 'TransportError', fault })

t.test('sends what it is given and nothing else, and reads the whole answer', async (t) => {
  const { upstream, send } = await started(t)
  const reply = await send({ method: 'POST', path: '/a%2Fb?c=d', headers: { 'content-type': 'text/plain' }, body: Buffer.from('hello') })
  t.equal(reply.status, 200)
  t.equal(reply.headers['x-request-id'], 'ab12')
  t.match(JSON.parse(reply.body.toString()), { type: 'upload' })
  t.match(upstream.seen[0], { method: 'POST', url: '/a%2Fb?c=d', bytes: 5, end: 'complete' })
  const names = upstream.seen[0]?.rawHeaders.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase()).sort()
  t.same(names, ['connection', 'content-length', 'content-type', 'host'])
})

t.test('connections are kept and used again, in each lane of its own', async (t) => {
  const { upstream, send } = await started(t)
  for (let index = 0; index < 5; index++) await send()
  const json = upstream.connectionsMade
  t.ok(json <= 2)
  await send({ method: 'POST', lane: 'upload', body: chunks(2) })
  t.equal(upstream.connectionsMade, json + 1)
})

t.test('P2: what undici would refuse never reaches it, so that no connection slot is lost', async (t) => {
  const { upstream, send } = await started(t)
  const bad: Array<Partial<UpstreamRequest>> = [
    { path: '/a b' }, { path: 'http://evil/' }, { path: '/é' }, { path: '/a\r\nX: 1' }, { headers: { expect: '100-continue' } }, { headers: { 'transfer-encoding': 'chunked' } },
    { headers: { upgrade: 'x' } }, { headers: { authorization: 'a\r\nb' } }, { headers: { 'content-range': 'é' } }, { headers: { host: 'evil' } }, { headers: { cookie: 'a' } }
  ]
  for (let round = 0; round < 20; round++) {
    for (const request of bad) await t.rejects(send(request), TypeError)
  }
  t.equal(upstream.seen.length, 0)
  const replies = await Promise.all(Array.from({ length: 6 }, async () => send()))
  t.same(replies.map(({ status }) => status), [200, 200, 200, 200, 200, 200], 'the pool of two still serves')
})

t.test('U1: a refused connection and an unknown name are told apart from a failed request: nothing was sent', async (t) => {
  const closed = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => { closed.on('listening', resolve) })
  const { port } = closed.address() as AddressInfo // it listens on TCP
  await new Promise((resolve) => { closed.close(resolve) })
  for (const origin of [`http://127.0.0.1:${port}`, 'http://name.invalid']) {
    const transport = transportTo(t, origin)
    const error = await transport.send({ method: 'GET', path: '/', headers: {}, lane: 'json', signal: never }).catch((error: unknown) => error)
    t.match(error, { fault: 'unreachable', beforeSend: true }, origin)
  }
  t.equal(new TransportError('cut').beforeSend, false)
  t.equal(new TransportError('connect_timeout').beforeSend, true)
})

t.test('a connection that ends before it is encrypted has carried nothing, with and without a proxy', async (t) => {
  const bytes: Buffer[] = []
  // It answers like a proxy that connects, and closes on the first byte of TLS.
  const server = createServer((socket) => {
    socket.on('error', () => {}).on('data', (chunk: Buffer) => {
      bytes.push(chunk)
      if (chunk[0] === 22) socket.end()
      else socket.write('HTTP/1.1 200 Connected\r\n\r\n')
    })
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => { server.on('listening', resolve) })
  t.teardown(() => { server.close() })
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}` // it listens on TCP
  const proxied = new Transport({ origin: 'https://media.test', limits, proxy: { address, url: new Secret(`http://${address}`) } })
  t.teardown(() => proxied.close())
  for (const transport of [transportTo(t, `https://${address}`), proxied]) {
    const sent = transport.send({ method: 'POST', path: '/', headers: {}, lane: 'upload', body: chunks(1), signal: never })
    await t.rejects(sent, { ...isFault('unreachable'), beforeSend: true })
  }
  t.same(bytes.map(([first = 0]) => String.fromCharCode(first)), ['\x16', 'C', '\x16'])
})

t.test('U4: a server without the expected certificate gets nothing', async (t) => {
  const plain = createServer((socket) => { socket.on('error', () => {}).end('HTTP/1.1 200 OK\r\n\r\n') }).listen(0, '127.0.0.1')
  await new Promise((resolve) => { plain.on('listening', resolve) })
  t.teardown(() => { plain.close() })
  const transport = transportTo(t, `https://127.0.0.1:${(plain.address() as AddressInfo).port}`) // it listens on TCP
  await t.rejects(transport.send({ method: 'GET', path: '/', headers: {}, lane: 'json', signal: never }), isFault('tls'))
})

t.test('U5, U6, U12: a connection that is cut: before the answer, within it, and while the body is sent', async (t) => {
  const { upstream, send } = await started(t)
  upstream.script({ act: 'reset' }, { act: 'fin' }, { partial: 5, cut: true }, { at: 100_000, act: 'reset' }, { at: 100_000, act: 'fin' })
  for (let index = 0; index < 3; index++) await t.rejects(send(), isFault('cut'))
  for (let index = 0; index < 2; index++) await t.rejects(send({ method: 'POST', lane: 'upload', body: chunks(500) }), isFault('cut'))
  t.match(await upstream.ended(4), { end: 'aborted' })
})

t.test('U9, U10: a silent upstream, and one that stops within its answer', async (t) => {
  const { upstream, send } = await started(t, { headersTimeoutMs: 100, bodyTimeoutMs: 100 })
  upstream.script({ act: 'silent' }, { partial: 5 })
  await t.rejects(send(), isFault('timeout'))
  await t.rejects(send(), isFault('timeout'))
})

t.test('U11: an answer that drips', async (t) => {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n')
    const drip = setInterval(() => { socket.write('x') }, 10)
    socket.on('close', () => { clearInterval(drip) })
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => { server.on('listening', resolve) })
  t.teardown(() => { server.close() })
  const transport = transportTo(t, `http://127.0.0.1:${(server.address() as AddressInfo).port}`, { bodyTimeoutMs: 100 }) // it listens on TCP
  await t.rejects(transport.send({ method: 'GET', path: '/', headers: {}, lane: 'json', signal: never }), isFault('timeout'))
})

t.test('U16: an answer that is too large, or no HTTP', async (t) => {
  const { upstream, send } = await started(t, { maxAnswerBytes: 1000 })
  upstream.script({ body: 'x'.repeat(1001) }, { raw: 'SSH-2.0-OpenSSH\r\n' }, { raw: 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx' })
  await t.rejects(send(), isFault('too_large'))
  await t.rejects(send(), isFault('broken'))
  await t.rejects(send(), isFault('broken'))
  t.equal((await send()).status, 200)
})

t.test('U22: informational answers are passed over; repeated headers count once', async (t) => {
  const { upstream, send } = await started(t)
  upstream.script({ raw: 'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nX-A: 1\r\nX-A: 2\r\nContent-Length: 2\r\n\r\n{}' })
  t.match(await send(), { status: 200, headers: { 'x-a': '1', link: undefined } })
})

t.test('U15: a redirect is an answer; nobody goes there', async (t) => {
  const { upstream, send } = await started(t)
  const elsewhere = await startFaultUpstream(t)
  upstream.script({ status: 302, headers: { location: `${elsewhere.url}/` } })
  t.equal((await send()).status, 302)
  t.equal(elsewhere.connectionsMade, 0)
})

t.test('M19: a caller that leaves ends the request at once: before, while waiting for a connection, while sending', async (t) => {
  const { upstream, send } = await started(t)
  await t.rejects(send({ signal: AbortSignal.abort() }), isFault('aborted'))
  const leaving = new AbortController()
  upstream.script({ act: 'silent' }, { act: 'silent' })
  const running = Array.from({ length: 3 }, async () => send({ signal: leaving.signal })) // the third has no connection yet
  setTimeout(() => leaving.abort(), 50)
  for (const each of running) await t.rejects(each, isFault('aborted'))
  t.equal((await send()).status, 200, 'and the slots are free again')
  const sending = new AbortController()
  async function * endless (): AsyncGenerator<Buffer> {
    yield * chunks(10)
    await upstream.received(1)
    sending.abort()
    yield * chunks(1000)
  }
  await t.rejects(send({ method: 'POST', lane: 'upload', body: endless(), signal: sending.signal }), isFault('aborted'))
  t.match(await upstream.ended(), { end: 'aborted' }, 'upstream saw no end')
})

t.test('a body whose source fails has no end upstream, and its own error is the reason', async (t) => {
  const { upstream, send } = await started(t)
  const failure = new Error('limit')
  async function * failing (): AsyncGenerator<Buffer> {
    yield * chunks(3)
    await upstream.received(1)
    throw failure
  }
  await t.rejects(send({ method: 'POST', lane: 'upload', body: failing() }), { fault: 'body', cause: failure })
  t.match(await upstream.ended(), { end: 'aborted' })
  await t.rejects(send({ method: 'POST', lane: 'upload', headers: { 'content-length': '5' }, body: chunks(1) }), isFault('broken'), 'a length that does not fit')
})

t.test('U7, U8: an early answer is passed on while the body is still being sent, and the pool stays usable', async (t) => {
  const { upstream, send } = await started(t)
  for (let round = 0; round < 20; round++) {
    upstream.script({ at: 100_000, status: 401 })
    const reply = await send({ method: 'POST', lane: 'upload', body: chunks(200) })
    t.equal(reply.status, 401)
  }
  t.equal((await send({ method: 'POST', lane: 'upload', body: chunks(1) })).status, 200)
})

t.test('U3: a connection that cannot be made in time', async (t) => {
  const mute = createServer((socket) => { socket.on('error', () => {}) }).listen(0, '127.0.0.1') // takes the connection and never shakes hands
  await new Promise((resolve) => { mute.on('listening', resolve) })
  t.teardown(() => { mute.close() })
  const transport = transportTo(t, `https://127.0.0.1:${(mute.address() as AddressInfo).port}`, { connectTimeoutMs: 100 }) // it listens on TCP
  const error = await transport.send({ method: 'GET', path: '/', headers: {}, lane: 'json', signal: never }).catch((error: unknown) => error)
  t.match(error, { fault: 'connect_timeout', beforeSend: true })
})

t.test('through a proxy: the same answers and bytes, and a refusal means that nothing was sent', async (t) => {
  const upstream = await startFaultUpstream(t)
  let refusal: number | undefined
  const proxy = await startNameProxy(t, { names: { 'media.test': Number(new URL(upstream.url).port) }, refuse: () => refusal })
  const proxied = { address: `127.0.0.1:${proxy.port}`, url: new Secret(proxy.url) }
  const transport = (origin: string) => {
    const made = new Transport({ origin, limits, proxy: proxied })
    t.teardown(() => made.close())
    return made
  }
  const plain = transport('http://media.test')
  const get = { method: 'GET', path: '/a', headers: {}, lane: 'json', signal: never } as const
  t.equal((await plain.send(get)).status, 200)
  t.equal((await plain.send({ ...get, method: 'POST', lane: 'upload', body: chunks(40) })).status, 200)
  t.match(upstream.seen, [{ url: '/a', end: 'complete' }, { bytes: 40 * 65_536, end: 'complete' }])
  t.same(proxy.asked, ['GET http://media.test/a', 'POST http://media.test/a'])
  refusal = 407
  const refused = { ...isFault('proxy'), beforeSend: true, isFinal: true, cause: { status: 407 } }
  for (const origin of ['http://media.test', 'https://media.test']) await t.rejects(transport(origin).send(get), refused, origin)
  refusal = undefined
  upstream.script({ status: 401 })
  t.equal((await plain.send(get)).status, 401, 'Cloudinary\'s own, in JSON')
  refusal = 403
  await t.rejects(plain.send(get), { ...isFault('proxy'), cause: { status: 403 } })
  refusal = 502
  t.equal((await plain.send(get)).status, 502, 'an answer in place of the origin\'s cannot be told from it')
  await t.rejects(transport('https://media.test').send(get), { ...isFault('proxy'), beforeSend: true, isFinal: false })
  t.equal(upstream.seen.length, 3)
  upstream.script({ status: 407 })
  t.equal((await transportTo(t, upstream.url).send(get)).status, 407, 'without a proxy it is an answer like any other')
})

t.test('a request that is no longer wanted when a connection takes it is given up, and the connection goes on', async (t) => {
  const { upstream, send } = await started(t)
  const waiting = Array.from({ length: 2 }, async () => send({ path: '/first' }))
  let starts = 0
  const onStart = (): void => {
    starts++
    throw new GatewayError('upstream_unavailable', 'It is gone.')
  }
  await t.rejects(send({ path: '/second', onStart }), { name: 'GatewayError', code: 'upstream_unavailable' })
  await Promise.all(waiting)
  for (let index = 0; index < 5; index++) await t.rejects(send({ path: '/second', onStart }), { code: 'upstream_unavailable' })
  t.equal(starts, 6)
  t.equal((await send({ path: '/third', onStart: () => {} })).status, 200)
  t.same(upstream.seen.map(({ url }) => url), ['/first', '/first', '/third'])
})

t.test('large answers that arrive at the same time share a room: what does not fit is refused, and the connection serves again', async (t) => {
  const answers: ServerResponse[] = []
  const server = createHttpServer((_request, response) => { answers.push(response) })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => { server.closeAllConnections(); server.close() })
  const answerRoom = new AnswerRoom(300_000)
  const { port } = server.address() as AddressInfo // it listens on TCP
  const transport = new Transport({ origin: `http://127.0.0.1:${port}`, limits, answerRoom })
  t.teardown(() => transport.close())
  const send = async (): Promise<UpstreamReply> => transport.send({ method: 'GET', path: '/', headers: {}, lane: 'json', signal: never })
  const until = async (isSo: () => boolean): Promise<void> => { while (!isSo()) await sleep(5) }
  const first = send()
  await until(() => answers.length === 1)
  answers[0]?.write(Buffer.alloc(200_000))
  await until(() => answerRoom.bytes === 200_000)
  const second = send()
  await until(() => answers.length === 2)
  answers[1]?.write(Buffer.alloc(150_000))
  await t.rejects(second, { code: 'overloaded' })
  t.equal(answerRoom.bytes, 200_000)
  answers[0]?.end(Buffer.alloc(300_000))
  t.equal((await first).body.length, 500_000, 'the first goes on, now that it is alone')
  t.equal(answerRoom.bytes, 0)
})
