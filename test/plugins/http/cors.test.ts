import fastify from 'fastify'
import t, { type Test } from 'tap'
import { GatewayError } from '../../../src/errors.ts'
import cors, { preflightFailure, type CorsOptions } from '../../../src/plugins/http/cors.ts'
import errorHandler from '../../../src/plugins/http/error-handler.ts'

const ALLOWED = 'https://allowed.com'

async function start (t: Test, options: CorsOptions) {
  const app = fastify({ bodyLimit: 10 })
  t.teardown(() => app.close())
  await app.register(errorHandler, { docs: '/docs/errors' })
  await app.register(cors, options)
  app.removeContentTypeParser('text/plain')
  app.post('/signature', async () => ({ ok: true }))
  app.get('/denied', async () => { throw new GatewayError('unauthorized', 'no') })
  app.get('/busy', async () => { throw new GatewayError('overloaded', 'no') })
  return app
}

const corsHeaders = (headers: object) => Object.keys(headers).filter((name) => name.startsWith('access-control-'))

t.test('off by default', async (t) => {
  const app = await start(t, { origins: [] })
  const { headers } = await app.inject({ method: 'POST', url: '/signature', headers: { origin: ALLOWED } })
  t.same(corsHeaders(headers), [])
  t.equal(headers.vary, undefined)
  const preflight = await app.inject({ method: 'OPTIONS', url: '/signature', headers: { origin: ALLOWED, 'access-control-request-method': 'POST' } })
  t.match(preflight.json(), { status: 403, code: 'origin_not_allowed', advice: /`CORS_ORIGINS`/ }, 'what is to be set is told')
  t.same(corsHeaders(preflight.headers), [])
})

t.test('a listed origin', async (t) => {
  const app = await start(t, { origins: [ALLOWED, 'https://*.example.com'] })
  t.test('204 to its preflight, to be remembered for ten minutes at most', async (t) => {
    const { statusCode, headers } = await app.inject({ method: 'OPTIONS', url: '/signature', headers: { origin: ALLOWED, 'access-control-request-method': 'POST', 'access-control-request-private-network': 'true' } })
    t.equal(statusCode, 204)
    t.match(headers, { 'access-control-allow-origin': ALLOWED, 'access-control-max-age': '600', vary: /Origin/ })
    t.equal(headers['access-control-allow-headers'], undefined, 'none was asked for')
    t.equal(headers['access-control-allow-private-network'], undefined)
    t.equal(headers['access-control-allow-credentials'], undefined)
  })
  t.test('204 that allows the headers which the preflight asks for, whatever they are, and varies by them', async (t) => {
    const asked = ['authorization,content-type', 'cache-control,x-requested-with', 'traceparent, tracestate, baggage', 'x-b3-traceid', 'X-Custom', 'x'.repeat(8000)]
    for (const names of asked) {
      const { statusCode, headers } = await app.inject({ method: 'OPTIONS', url: '/signature', headers: { origin: ALLOWED, 'access-control-request-method': 'POST', 'access-control-request-headers': names } })
      t.equal(statusCode, 204)
      t.match(headers, { 'access-control-allow-origin': ALLOWED, 'access-control-allow-headers': names })
      t.same(String(headers.vary).split(/,\s*/).sort(), ['Access-Control-Request-Headers', 'Origin'])
    }
    const other = await app.inject({ method: 'OPTIONS', url: '/signature', headers: { origin: 'https://evil.com', 'access-control-request-method': 'POST', 'access-control-request-headers': 'x-custom' } })
    t.equal(other.statusCode, 403)
    t.same(corsHeaders(other.headers), [])
  })
  t.test('gets its headers on answers and on every error', async (t) => {
    for (const [method, url, status] of [['POST', '/signature', 200], ['GET', '/denied', 401], ['GET', '/busy', 503], ['GET', '/nowhere', 404]] as const) {
      const { statusCode, headers } = await app.inject({ method, url, headers: { origin: ALLOWED } })
      t.equal(statusCode, status)
      t.match(headers, { 'access-control-allow-origin': ALLOWED, vary: /Origin/, 'access-control-expose-headers': /Retry-After/ }, url)
      t.equal(headers['timing-allow-origin'], undefined)
    }
    const tooLarge = await app.inject({ method: 'POST', url: '/signature', headers: { origin: ALLOWED, 'content-type': 'application/json' }, payload: '{"a":"xxxxxxxxxx"}' })
    t.match(tooLarge, { statusCode: 413, headers: { 'access-control-allow-origin': ALLOWED } })
    t.match(await app.inject({ method: 'POST', url: '/signature', headers: { origin: 'https://a.example.com' } }), { headers: { 'access-control-allow-origin': 'https://a.example.com' } })
  })
})

t.test('an origin that is not listed gets no CORS header, and caches are told apart', async (t) => {
  const app = await start(t, { origins: [ALLOWED] })
  for (const origin of ['https://allowed.evil.com', 'https://evilallowed.com', 'http://allowed.com', 'https://allowed.com:444', 'https://ALLOWED.com', 'https://allowed.com.', 'null', undefined]) {
    const { headers } = await app.inject({ method: 'POST', url: '/signature', headers: origin === undefined ? {} : { origin } })
    t.same(corsHeaders(headers), [], String(origin))
    t.match(headers.vary, /Origin/)
  }
})

t.test('403 to the preflight of an origin that is not listed, which names the origin and what lists them', async (t) => {
  const app = await start(t, { origins: [ALLOWED] })
  for (const origin of ['https://evil.com', 'http://allowed.com', 'null', `https://${'x'.repeat(500)}.com`]) {
    const { headers, body } = await app.inject({ method: 'OPTIONS', url: '/signature', headers: { origin, 'access-control-request-method': 'POST' } })
    t.match(JSON.parse(body), { status: 403, code: 'origin_not_allowed', detail: `Pages of "${origin.slice(0, 120)}" may not call this gateway.`, advice: /`CORS_ORIGINS`/ })
    t.same(corsHeaders(headers), [], origin)
    t.match(headers, { vary: /Origin/, 'cache-control': 'no-store' })
    t.notOk('allow' in headers, 'the method is not to blame')
  }
})

t.test('405 to OPTIONS that is no preflight, with and without origins', async (t) => {
  for (const origins of [[], [ALLOWED]]) {
    const app = await start(t, { origins })
    for (const headers of [{}, { origin: 'https://evil.com' }, { 'access-control-request-method': 'POST' }]) {
      t.match(await app.inject({ method: 'OPTIONS', url: '/signature', headers }), { statusCode: 405, headers: { allow: 'POST' } }, JSON.stringify({ origins, headers }))
    }
  }
})

t.test('only OPTIONS with an origin and a method is a preflight', async (t) => {
  const headers = { origin: ALLOWED, 'access-control-request-method': 'POST' }
  t.match(preflightFailure({ method: 'OPTIONS', headers }), { code: 'origin_not_allowed' })
  t.equal(preflightFailure({ method: 'GET', headers }), undefined)
})

t.test('415: JSON as text/plain, which a foreign page may send unasked', async (t) => {
  const app = await start(t, { origins: [ALLOWED] })
  t.equal((await app.inject({ method: 'POST', url: '/signature', headers: { origin: 'https://evil.com', 'content-type': 'text/plain' }, payload: '{}' })).statusCode, 415)
})

t.test('credentials never come with any origin, since no rule stands for all', async (t) => {
  await t.rejects(start(t, { origins: ['*'] }), { message: /neither \* nor null/ })
  await t.rejects(start(t, { origins: ['null'] }), { message: /null/ })
  const app = await start(t, { origins: [ALLOWED], credentials: true })
  t.match(await app.inject({ method: 'POST', url: '/signature', headers: { origin: ALLOWED } }), { headers: { 'access-control-allow-credentials': 'true', 'access-control-allow-origin': ALLOWED } })
})
