import type { ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import fastify from 'fastify'
import t, { type Test } from 'tap'
import errorHandler from '../../../src/plugins/http/error-handler.ts'
import bodyTimeout from '../../../src/plugins/http/request-body.ts'
import callerGone from '../../../src/plugins/http/request-life.ts'
import { startGateway } from '../../support/gateway.ts'
import { talk } from '../../support/talk.ts'

/** More than a connection holds while nobody reads from it. */
const LARGE = 'a'.repeat(20_000_000)
const BEGUN = 'Host: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"fi'

async function start (t: Test, timeoutMs = 60) {
  const lines: string[] = []
  const app = fastify({ logger: { level: 'warn', stream: { write: (line) => { lines.push(line) } } } })
  t.teardown(() => app.close())
  await app.register(callerGone)
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
