import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo, LookupFunction, Socket } from 'node:net'
import t, { type Test } from 'tap'
import { dispatcherTo, type Dispatcher, type OutboundOptions } from '../../src/net/outbound.ts'

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
