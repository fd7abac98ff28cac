import { connect, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { startGateway } from '../../support/gateway.ts'
import { talk } from '../../support/talk.ts'

const HOST = 'Host: a\r\n'
const CHUNKED = 'Transfer-Encoding: chunked\r\n\r\n'

/** A connection on which a test writes piece by piece. */
async function open (t: Test, url: string) {
  const socket: Socket = await new Promise((resolve) => { const socket = connect(Number(new URL(url).port), '127.0.0.1', () => resolve(socket)) })
  t.teardown(() => socket.destroy())
  let text = ''
  socket.on('data', (data) => { text += data.toString() })
  const closed = new Promise<string>((resolve) => { socket.on('close', () => resolve(text)) })
  return { socket, closed }
}

t.test('a body of unknown length is one as soon as a byte of it has come, and none when it ends without', async (t) => {
  const { url } = await startGateway(t)
  const late = async (head: string, rest: string): Promise<string> => {
    const { socket, closed } = await open(t, url)
    socket.write(head)
    // The next request of this process is answered after the head has been read.
    await fetch(`${url}/healthz`)
    socket.write(rest)
    return closed
  }
  for (const path of ['/healthz', '/url?public_id=a']) {
    const head = `GET ${path} HTTP/1.1\r\n${HOST}Connection: close\r\n${CHUNKED}`
    t.match(await late(head, '0\r\n\r\n'), /^HTTP\/1\.1 200 /, path)
    t.match(await late(head, '1\r\nx\r\n'), /^HTTP\/1\.1 400 [^]*GET takes no body here/, `${path}: and the rest is not waited for`)
  }
  t.match(await talk(url, `GET /url HTTP/1.1\r\n${HOST}Content-Length: 1\r\n\r\nx`), /GET takes no body here; its fields go into the query/)
})

t.test('a body that is read passes, in chunks too, also when it waits for 100 Continue', async (t) => {
  const { url } = await startGateway(t)
  const chunks = '12\r\n{"public_id":"a/b"\r\n1\r\n}\r\n0\r\n\r\n'
  for (const expect of ['', 'Expect: 100-continue\r\n']) {
    const head = `POST /url HTTP/1.1\r\n${HOST}Connection: close\r\nContent-Type: application/json\r\n${expect}${CHUNKED}`
    t.match(await talk(url, head + chunks), /HTTP\/1\.1 200 [^]*"public_id":"a\/b"/, expect)
  }
})

t.test('several requests at once: each is judged by its own body', async (t) => {
  const { url } = await startGateway(t)
  const empty = `GET /healthz HTTP/1.1\r\n${HOST}${CHUNKED}0\r\n\r\n`
  const answer = await talk(url, `${empty}${empty}${empty}GET /healthz HTTP/1.1\r\n${HOST}${CHUNKED}1\r\nx\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`)
  t.same([...answer.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status), ['200', '200', '200', '400', '200'], 'a body that has been read to its end leaves its connection usable')
})

t.test('408 for a body of which nothing comes, on pages too; a caller that leaves is not waited for', async (t) => {
  const { url } = await startGateway(t, { upload: { idleTimeoutMs: 50 } })
  for (const path of ['/healthz', '/docs/errors', '/resources/a']) {
    t.match(await talk(url, `GET ${path} HTTP/1.1\r\n${HOST}${CHUNKED}`), /^HTTP\/1\.1 408 /, path)
  }
  const { socket, closed } = await open(t, url)
  socket.write(`GET /healthz HTTP/1.1\r\n${HOST}${CHUNKED}`)
  await fetch(`${url}/healthz`)
  socket.destroy()
  t.equal(await closed, '')
  t.equal((await fetch(`${url}/healthz`)).status, 200)
})

t.test('OPTIONS and unknown routes are judged by others', async (t) => {
  for (const corsOrigins of [[], ['https://shop.example']]) {
    const { app } = await startGateway(t, { corsOrigins })
    t.equal((await app.inject({ method: 'OPTIONS', url: '/url', payload: { a: 1 } })).statusCode, 405)
    t.equal((await app.inject({ method: 'GET', url: '/nowhere', payload: { a: 1 } })).statusCode, 404)
  }
})

t.test('DELETE: an empty body is none, whatever it calls itself', async (t) => {
  const { url, sandbox } = await startGateway(t)
  for (const [index, rest] of ['\r\n', 'Content-Type: text/plain\r\n\r\n', 'Content-Type: text/plain\r\nContent-Length: 0\r\n\r\n', 'Content-Length: 00\r\n\r\n', `${CHUNKED}0\r\n\r\n`, `Content-Type: text/plain\r\n${CHUNKED}0\r\n\r\n`, `Content-Type: application/json\r\n${CHUNKED}0\r\n\r\n`].entries()) {
    await sandbox.add(`a/${index}`)
    t.match(await talk(url, `DELETE /resources/a/${index} HTTP/1.1\r\n${HOST}Connection: close\r\n${rest}`), /^HTTP\/1\.1 200 [^]*"result":"ok"/, JSON.stringify(rest))
  }
})
