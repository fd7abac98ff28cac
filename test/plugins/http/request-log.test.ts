import { once } from 'node:events'
import { connect } from 'node:net'
import { Writable } from 'node:stream'
import fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { buildApp } from '../../../src/app.ts'
import { digestOf } from '../../../src/auth/policy/keys.ts'
import requestLife from '../../../src/plugins/http/request-life.ts'
import requestLog from '../../../src/plugins/http/request-log.ts'
import { environmentAt, testConfig } from '../../support/gateway.ts'

async function start (t: Test): Promise<{ app: FastifyInstance, lines: string[], requests: () => object[] }> {
  const lines: string[] = []
  const stream = new Writable({ write (chunk: Buffer, _encoding, done) { lines.push(chunk.toString()); done() } })
  const app = fastify({ logger: { stream }, disableRequestLogging: true, genReqId: () => 'id-1' })
  t.teardown(() => app.close())
  await app.register(requestLife)
  await app.register(requestLog)
  const requests = (): object[] => lines.map((line) => JSON.parse(line) as object).filter((line) => 'route' in line)
  return { app, lines, requests }
}

t.test('one line per request: the route\'s pattern, never the URL, and the id goes back to the caller', async (t) => {
  const { app, lines, requests } = await start(t)
  app.get('/assets/:id', async () => 'ok')
  const answer = await app.inject('/assets/secret-name?signature=canary')
  t.equal(answer.headers['x-request-id'], 'id-1')
  await app.inject('/nowhere?signature=canary')
  t.match(requests(), [{ method: 'GET', route: '/assets/:id', status: 200, ms: Number, reqId: 'id-1', ip: '127.0.0.1' }, { route: null, status: 404 }])
  t.notMatch(lines.join(''), /canary|secret-name/)
})

t.test('the whole gateway: who asked, and in which environment', async (t) => {
  const lines: string[] = []
  const stream = new Writable({ write (chunk: Buffer, _encoding, done) { lines.push(chunk.toString()); done() } })
  const keys = ['web', 'cms'].map((name) => ({ caller: name, digest: digestOf(name) }))
  const environments = ['production', 'staging'].map((name) => environmentAt('http://127.0.0.1:9', { name }))
  const app = await buildApp({ config: testConfig(environments, { auth: { mode: 'keys', keys } }), logger: { stream } })
  t.teardown(() => app.close())
  await app.inject({ url: '/url?public_id=a', headers: { authorization: 'Bearer cms', 'x-environment': 'staging' } })
  await app.inject({ url: '/url?public_id=a', headers: { authorization: 'Bearer nobody' } })
  const [known, unknown] = lines.map((line) => JSON.parse(line) as Record<string, unknown>).filter((line) => line['msg'] === 'request')
  t.match(known, { caller: 'cms', environment: 'staging', route: '/url', status: 200, ip: '127.0.0.1' })
  t.match(unknown, { status: 401, ip: '127.0.0.1' })
  t.notOk('caller' in unknown!)
})

t.test('499 for a caller that leaves: in its body, and before its answer', async (t) => {
  const { app, requests } = await start(t)
  let waits = (): void => {}
  app.post('/takes', async () => 'ok')
  app.get('/waits', async (_request, reply) => { waits(); return await new Promise(() => { reply.hijack() }) })
  const { port } = new URL(await app.listen({ host: '127.0.0.1', port: 0 }))
  const gone = async (head: string): Promise<void> => {
    const arrived = head.startsWith('GET') ? new Promise<void>((resolve) => { waits = resolve }) : new Promise<void>((resolve) => { app.server.once('request', () => resolve()) })
    const socket = connect(Number(port), '127.0.0.1', () => { socket.write(head) })
    await arrived
    const closed = once(socket, 'close')
    socket.destroy()
    await closed
  }
  await gone('POST /takes HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\npart')
  await gone('GET /waits HTTP/1.1\r\nHost: a\r\n\r\n')
  for (let turns = 0; requests().length < 2 && turns < 500; turns++) await new Promise((resolve) => { setTimeout(resolve, 10) })
  t.match(requests(), [{ method: 'POST', route: '/takes', status: 499 }, { method: 'GET', route: '/waits', status: 499 }])
})

t.test('a request that the end of the process cuts: how far it has come; one that is over is not told again', async (t) => {
  const { app, lines, requests } = await start(t)
  const cuts = (): object[] => requests().filter((line) => 'receivedBytes' in line)
  app.addContentTypeParser('*', (_request, _payload, done) => { done(null) })
  app.post('/takes/:id', (request, reply) => { request.raw.resume().once('end', () => { reply.send('taken') }) })
  const { port } = new URL(await app.listen({ host: '127.0.0.1', port: 0 }))
  const open = (length: number, id: string): string => `POST /takes/${id}?signature=canary HTTP/1.1\r\nHost: a\r\nContent-Type: a/b\r\nContent-Length: ${length}\r\n\r\n`
  const first = `${open(3, 'one')}abc`
  const socket = connect(Number(port), '127.0.0.1', () => { socket.write(first) })
  t.teardown(() => { socket.destroy() })
  await once(socket, 'data')
  app.reportCut()
  t.same(cuts(), [])
  const second = `${open(1_000, 'two')}${'x'.repeat(400)}`
  const begun = once(app.server, 'request')
  socket.write(second)
  await begun
  await app.inject({ method: 'POST', url: '/nowhere' }) // has its turn after it
  app.reportCut()
  t.match(cuts(), [{ level: 40, msg: 'request cut: the process ends', reqId: 'id-1', method: 'POST', route: '/takes/:id', receivedBytes: second.length, announcedBytes: 1_000, bodyComplete: false, ms: Number }])
  t.equal(cuts().length, 1)
  socket.write('x'.repeat(600))
  await once(socket, 'data')
  const chunked = 'POST /takes/three HTTP/1.1\r\nHost: a\r\nContent-Type: a/b\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n'
  const third = once(app.server, 'request')
  socket.write(chunked)
  await third
  await app.inject({ method: 'POST', url: '/nowhere' })
  app.reportCut()
  t.match(cuts().slice(1), [{ receivedBytes: chunked.length, announcedBytes: undefined, bodyComplete: false }])
  t.notMatch(lines.join(''), /canary/)
})
