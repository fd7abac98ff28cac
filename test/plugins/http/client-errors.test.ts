import { once } from 'node:events'
import { connect, Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import fastify from 'fastify'
import t, { type Test } from 'tap'
import { answerClientError, refuseTunnels } from '../../../src/plugins/http/client-errors.ts'
import requestLife from '../../../src/plugins/http/request-life.ts'
import { talk } from '../../support/talk.ts'

t.test('what the HTTP parser refuses is a problem document too', async (t) => {
  const app = fastify({ clientErrorHandler: answerClientError('/docs/errors'), http: { headersTimeout: 200, requestTimeout: 200, connectionsCheckingInterval: 50 } })
  t.teardown(() => app.close())
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  t.match(await talk(url, 'no http at all\r\n\r\n'), /^HTTP\/1\.1 400 Bad Request\r\nContent-Type: application\/problem\+json[^]*"code":"invalid_request"/)
  t.match(await talk(url, 'no http at all\r\n\r\n'), /\r\nX-Request-Id: ([-\w]{36})\r\n[^]*"request_id":"\1"/)
  t.match(await talk(url, `GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${'a'.repeat(20_000)}\r\n\r\n`), /^HTTP\/1\.1 431 [^]*"code":"headers_too_large"/)
  t.match(
    await talk(url, 'GET / HTTP/9.9\r\nHost: x\r\n\r\n'),
    /^HTTP\/1\.1 505 HTTP Version Not Supported\r\n[^]*"code":"http_version_unsupported"/
  )
  t.match(await talk(url, 'GET / HTTP/1.1\r\nHost: x\r\nX-Slow'), /^HTTP\/1\.1 408 [^]*"code":"request_timeout"/)
})

/** A server whose answers wait until they are let go; each connection gives what came back when it has ended. */
async function withAnswers (t: Test) {
  const app = fastify({ clientErrorHandler: answerClientError('/docs/errors') })
  t.teardown(() => app.close())
  refuseTunnels(app.server)
  await app.register(requestLife)
  const waiting: Array<() => void> = []
  const held = (): Promise<void> => new Promise((resolve) => { waiting.push(resolve) })
  app.addContentTypeParser('*', (_request, _payload, done) => { done(null) })
  app.get('/whole', async () => { await held(); return 'whole' })
  app.get('/parts', async (_request, reply) => {
    reply.hijack().raw.write('first')
    await held()
    reply.raw.end('second')
  })
  app.post('/body', async (request) => {
    waiting.push(() => {})
    await once(request.raw.resume(), 'end') // which does not come
    return 'body'
  })
  const { port } = new URL(await app.listen({ port: 0, host: '127.0.0.1' }))
  const talk = async (requests: string, answers: number, more = ''): Promise<string> => {
    let text = ''
    const socket = connect(Number(port), '127.0.0.1', () => socket.write(requests)).on('data', (data) => { text += data.toString() })
    const closed = new Promise((resolve) => { socket.on('close', resolve) })
    while (waiting.length < answers) await sleep(5)
    socket.write(more)
    await sleep(50) // nothing tells that the parser has met the garbage
    for (const go of waiting.splice(0)) go()
    await closed
    return text
  }
  return { talk }
}

const GET = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`
const CUT = 'POST /body HTTP/1.1\r\nHost: x\r\nContent-Type: x/y\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n'
const statusesIn = (text: string): string[] => [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status = '']) => status)

t.test('CONNECT is refused behind the answers before it', async (t) => {
  const { talk } = await withAnswers(t)
  const tunnel = 'CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n'
  t.match(await talk(tunnel, 0), /^HTTP\/1\.1 400 [^]*"code":"invalid_request"[^]*"detail":"CONNECT /)
  const text = await talk(GET('/whole').repeat(3) + tunnel, 3)
  t.strictSame(statusesIn(text), ['200', '200', '200'])
  t.equal(text.split('whole').length - 1, 3, 'each is whole')
})

t.test('an answer that is owed goes out whole, says that the connection ends, and nothing follows it', async (t) => {
  const { talk } = await withAnswers(t)
  const whole = await talk(`${GET('/whole')}GARBAGE\r\n\r\n`, 1, 'MORE\r\n\r\n')
  t.same(statusesIn(whole), ['200'])
  t.match(whole, /\r\nconnection: close\r\n[^]*\r\n\r\nwhole$/i)
  const two = await talk(`${GET('/whole')}${GET('/whole')}GARBAGE\r\n\r\n`, 2)
  t.same(statusesIn(two), ['200', '200'])
  t.match(two, /whole[^]*connection: close[^]*whole$/i)
})

t.test('an answer under way is not interrupted', async (t) => {
  const { talk } = await withAnswers(t)
  const parts = await talk(GET('/parts'), 1, 'GARBAGE\r\n\r\n')
  t.match(parts, /5\r\nfirst\r\n6\r\nsecond\r\n0\r\n\r\n$/)
})

t.test('a request whose own body cannot be read is refused, after what was owed before it', async (t) => {
  const { talk } = await withAnswers(t)
  t.same(statusesIn(await talk(CUT, 1, 'ZZ\r\n')), ['400'])
  const both = await talk(GET('/whole') + CUT, 2, 'ZZ\r\n')
  t.same(statusesIn(both), ['200', '400'])
  t.match(both, /whole[^]*"code":"invalid_request"/)
})

t.test('a connection that is gone is not written to', async (t) => {
  const answer = answerClientError('/docs/errors')
  const reset = new Socket()
  answer(Object.assign(new Error('gone'), { code: 'ECONNRESET' }), reset)
  t.equal(reset.destroyed, true)
  const unconnected = new Socket()
  unconnected.destroy()
  answer(new Error('odd'), unconnected)
  t.equal(unconnected.writableLength, 0)
})
