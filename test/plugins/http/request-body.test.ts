import type { ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import fastify from 'fastify'
import t, { type Test } from 'tap'
import errorHandler from '../../../src/plugins/http/error-handler.ts'
import { bodyTimeout } from '../../../src/plugins/http/request-body.ts'
import requestLife from '../../../src/plugins/http/request-life.ts'
import { startGateway } from '../../support/gateway.ts'
import { talk, announce } from '../../support/talk.ts'

/** More than a connection holds while nobody reads from it. */
const LARGE = 'a'.repeat(20_000_000)
const BEGUN = 'Host: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"fi'

async function start (t: Test, timeoutMs = 60) {
  const lines: string[] = []
  const app = fastify({ logger: { level: 'warn', stream: { write: (line) => { lines.push(line) } } } })
  t.teardown(() => app.close())
  await app.register(requestLife)
  await app.register(errorHandler, { docs: '/docs/errors' })
  await app.register(bodyTimeout, { timeoutMs })
  let handled = 0
  app.post('/', async ({ body }) => {
    handled++
    await sleep(200)
    return body
  })
  app.post('/early', {
    preParsing: (_request, reply) => { reply.send(LARGE) }
  }, async () => {})
  return { app, url: await app.listen({ host: '127.0.0.1', port: 0 }), handled: () => handled, lines }
}

t.test('408, and the end of the connection, for a JSON body that does not come', async (t) => {
  const { url, handled } = await start(t)
  const answer = await talk(url, `POST / HTTP/1.1\r\n${BEGUN}`)
  t.match(answer, /^HTTP\/1\.1 408 [^]*connection: close[^]*"code":"request_timeout"/i)
  t.equal(handled(), 0)
})

t.test('200 for a body that is there, however long its handler takes', async (t) => {
  const { url } = await start(t)
  const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"a":1}' })
  t.same(await answer.json(), { a: 1 })
})

t.test('who is slow to read a refusal, and does not send its body either, gets no second answer', async (t) => {
  const { url, lines } = await start(t)
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  t.teardown(() => socket.destroy())
  socket.write(`POST /early HTTP/1.1\r\n${BEGUN}`)
  await sleep(300) // five times as long as a body may take
  t.same(lines, [])
  let text = ''
  await new Promise<void>((resolve) => {
    socket.on('data', (data) => {
      text += data.toString()
      if (text.length > LARGE.length) resolve()
    })
  })
  t.match(text.slice(0, 20), 'HTTP/1.1 200 OK')
})

t.test('a body that cannot be parsed is answered once, and a caller that has left not at all', async (t) => {
  const { app, url } = await start(t, 60_000)
  const sent: number[] = []
  const closed = new Promise<void>((resolve) => {
    app.server.on('request', (_request, response: ServerResponse) => {
      response.on('close', () => { if (sent.push(response.statusCode) === 2) resolve() })
    })
  })
  const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"a"' })
  t.equal(answer.status, 400)
  const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(`POST / HTTP/1.1\r\n${BEGUN}`))
  await new Promise((resolve) => app.server.once('request', resolve))
  socket.destroy()
  await closed
  t.same(sent, [400, 200], 'no answer was begun for the second')
})

t.test('the whole gateway: actions with JSON bodies do not wait for ever, uploads by JSON neither', async (t) => {
  const { url } = await startGateway(t, { upload: { idleTimeoutMs: 100 } })
  for (const path of ['/upload', '/signature', '/url']) {
    t.match(await talk(url, `POST ${path} HTTP/1.1\r\n${BEGUN}`), /^HTTP\/1\.1 408 [^]*"code":"request_timeout"/, path)
  }
  // The second of two requests that come together is complete when it is handled.
  const head = 'HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 14'
  const answers = await talk(url, `POST /signature ${head}\r\n\r\n{"folder":"a"}POST /signature ${head}\r\nConnection: close\r\n\r\n{"folder":"b"}`)
  t.match(answers, /^HTTP\/1\.1 200 [^]*"folder":"a"[^]*HTTP\/1\.1 200 [^]*"folder":"b"/, 'a body that is there is not waited for')
})

const WITH_BODY = [
  ['POST', '/url'], ['POST', '/signed-url'], ['POST', '/signature'], [
    'POST', '/signature/explain'
  ], ['POST', '/signature/batch'], ['POST', '/upload'], ['POST', '/direct-upload'],
  ['PATCH', '/resources/cats/tom'], ['DELETE', '/resources/cats/tom']
] as const

t.test('415 for an encoded body on every route that takes one, before a byte of it is read', async (t) => {
  const { url, sandbox } = await startGateway(t)
  for (const [method, path] of WITH_BODY) {
    for (const type of ['application/json', 'multipart/form-data; boundary=B']) {
      for (const more of [['Content-Length: 300000000'], ['Transfer-Encoding: chunked'], ['Content-Length: 300000000', 'Expect: 100-continue']]) {
        const answer = await announce(url, [`${method} ${path} HTTP/1.1`, 'Host: 127.0.0.1', `Content-Type: ${type}`, 'Content-Encoding: gzip', ...more])
        t.match(answer, /^HTTP\/1\.1 415 [^]*\r\naccept-encoding: identity\r\n/i, `${method} ${path} ${more.join()}`)
        t.match(JSON.parse(answer.split('\r\n\r\n')[1] ?? ''), { code: 'unsupported_media_type', detail: 'Content-Encoding is not understood; send the bytes as they are.' })
      }
    }
  }
  t.equal(sandbox.requests.length, 0)
})

t.test('415 for bytes that are packed on their way: Node would undo the chunks alone, and a file would be stored packed', async (t) => {
  const { url, sandbox } = await startGateway(t)
  const packed = gzipSync('hello').toString('latin1')
  for (const codings of ['gzip, chunked', 'GZIP,Chunked', 'deflate, gzip, chunked', 'x-own, chunked', 'gzip\r\nTransfer-Encoding: chunked']) {
    for (const [method, path] of WITH_BODY) {
      const answer = await talk(url, `${method} ${path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/octet-stream\r\nTransfer-Encoding: ${codings}\r\n\r\n${packed.length.toString(16)}\r\n${packed}\r\n0\r\n\r\n`)
      t.match(answer, /^HTTP\/1\.1 415 [^]*Transfer-Encoding is not understood/, `${method} ${path} ${codings}`)
    }
  }
  t.equal(sandbox.requests.length, 0)
  const plain = await talk(url, 'POST /upload?resource_type=raw HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/octet-stream\r\nTransfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n')
  t.match(plain, /^HTTP\/1\.1 200 [^]*"bytes":5/)
})

t.test('whatever the encoding is called, and whatever is in the body', async (t) => {
  const { app } = await startGateway(t)
  const send = (encoding: string, payload: string | Buffer = '{}') =>
    app.inject({ method: 'POST', url: '/signature', payload, headers: { 'content-type': 'application/json', 'content-encoding': encoding } })
  t.match((await send('gzip', gzipSync('{"folder":"a"}'))).json(), { status: 415, detail: /Content-Encoding/ }, 'it is not called invalid JSON')
  for (const encoding of ['GZIP', 'br', 'identity, gzip', 'identityx', '*']) t.equal((await send(encoding)).statusCode, 415, encoding)
  t.equal((await app.inject({ method: 'POST', url: '/signature', payload: {} })).statusCode, 200)
  for (const encoding of ['identity', 'Identity', ' identity , identity', '']) t.equal((await send(encoding)).statusCode, 200, encoding)
})

t.test('without a body the header says nothing', async (t) => {
  const { app, sandbox } = await startGateway(t)
  await sandbox.add('cats/tom')
  const headers = { 'content-encoding': 'gzip' }
  t.equal((await app.inject({ url: '/url?public_id=a', headers })).statusCode, 200)
  t.match((await app.inject({ url: '/url?public_id=a', headers, payload: 'x' })).json(), { status: 400, detail: /takes no body/ }, 'the body of a GET is the fault, and not how it is packed')
  t.equal((await app.inject({ method: 'DELETE', url: '/resources/cats/tom', headers })).statusCode, 200)
})

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

t.test('415 for text in another charset than UTF-8, and before a byte of it is read; files have the charset that they have', async (t) => {
  const { url, sandbox } = await startGateway(t)
  for (const [method, path] of WITH_BODY) {
    for (const type of ['application/json; charset=latin1', 'multipart/form-data; boundary=B; Charset="utf-16"', 'application/json;charset=utf-8;charset=koi8-r']) {
      const answer = await announce(url, [`${method} ${path} HTTP/1.1`, 'Host: 127.0.0.1', `Content-Type: ${type}`, 'Content-Length: 300000000', 'Expect: 100-continue'])
      t.match(answer, /^HTTP\/1\.1 415 [^]*The charset \\"[\w-]+\\" is not understood; send the text in UTF-8\./, `${method} ${path} ${type}`)
    }
  }
  t.equal(sandbox.requests.length, 0)
  const plain = await talk(url, 'POST /upload?resource_type=raw HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: text/html; charset=latin1\r\nContent-Length: 5\r\n\r\nhello')
  t.match(plain, /^HTTP\/1\.1 200 [^]*"bytes":5/)
})
