import { createHash } from 'node:crypto'
import { connect, type AddressInfo } from 'node:net'
import fastify from 'fastify'
import t, { type Test } from 'tap'
import { buildApp } from '../../../src/app.ts'
import { GatewayError } from '../../../src/errors.ts'
import errorHandler from '../../../src/plugins/http/error-handler.ts'
import expectContinue from '../../../src/plugins/http/expect-continue.ts'
import { startFaultUpstream } from '../../support/fault-upstream.ts'
import { environmentAt, testConfig } from '../../support/gateway.ts'

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
  app.get('/', async () => ({ ok: true }))
  app.addContentTypeParser('x/late', (_request, _payload, done) => { done(null) })
  app.post('/late', async (request) => {
    for await (const chunk of request.raw as AsyncIterable<Buffer>) bytes += chunk.length // a body without an encoding comes in buffers
    return { ok: true }
  })
  t.teardown(() => app.close())
  await app.listen({ host: '127.0.0.1', port: 0 })
  return { port: (app.server.address() as AddressInfo).port, read: () => bytes } // it listens on TCP
}

/** Sends the head, the body only after a 100, and gives all that was answered. */
async function talk (port: number, headers: string, body: string, path = '/', method = 'POST', type = 'x/y'): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = ''
    const socket = connect(port, '127.0.0.1')
    socket.write(`${method} ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\n${headers}\r\n`)
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

t.test('M23: a body that nobody wants is not asked for, and the connection is not used again', async (t) => {
  const { port, read } = await started(t)
  const answer = await talk(port, 'Expect: 100-continue\r\n', 'hello', '/', 'GET')
  t.match(answer, /^HTTP\/1\.1 200 OK/)
  t.match(answer, /connection: close/i)
  t.equal(read(), 0)
})

t.test('M23: a body that a handler reads is asked for when it does, and the connection stays', async (t) => {
  const { port, read } = await started(t)
  const answer = await talk(port, 'Expect: 100-continue\r\n', 'hello', '/late', 'POST', 'x/late')
  t.match(answer, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK/)
  t.notMatch(answer, /connection: close/i)
  t.equal(read(), 5)
})

t.test('M23: whatever can be known of an upload by its head is refused without a 100, and nothing goes upstream', async (t) => {
  const upstream = await startFaultUpstream(t)
  const key = 'sha256:' + createHash('sha256').update('k').digest('hex')
  const policyFile = `${t.testdir({ 'policy.yaml': `callers: { web: { keys: ['${key}'], rate: { requests: 7, per_seconds: 3600 }, sign: { max_bytes: 5 } } }` })}/policy.yaml`
  const app = await buildApp({ config: testConfig([environmentAt(upstream.url)], { auth: { mode: 'keys', policyFile }, upload: { maxBytes: 6 } }) })
  t.teardown(() => app.close())
  const { port } = new URL(await app.listen({ host: '127.0.0.1', port: 0 }))
  const ask = async (headers = '', path = '/upload', body = 'hello'): Promise<string> => talk(Number(port), `Expect: 100-continue\r\nAuthorization: Bearer k\r\n${headers}`, body, path)
  t.match(await ask('Authorization: Bearer x\r\n'), /^HTTP\/1\.1 4\d\d/)
  t.match(await ask('X-Environment: nowhere\r\n'), /^HTTP\/1\.1 4\d\d/)
  t.match(await ask('', '/upload', 'hello!!'), /^HTTP\/1\.1 413/)
  t.match(await ask('', '/upload', 'hello!'), /^HTTP\/1\.1 413/, 'too much for this caller')
  t.match(await ask('Idempotency-Key: a\r\n', '/upload', 'hello!'), /^HTTP\/1\.1 413/)
  t.match(await ask('', '/upload?resource_type=bogus'), /^HTTP\/1\.1 400/)
  t.match(await ask('Idempotency-Key: a b\r\n'), /^HTTP\/1\.1 400/)
  t.equal(upstream.seen.length, 0)
  t.match(await ask(), /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK/)
  let last = ''
  for (let round = 0; round < 5; round++) last = await ask()
  t.match(last, /^HTTP\/1\.1 429/, 'its rate is used up')
  t.ok(upstream.seen.length < 6)
})

t.test('M24: 417 for any other expectation', async (t) => {
  const { port } = await started(t)
  t.match(await talk(port, 'Expect: 202-foo\r\n', ''), /^HTTP\/1\.1 417 [^]*"code":"expectation_failed"/)
})

t.test('requests that expect nothing are left alone', async (t) => {
  const { port } = await started(t)
  t.match(await talk(port, '', ''), /^HTTP\/1\.1 200 OK/)
})
