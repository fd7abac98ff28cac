import { connect, Socket } from 'node:net'
import fastify from 'fastify'
import t from 'tap'
import { answerClientError } from '../../src/plugins/client-errors.ts'

t.test('what the HTTP parser refuses is a problem document too', async (t) => {
  const app = fastify({ clientErrorHandler: answerClientError('/docs/errors'), http: { headersTimeout: 200, requestTimeout: 200, connectionsCheckingInterval: 50 } })
  t.teardown(() => app.close())
  const { port } = new URL(await app.listen({ port: 0, host: '127.0.0.1' }))
  const send = (bytes: string): Promise<string> => new Promise((resolve, reject) => {
    const socket = connect(Number(port), '127.0.0.1', () => socket.write(bytes))
    let text = ''
    socket.on('data', (data) => { text += data.toString() })
    socket.on('close', () => resolve(text))
    socket.on('error', reject)
  })
  t.match(await send('no http at all\r\n\r\n'), /^HTTP\/1\.1 400 Bad Request\r\nContent-Type: application\/problem\+json[^]*"code":"invalid_request"/)
  t.match(await send('no http at all\r\n\r\n'), /\r\nX-Request-Id: ([-\w]{36})\r\n[^]*"request_id":"\1"/)
  t.match(await send(`GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${'a'.repeat(20_000)}\r\n\r\n`), /^HTTP\/1\.1 431 [^]*"code":"headers_too_large"/)
  t.match(await send('GET / HTTP/1.1\r\nHost: x\r\nX-Slow'), /^HTTP\/1\.1 408 [^]*"code":"request_timeout"/)
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
