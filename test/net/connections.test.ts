import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect, Socket, type AddressInfo } from 'node:net'
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import {
  CONNECTION_LIMITS, guardConnections, isBehind, waitingAnswers, type ConnectionLimits, type QueueMeter
} from '../../src/net/connections.ts'

const GET = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n${more}\r\n`
const gets = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, index) => GET(`/${from + index}`)).join('')

interface Started {
  /** What runs or ran, in the order in which it began. */
  readonly seen: Array<{ request: IncomingMessage, response: ServerResponse }>
  readonly sockets: Socket[]
  open (): Socket
  /** Resolves when so many requests have begun to run. */
  begun (requests: number): Promise<void>
}

/** A server that answers when the test says so. */
async function start (t: Test, limits: Partial<ConnectionLimits> = {}, meter?: QueueMeter): Promise<Started> {
  const seen: Started['seen'] = []
  const sockets: Socket[] = []
  const server = createServer((request, response) => {
    seen.push({ request, response })
    server.emit('begun')
  })
  server.on('connection', (socket) => sockets.push(socket))
  const stop = guardConnections(server, { ...CONNECTION_LIMITS, ...limits }, meter && (() => meter))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo // it listens on TCP
  t.teardown(() => {
    stop()
    server.closeAllConnections()
    server.close()
  })
  return {
    seen,
    sockets,
    open: () => {
      const socket = connect(port, '127.0.0.1').on('error', () => {})
      t.teardown(() => socket.destroy())
      return socket
    },
    begun: async (requests) => { while (seen.length < requests) await once(server, 'begun') }
  }
}

const pathsOf = ({ seen }: Started): string[] => seen.map(({ request: { url = '' } }) => url)
const serverSocket = ({ sockets }: Started): Socket => sockets[0] as Socket // one client has connected

t.test('sixteen requests of a connection run; the next ones wait in their order, and each is answered', async (t) => {
  const server = await start(t)
  const client = server.open()
  client.write(gets(0, 40))
  await server.begun(16)
  await turn()
  t.equal(server.seen.length, 16)
  t.equal(waitingAnswers(serverSocket(server)).length, 24)
  t.equal(isBehind(serverSocket(server)), true)

  // The second answer goes out behind the first.
  server.seen[1]?.response.end('1')
  await turn()
  t.equal(server.seen.length, 16, 'it is not out yet')
  server.seen[0]?.response.end('0')
  await server.begun(18)
  t.equal(waitingAnswers(serverSocket(server)).length, 22)

  let text = ''
  client.on('data', (data) => { text += data.toString() })
  for (let index = 2; index < 40; index++) {
    await server.begun(index + 1)
    server.seen[index]?.response.end(index === 39 ? 'last' : '')
  }
  while (!text.endsWith('last')) await once(client, 'data')
  t.equal(text.match(/HTTP\/1\.1 200 OK/g)?.length, 40)
  t.same(pathsOf(server), Array.from({ length: 40 }, (_, index) => `/${index}`))
  while (isBehind(serverSocket(server))) await turn()
  t.pass('nothing waits any more')
})

t.test('a connection that nobody watches is not behind', async (t) => {
  t.same(waitingAnswers(new Socket()), [])
  t.equal(isBehind(new Socket()), false)
})

t.test('what follows requests that wait stays unread, and is read once they run', async (t) => {
  const server = await start(t, { maxRunning: 2 })
  const client = server.open()
  const all = 10_000
  client.write(gets(0, all))
  await server.begun(2)
  while (client.writableLength === client.bytesWritten) await turn()
  for (let count = 0; count < 20; count++) await turn()
  const { bytesRead } = serverSocket(server)
  t.ok(bytesRead <= 128 * 1024, `${bytesRead} bytes were read`)
  client.resume()
  for (let index = 0; index < all; index++) {
    await server.begun(index + 1)
    server.seen[index]?.response.end()
  }
  t.equal(server.seen.length, all)
  t.equal(server.seen.at(-1)?.request.url, `/${all - 1}`)
})

t.test('a request that waited still has its body', async (t) => {
  const server = await start(t, { maxRunning: 1 })
  const client = server.open()
  client.write(`${GET('/0')}POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc`)
  await server.begun(1)
  client.write(`def${GET('/2')}`)
  server.seen[0]?.response.end()
  await server.begun(2)
  const { request, response } = server.seen[1] as Started['seen'][0] // it has begun
  let body = ''
  for await (const piece of request) body += String(piece)
  t.equal(body, 'abcdef')
  response.end()
  await server.begun(3)
  t.same(pathsOf(server), ['/0', '/1', '/2'])
})

t.test('a peer that takes nothing loses its connection, whatever it sends meanwhile', async (t) => {
  const server = await start(t, { stallMs: 200 })
  const client = server.open()
  client.write(GET('/0'))
  await server.begun(1)
  server.seen[0]?.response.end(Buffer.alloc(30_000_000))
  client.write('GET /never')
  const dripping = setInterval(() => { client.write('-') }, 20)
  t.teardown(() => { clearInterval(dripping) })
  await once(serverSocket(server), 'close')
  t.equal(serverSocket(server).destroyed, true)
})

t.test('a slow peer keeps its connection, also in the middle of one large write; one that waits for us does too', async (t) => {
  const server = await start(t, { stallMs: 500 })
  const client = server.open()
  client.write(GET('/0', 'Connection: close\r\n'))
  await server.begun(1)
  // For longer than a peer may stall there is nothing to take.
  await sleep(800)
  server.seen[0]?.response.end(Buffer.alloc(20_000_000))
  let bytes = 0
  for await (const piece of client) {
    bytes += (piece as Buffer).length
    await sleep(5)
  }
  t.ok(bytes > 20_000_000)
})

t.test('requests for which there is no room close their connection; what leaves is counted', async (t) => {
  const counts = { entered: 0, left: 0 }
  const meter: QueueMeter = {
    enter: () => {
      if (counts.entered - counts.left === 3) return false
      counts.entered++
      return true
    },
    leave: (requests) => { counts.left += requests }
  }
  const server = await start(t, { maxRunning: 1 }, meter)
  const client = server.open()
  client.write(gets(0, 10))
  await once(client, 'close')
  await turn()
  t.same(counts, { entered: 3, left: 3 })
  t.equal(server.seen.length, 1)
  const other = server.open()
  other.write(gets(0, 2))
  await server.begun(2)
  server.seen[1]?.response.end()
  await server.begun(3)
  t.same(counts, { entered: 4, left: 4 })
})

t.test('behind an answer that ends its connection nothing runs', async (t) => {
  const counts = { left: 0 }
  const server = await start(t, { maxRunning: 1 }, {
    enter: () => true, leave: (requests) => { counts.left += requests }
  })
  const client = server.open()
  client.write(gets(0, 5))
  await server.begun(1)
  server.seen[0]?.response.setHeader('connection', 'close').end('only')
  client.resume()
  await once(client, 'close')
  t.equal(server.seen.length, 1)
  t.equal(counts.left, 4)
})
