import { createServer } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { once } from 'node:events'
import t from 'tap'
import { lingeringClose } from '../../../src/plugins/http/lingering-close.ts'

const BODY = 64 * 1024 * 1024

t.test('a caller that holds its connection open loses it', async (t) => {
  const server = createServer((request, response) => {
    lingeringClose(request.socket)
    response.writeHead(401, { connection: 'close', 'content-length': 2 }).end('no')
  })
  t.teardown(() => server.close())
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  const { port } = server.address() as AddressInfo // it listens on a TCP port
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  t.teardown(() => socket.destroy())
  socket.resume()
  const [accepted] = await once(server, 'connection') as [Socket] // what the event carries
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  await once(accepted, 'close')
  t.notOk(socket.writableEnded, 'the caller had not closed its side')
})

t.test('a caller that is still sending reads the whole answer, and most of its body never leaves it', async (t) => {
  const sockets: Socket[] = []
  const server = createServer((request, response) => {
    sockets.push(request.socket)
    lingeringClose(request.socket)
    response.writeHead(401, { connection: 'close', 'content-length': 2 }).end('no')
  })
  t.teardown(() => server.close())
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  const { port } = server.address() as AddressInfo // it listens on a TCP port
  for (let round = 0; round < 20; round++) {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    let answer = ''
    socket.on('data', (data) => { answer += data.toString() })
    // What is sent after the answer may well be reset.
    socket.on('error', () => {})
    socket.write(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${BODY}\r\n\r\n`)
    socket.write(Buffer.alloc(BODY))
    await once(socket, 'end')
    t.match(answer, /^HTTP\/1\.1 401 [^]*no$/)
    socket.destroy()
  }
  const waiting = sockets.filter(({ destroyed }) => !destroyed)
  // A body that was cut short is an error to the parser, and no news here.
  await Promise.all(waiting.map((socket) => new Promise((resolve) => { socket.once('close', resolve) })))
  t.ok(sockets.every(({ bytesRead }) => bytesRead < BODY), 'the rest was not swallowed')
})
