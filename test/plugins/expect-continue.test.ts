import { connect } from 'node:net'
import type { AddressInfo } from 'node:net'
import fastify from 'fastify'
import t, { type Test } from 'tap'
import errorHandler from '../../src/plugins/error-handler.ts'
import expectContinue from '../../src/plugins/expect-continue.ts'
import { GatewayError } from '../../src/errors.ts'

/** A server with one route that refuses when asked to, before the body. */
async function started (t: Test): Promise<{ port: number, read: () => number }> {
  let bytes = 0
  const app = fastify()
  await app.register(errorHandler, { docs: '/docs/errors' })
  await app.register(expectContinue)
  app.addContentTypeParser('*', (_request, payload, done) => {
    payload.on('data', (chunk: Buffer) => { bytes += chunk.length }).on('end', () => { done(null) })
  })
  app.addHook('onRequest', async (request) => {
    if (request.headers.authorization === 'bad') throw new GatewayError('unauthorized', 'no')
  })
  app.post('/', async () => ({ ok: true }))
  t.teardown(() => app.close())
  await app.listen({ host: '127.0.0.1', port: 0 })
  return { port: (app.server.address() as AddressInfo).port, read: () => bytes } // it listens on TCP
}

/** Sends the head, the body only after a 100, and gives all that was answered. */
async function talk (port: number, headers: string, body: string, path = '/'): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = ''
    const socket = connect(port, '127.0.0.1')
    socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: x/y\r\nContent-Length: ${body.length}\r\n${headers}\r\n`)
    socket.on('data', (chunk) => {
      answer += chunk.toString()
      if (answer === 'HTTP/1.1 100 Continue\r\n\r\n') socket.write(body)
      if (/HTTP\/1\.1 [2-5]\d\d/.test(answer)) socket.end()
    })
    socket.on('close', () => { resolve(answer) })
    socket.on('error', reject)
  })
}

t.test('M23: 100 is sent once the request is accepted, then the body is read', async (t) => {
  const { port, read } = await started(t)
  t.match(await talk(port, 'Expect: 100-continue\r\n', 'hello'), /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK/)
  t.equal(read(), 5)
})

t.test('M23: a path that nobody serves asks for no body', async (t) => {
  const { port } = await started(t)
  t.match(await talk(port, 'Expect: 100-continue\r\n', 'hello', '/nowhere'), /^HTTP\/1\.1 404/)
})

t.test('M23: a refused request gets its answer without a 100, and costs no bytes', async (t) => {
  const { port, read } = await started(t)
  for (let round = 0; round < 200; round++) {
    const answer = await talk(port, 'Expect: 100-continue\r\nAuthorization: bad\r\n', 'hello')
    if (!/^HTTP\/1\.1 401/.test(answer) || !/connection: close/i.test(answer)) t.fail(answer)
  }
  t.equal(read(), 0)
  t.match(await talk(port, 'Expect: 100-continue\r\n', 'hello'), /200 OK/, 'and the server is well')
})

t.test('M24: 417 for any other expectation', async (t) => {
  const { port } = await started(t)
  t.match(await talk(port, 'Expect: 202-foo\r\n', ''), /^HTTP\/1\.1 417 [^]*"code":"expectation_failed"/)
})

t.test('requests that expect nothing are left alone', async (t) => {
  const { port } = await started(t)
  t.match(await talk(port, '', ''), /^HTTP\/1\.1 200 OK/)
})
