import { once } from 'node:events'
import { request } from 'node:http'
import type { AddressInfo } from 'node:net'
import fastify from 'fastify'
import t, { type Test } from 'tap'
import requestLife from '../../../src/plugins/http/request-life.ts'
import metrics from '../../../src/plugins/operations/metrics.ts'
import { startGateway, testConfig } from '../../support/gateway.ts'

async function start (t: Test, wanted = true) {
  const app = fastify()
  t.teardown(() => app.close())
  await app.register(requestLife)
  await app.register(metrics, { wanted, upload: testConfig([]).upload, version: '0.0.0', environments: ['staging'] })
  app.get('/assets/:id', async () => 'ok')
  app.route({ method: ['POST', 'PUT'], url: '/both', handler: async () => { throw new Error('no') } })
  app.get('/slow', () => new Promise(() => {}))
  return { app }
}

/** `GET /assets/:id 200: 1`, sorted. */
function requestsIn (text = ''): string[] {
  return [...text.matchAll(/^cloudinary_gateway_http_requests_total\{method="(.*)",route="(.*)",status="(.*)"\} (\d+)$/gm)].map(([, method, route, status, count]) => `${method} ${route} ${status}: ${count}`).sort()
}

t.test('every answer is counted once, by the pattern of its route and never by its URL', async (t) => {
  const { app } = await start(t)
  for (const url of ['/assets/a', '/assets/b?signature=canary']) await app.inject(url)
  await app.inject({ method: 'HEAD', url: '/assets/a' })
  for (const method of ['POST', 'PUT'] as const) await app.inject({ method, url: '/both' })
  await app.inject('/nowhere/canary')
  await app.inject({ method: 'DELETE', url: '/assets/a' })
  const text = await app.metrics?.text()
  t.same(requestsIn(text), ['DELETE none 404: 1', 'GET /assets/:id 200: 2', 'GET none 404: 1', 'HEAD /assets/:id 200: 1', 'POST /both 500: 1', 'PUT /both 500: 1'])
  t.notMatch(text, /canary/)
})

t.test('a caller that leaves before the answer is out is told apart', async (t) => {
  const { app } = await start(t)
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo // it listens on TCP
  const arrived = once(app.server, 'request')
  const call = request({ port, host: '127.0.0.1', path: '/slow' }).on('error', () => {})
  call.end()
  const [, answer] = await arrived
  const left = once(answer, 'close')
  call.destroy()
  await left
  t.same(requestsIn(await app.metrics?.text()), ['GET /slow 499: 1'])
})

t.test('nothing is counted where nobody wants it', async (t) => {
  const { app } = await start(t, false)
  await app.inject('/assets/a')
  t.equal(app.metrics, undefined)
})

t.test('the whole gateway: tries, limits and reloads are counted where they happen', async (t) => {
  const { app, url } = await startGateway(t, {
    metrics: { host: '127.0.0.1', port: 0 },
    rates: { perAddress: { requests: 3, perSeconds: 60 } },
    auth: { policyFile: `${t.testdir({ 'policy.yaml': 'callers: { web: { keys: [] } }'.replace('[]', `['sha256:${'0'.repeat(64)}']`) })}/policy.yaml` }
  })
  await fetch(`${url}/resources`)
  await fetch(`${url}/resources/none`)
  await fetch(`${url}/signature`, { method: 'POST' })
  t.equal((await fetch(`${url}/url?public_id=a`)).status, 429)
  const text = await app.metrics?.text()
  t.same(requestsIn(text), ['GET /resources 200: 1', 'GET /resources/* 404: 1', 'GET /url 429: 1', 'POST /signature 200: 1'])
  t.match(text, /upstream_tries_total\{environment="production",outcome="ok"\} 1\n/)
  t.match(text, /upstream_tries_total\{environment="production",outcome="not_found"\} \d+\n/)
  t.match(text, /rate_limited_total\{limit="address"\} 1\n/)
  t.match(text, /reload_last_successful\{what="policy"\} 1\n/)
  const elsewhere = await app.inject({ url: '/metrics', remoteAddress: '192.0.2.1' })
  t.equal(elsewhere.statusCode, 404, 'A29: not on the address of the gateway')
})
