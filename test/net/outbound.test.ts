import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createTcpServer, type AddressInfo, type LookupFunction, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { dispatcherTo, ProxyError, wasUnconnected, type Dispatcher, type OutboundOptions } from '../../src/net/outbound.ts'
import { parseProxy, type Proxy } from '../../src/net/proxies.ts'
import { startNameProxy } from '../support/name-proxy.ts'

const LIMITS = { connectTimeoutMs: 2_000, headersTimeoutMs: 3_000, bodyTimeoutMs: 3_000 }
const GET = { method: 'GET', path: '/' } as const

async function serve (t: Test, listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}` // a TCP server has an address with a port
}

function dispatcher (t: Test, origin: string, options: Partial<OutboundOptions> = {}): Dispatcher {
  const made = dispatcherTo(origin, { ...LIMITS, ...options })
  t.teardown(() => made.destroy())
  return made
}

t.test('an answer is passed on as it is, a redirect too', async (t) => {
  let asked = 0
  const origin = await serve(t, (_request, response) => {
    asked++
    response.writeHead(302, { location: '/elsewhere' }).end('moved')
  })
  const { statusCode, headers, body } = await dispatcher(t, origin).request(GET)
  t.match({ statusCode, headers }, { statusCode: 302, headers: { location: '/elsewhere' } })
  t.equal(await body.text(), 'moved')
  t.equal(asked, 1)
})

t.test('whoever looks names up decides where a connection goes', async (t) => {
  const origin = await serve(t, (request, response) => { response.end(request.headers.host) })
  const asked: unknown[] = []
  const lookup: LookupFunction = (name, { all }, found) => {
    asked.push([name, all])
    found(null, [{ address: '127.0.0.1', family: 4 }])
  }
  const { body } = await dispatcher(t, origin.replace('127.0.0.1', 'name.invalid'), { lookup }).request(GET)
  t.match(await body.text(), /^name\.invalid:/)
  t.same(asked, [['name.invalid', true]])
  const nowhere: LookupFunction = (_name, _options, found) => { found(new Error('no such address'), []) }
  await t.rejects(dispatcher(t, 'http://name.invalid', { lookup: nowhere }).request(GET), { message: 'no such address' })
})

t.test('no more connections than are asked for, and as many as are needed otherwise', async (t) => {
  for (const [maxConnections, expected] of [[1, 1], [undefined, 3]] as const) {
    const sockets = new Set<Socket>()
    const waiting: Array<() => void> = []
    const origin = await serve(t, ({ socket }, response) => {
      sockets.add(socket)
      waiting.push(() => { response.end() })
      if (waiting.length === expected) for (const answer of waiting.splice(0)) answer()
    })
    const one = dispatcher(t, origin, maxConnections === undefined ? {} : { maxConnections })
    await Promise.all([1, 2, 3].map(async () => (await one.request(GET)).body.dump()))
    t.equal(sockets.size, expected)
  }
})

t.test('a connection holds as many bytes back as it is told to', async (t) => {
  const origin = await serve(t, (_request, response) => { response.end() })
  const sizes: number[] = []
  const onConnected = (message: unknown): void => { sizes.push((message as { socket: Socket }).socket.writableHighWaterMark) } // what undici publishes
  subscribe('undici:client:connected', onConnected)
  t.teardown(() => unsubscribe('undici:client:connected', onConnected))
  await (await dispatcher(t, origin, { sendBufferBytes: 123_456 }).request(GET)).body.dump()
  await (await dispatcher(t, origin).request(GET)).body.dump()
  t.equal(sizes[0], 123_456)
  t.not(sizes[1], 123_456)
})

function proxyAt (url: string): Proxy {
  const parsed = parseProxy(url)
  if ('reason' in parsed) throw new Error(parsed.reason)
  return parsed
}

const withUser = (url: string): Proxy => proxyAt(url.replace('//', '//us%40er:p%2Fw@'))
const AUTHORIZATION = `Basic ${Buffer.from('us@er:p/w').toString('base64')}`

t.test('requests for a plain origin go to the proxy in absolute form; it resolves the name', async (t) => {
  const origin = await serve(t, (request, response) => { response.end(`${request.method} ${request.url} ${request.headers.host} ${request.headers['proxy-authorization']}`) })
  const proxy = await startNameProxy(t, { names: { 'media.test': Number(new URL(origin).port) } })
  const lookup: LookupFunction = (_name, _options, found) => { found(new Error('nobody asks'), []) }
  const { body } = await dispatcher(t, 'http://media.test:8080', { proxy: withUser(proxy.url), lookup }).request({ ...GET, path: '/a?b=c', headers: { accept: '*/*' } })
  t.equal(await body.text(), 'GET /a?b=c media.test:8080 undefined')
  t.same(proxy.asked, ['GET http://media.test:8080/a?b=c'])
  t.same(proxy.authorizations, [AUTHORIZATION])
})

t.test('a secure origin is reached through a tunnel, by name or address', async (t) => {
  const bytes: Buffer[] = []
  const target = createTcpServer((socket) => {
    socket.on('error', () => {})
    // The first byte of a TLS handshake; what follows is not this test's.
    socket.once('data', (chunk: Buffer) => {
      bytes.push(chunk)
      socket.end('no TLS')
    })
  })
  await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve))
  t.teardown(() => { target.close() })
  const { port } = target.address() as AddressInfo // it listens on TCP
  const proxy = await startNameProxy(t, { names: { 'media.test': port, '[::1]': port } })
  for (const origin of ['https://media.test', 'https://[::1]:8443']) {
    await t.rejects(dispatcher(t, origin, { proxy: withUser(proxy.url), sendBufferBytes: 1024 }).request(GET), { code: /SSL|TLS|EPROTO/ })
  }
  t.same(proxy.asked, ['CONNECT media.test:443', 'CONNECT [::1]:8443'])
  t.same(proxy.authorizations, [AUTHORIZATION, AUTHORIZATION])
  t.same(bytes.map(([first]) => first), [22, 22], 'TLS alone goes through')
})

t.test('a proxy that does not connect fails the request once, by its own error', async (t) => {
  let refusal: number | 'cut' | 'silent' = 407
  const proxy = await startNameProxy(t, { refuse: () => refusal })
  const fails = async (changes: Partial<OutboundOptions>, expected: object, origin = 'https://media.test') => {
    const error = await dispatcher(t, origin, { proxy: withUser(proxy.url), ...changes }).request(GET).then(() => undefined, (reason: unknown) => reason)
    t.ok(error instanceof ProxyError)
    t.equal(wasUnconnected(error as Error), true)
    t.match(error, expected)
    t.notMatch((error as Error).message, /us@er|p\/w|%2F/)
  }
  for (refusal of [407, 403, 502]) await fails({}, { reason: 'refused', status: refusal, message: `the proxy 127.0.0.1:${proxy.port} answered ${refusal}` })
  refusal = 'cut'
  await fails({}, { reason: 'unreachable', status: undefined })
  refusal = 'silent'
  await fails({ connectTimeoutMs: 50 }, { reason: 'timeout' })
  t.equal(proxy.asked.length, 5, 'none is asked twice')
  const nowhere = proxyAt('http://127.0.0.1:1')
  await fails({ proxy: nowhere }, { reason: 'unreachable', cause: { code: 'ECONNREFUSED' } })
  await fails({ proxy: nowhere }, { reason: 'unreachable', cause: { code: 'ECONNREFUSED' } }, 'http://media.test')
})

t.test('a connection is renewed by age: between requests, and never in the middle of one', async (t) => {
  const sockets = new Set<Socket>()
  const held: Array<() => void> = []
  let hold = false
  const origin = await serve(t, ({ socket, url }, response) => {
    if (url !== '/clock') sockets.add(socket)
    if (hold && url !== '/clock') held.push(() => { response.end('held') })
    else response.end('')
  })
  const asked: string[] = []
  const lookup: LookupFunction = (name, _options, found) => {
    asked.push(name)
    found(null, [{ address: '127.0.0.1', family: 4 }])
  }
  const made = dispatcher(t, origin.replace('127.0.0.1', 'name.invalid'), { lookup, maxAgeMs: 60, maxConnections: 1 })
  const closed = new Promise<void>((resolve) => { made.once('disconnect', () => { resolve() }) })
  await (await made.request(GET)).body.dump()
  await closed
  t.equal(sockets.size, 1, 'an idle one is closed')
  hold = true
  const running = [made.request(GET), made.request(GET)]
  while (held.length === 0) await new Promise((resolve) => { setImmediate(resolve) })
  const [, current] = [...sockets]
  // Connections of the same age that come and go meanwhile: after two of them, what is due has happened.
  const clock = dispatcher(t, origin, { maxAgeMs: 60 })
  for (let renewed = 0; renewed < 2; renewed++) {
    const gone = new Promise<void>((resolve) => { clock.once('disconnect', () => { resolve() }) })
    await (await clock.request({ method: 'GET', path: '/clock' })).body.dump()
    await gone
  }
  t.equal(current?.destroyed, false, 'one that is in use stays')
  hold = false
  held[0]?.()
  for (const answer of await Promise.all(running)) t.equal(answer.statusCode, 200)
  t.equal(sockets.size, 3, 'the request that waited has a new one')
  t.equal(asked.length, 3, 'and the name was looked up again')
})

async function * pieces (): AsyncGenerator<Buffer> {
  for (let piece = 0; piece < 3; piece++) yield Buffer.alloc(1000)
}

t.test('under load connections are renewed, and no request or byte is lost', async (t) => {
  const sockets = new Set<Socket>()
  const origin = await serve(t, async (request, response) => {
    sockets.add(request.socket)
    let bytes = 0
    for await (const chunk of request) bytes += (chunk as Buffer).length
    response.end(String(bytes))
  })
  const made = dispatcher(t, origin, { maxAgeMs: 10, maxConnections: 4 })
  const answers: string[] = []
  const ask = async (number: number): Promise<void> => {
    while (sockets.size < 40) {
      // undici's types leave out async iterables, which its documentation names as bodies.
      const request = number % 2 === 0 ? GET : { method: 'POST', path: '/', body: pieces() as unknown as Buffer } as const
      answers.push(`${request.method} ${await (await made.request(request)).body.text()}`)
    }
  }
  await Promise.all(Array.from({ length: 16 }, async (_, number) => ask(number)))
  t.same([...new Set(answers)].sort(), ['GET 0', 'POST 3000'])
})
