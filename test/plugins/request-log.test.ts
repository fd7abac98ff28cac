import { Writable } from 'node:stream'
import fastify from 'fastify'
import t from 'tap'
import requestLog from '../../src/plugins/request-log.ts'

t.test('one line per request: the route\'s pattern, never the URL, and the id goes back to the caller', async (t) => {
  const lines: string[] = []
  const stream = new Writable({ write (chunk: Buffer, _encoding, done) { lines.push(chunk.toString()); done() } })
  const app = fastify({ logger: { stream }, disableRequestLogging: true, genReqId: () => 'id-1' })
  t.teardown(() => app.close())
  await app.register(requestLog)
  app.get('/assets/:id', async () => 'ok')
  const answer = await app.inject('/assets/secret-name?signature=canary')
  t.equal(answer.headers['x-request-id'], 'id-1')
  await app.inject('/nowhere?signature=canary')
  const requests = lines.map((line) => JSON.parse(line) as object).filter((line) => 'route' in line)
  t.match(requests, [{ method: 'GET', route: '/assets/:id', status: 200, ms: Number, reqId: 'id-1' }, { route: null, status: 404 }])
  t.notMatch(lines.join(''), /canary|secret-name/)
})
