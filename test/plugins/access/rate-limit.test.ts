import fastify from 'fastify'
import t, { type Test } from 'tap'
import { buildApp } from '../../../src/app.ts'
import { ANYBODY, DIRECT_UPLOADER } from '../../../src/auth/callers/authenticator.ts'
import type { Caller } from '../../../src/auth/policy/caller.ts'
import { EVERYTHING } from '../../../src/auth/policy/permissions.ts'
import { GatewayError } from '../../../src/errors.ts'
import rateLimit, { callerRate, type RateLimitOptions } from '../../../src/plugins/access/rate-limit.ts'
import errorHandler from '../../../src/plugins/http/error-handler.ts'
import { startFaultUpstream } from '../../support/fault-upstream.ts'
import { environmentAt, startGatewayAt, testConfig } from '../../support/gateway.ts'
import { freePort } from '../../support/programs.ts'
import { killRedis, NO_REDIS, openLink, startRedis } from '../../support/redis.ts'
import { samplePath, withRouteTable } from '../../support/route-table.ts'

/** Without a key. */
const UNNAMED: Readonly<Record<string, Caller>> = { stranger: DIRECT_UPLOADER, anybody: ANYBODY }

async function start (t: Test, changes: Partial<RateLimitOptions>, server: object = {}) {
  const options = changes
  const app = fastify(server)
  t.teardown(() => app.close())
  await app.register(errorHandler, { docs: '/docs/errors' })
  app.get('/open', async () => 'open')
  await app.register(async (guarded) => {
    await guarded.register(rateLimit, options)
    guarded.decorateRequest('caller')
    guarded.addHook('onRequest', async (request) => {
      const name = String(request.headers['x-caller'] ?? 'web')
      const scope = request.headers['x-scope']
      const caller: Caller = { name, ...typeof scope === 'string' && { scope }, permissions: name === 'slow' ? { ...EVERYTHING, rate: { requests: 1, perSeconds: 60 } } : EVERYTHING }
      request.caller = UNNAMED[name] ?? caller
    })
    await guarded.register(callerRate, options)
    // What is refused afterwards was a request all the same.
    guarded.addHook('onRequest', async ({ headers }) => { if (headers['x-refused'] !== undefined) throw new GatewayError('forbidden', 'Not this one.') })
    guarded.get('/me', async ({ caller }) => caller.name)
    guarded.get<{ Querystring: { count: string } }>('/many', async (request, reply) => {
      const { allowed, refusal } = await request.countFurther(reply, Number(request.query.count))
      return { allowed, refusal: refusal?.message }
    })
  })
  return app
}

t.test('429 with Retry-After and the state of each limit', async (t) => {
  let nowMs = 1_000_000
  const limited: string[] = []
  const app = await start(t, { perAddress: { requests: 4, perSeconds: 60 }, perCaller: { requests: 2, perSeconds: 60 }, now: () => nowMs, onLimited: (by) => { limited.push(by) } })
  const first = await app.inject('/me')
  t.match(first, {
    statusCode: 200,
    headers: { 'ratelimit-policy': '"address";q=4;w=60, "caller";q=2;w=60', ratelimit: '"address";r=3;t=15, "caller";r=1;t=30' }
  })
  await app.inject('/me')
  const third = await app.inject('/me')
  t.match(third.json(), { status: 429, code: 'rate_limited', retryable: true, detail: /This caller may send 2 requests in 60 seconds; the next one in 30 s/ })
  t.match(third.headers, { 'retry-after': '30', ratelimit: '"address";r=1;t=45, "caller";r=0;t=60' })
  t.equal((await app.inject({ url: '/me', headers: { 'x-caller': 'other' } })).statusCode, 200, 'other callers are not concerned')
  t.match((await app.inject({ url: '/me', headers: { 'x-caller': 'third' } })).json(), { status: 429, detail: /This address/ })
  t.equal((await app.inject({ url: '/me', remoteAddress: '192.0.2.9', headers: { 'x-caller': 'third' } })).statusCode, 200, 'nor are other addresses')
  t.equal((await app.inject('/open')).headers.ratelimit, undefined)
  t.same(limited, ['caller', 'address'])
  nowMs += 60_000
  t.equal((await app.inject('/me')).statusCode, 200)
})

t.test('the policy\'s rate counts before the default; without either there is no limit', async (t) => {
  const app = await start(t, {})
  t.equal((await app.inject('/me')).headers.ratelimit, undefined)
  t.equal((await app.inject({ url: '/me', headers: { 'x-caller': 'slow' } })).statusCode, 200)
  t.equal((await app.inject({ url: '/me', headers: { 'x-caller': 'slow' } })).statusCode, 429)
})

t.test('callers whose names look alike in the log have a limit each', async (t) => {
  const app = await start(t, { perAddress: undefined, perCaller: { requests: 1, perSeconds: 60 } })
  const statuses = []
  for (const scope of ['jwt/a/b', 'jwt/a_b', 'jwt/a/b']) statuses.push((await app.inject({ url: '/me', headers: { 'x-caller': 'jwt-a_b', 'x-scope': scope } })).statusCode)
  t.same(statuses, [200, 200, 429])
})

t.test('callers without a key are counted by address: one of them locks out nobody else', async (t) => {
  for (const name of ['stranger', 'anybody']) {
    const app = await start(t, { perCaller: { requests: 1, perSeconds: 60 } })
    const from = async (remoteAddress: string): Promise<number> => (await app.inject({ url: '/me', remoteAddress, headers: { 'x-caller': name } })).statusCode
    t.same([await from('192.0.2.1'), await from('192.0.2.1'), await from('192.0.2.2'), await from('2001:db8::1'), await from('2001:db8::2')], [200, 429, 200, 200, 429], name)
    t.equal((await app.inject({ url: '/me', remoteAddress: '192.0.2.1', headers: { 'x-caller': 'anonymous' } })).statusCode, 200, 'a caller of that name is another one')
  }
})

t.test('what a caller may not do counts as well', async (t) => {
  const app = await start(t, { perCaller: { requests: 2, perSeconds: 60 } })
  const statuses = []
  for (let turn = 0; turn < 3; turn++) statuses.push((await app.inject({ url: '/me', headers: { 'x-refused': 'yes' } })).statusCode)
  t.same(statuses, [403, 403, 429])
})

t.test('addresses that a caller writes itself do not count, unless its proxy is trusted', async (t) => {
  const forged = (turn: number) => ({ 'x-forwarded-for': `203.0.113.${turn}`, 'x-real-ip': `203.0.113.${turn}`, forwarded: `for=203.0.113.${turn}` })
  const app = await start(t, { perAddress: { requests: 2, perSeconds: 60 } })
  for (const status of [200, 200, 429]) t.equal((await app.inject({ url: '/me', headers: forged(status) })).statusCode, status)
  const behind = await start(t, { perAddress: { requests: 1, perSeconds: 60 } }, { trustProxy: '127.0.0.1' })
  for (const turn of [1, 2, 3]) t.equal((await behind.inject({ url: '/me', headers: forged(turn) })).statusCode, 200)
})

t.test('every route counts, pages and paths without a route too; only probes and preflights do not', async (t) => {
  const PROBES = new Set(['/healthz', '/readyz'])
  const rate = { requests: 1, perSeconds: 3600 }
  const upstream = await startFaultUpstream(t)
  for (const rates of [
    { perAddress: rate, perCaller: undefined }, { perAddress: undefined, perCaller: rate }
  ]) {
    const config = testConfig([environmentAt(upstream.url)], { rates, corsOrigins: ['https://shop.example'] })
    const { app, table } = await withRouteTable(() => buildApp({ config }))
    t.teardown(() => app.close())
    let last = 0
    const second = async (method: string, url: string): Promise<number> => {
      const remoteAddress = `192.0.2.${++last}`
      const ask = () => app.inject({ method: method as 'GET', url: samplePath(url), remoteAddress })
      t.not((await ask()).statusCode, 429, `${method} ${url}`)
      return (await ask()).statusCode
    }
    t.ok(table.length > 30)
    for (const { method, options: { url } } of table) {
      // The plugin for CORS answers preflights of every path there.
      if (url !== '*') t.equal(await second(method, url) === 429, !PROBES.has(url), `${method} ${url}`)
    }
    if (rates.perAddress) t.equal(await second('GET', '/nowhere'), 429)
    t.equal(await second('GET', '/resources/%zz'), rates.perAddress
      ? 429
      : 400, 'a path that cannot be decoded')
    const preflight = { origin: 'https://shop.example', 'access-control-request-method': 'POST' }
    for (let turn = 0; turn < 2; turn++) {
      t.equal((await app.inject({ method: 'OPTIONS', url: '/upload', headers: preflight })).statusCode, 204)
    }
  }
})

t.test('one rate of an address holds for its pages and its calls without a key together', async (t) => {
  const upstream = await startFaultUpstream(t)
  const { app } = await startGatewayAt(t, upstream.url, {
    rates: { perAddress: undefined, perCaller: { requests: 2, perSeconds: 3600 } }
  })
  const statuses = []
  for (const url of ['/openapi.json', '/url?public_id=a', '/docs/errors', '/url?public_id=a']) {
    statuses.push((await app.inject(url)).statusCode)
  }
  t.same(statuses, [200, 200, 429, 429])
})

t.test('Redis: two gateways share one limit; when it is gone each limits by itself', { skip: NO_REDIS }, async (t) => {
  const port = await freePort()
  const redis = await startRedis(t, port)
  const links = [openLink(t, port), openLink(t, port)]
  await Promise.all(links.map((link) => link.ready()))
  const perCaller = { requests: 4, perSeconds: 3600 }
  const apps = await Promise.all(links.map((link) => start(t, { perCaller, redis: link })))
  const codesOf = async (turns: number, of: typeof apps): Promise<number[]> => {
    const codes = []
    for (let turn = 0; turn < turns; turn++) codes.push((await of[turn % of.length]?.inject('/me'))?.statusCode ?? 0)
    return codes
  }
  t.same(await codesOf(6, apps), [200, 200, 200, 200, 429, 429])
  await killRedis(redis)
  t.same(await codesOf(6, apps.slice(0, 1)), [200, 200, 200, 200, 429, 429], 'it begins to count by itself')
})

t.test('further requests that one stands for count for address and caller, as many as both allow', async (t) => {
  const limited: string[] = []
  const options = {
    perAddress: { requests: 6, perSeconds: 60 },
    perCaller: { requests: 4, perSeconds: 60 },
    now: () => 1_000_000,
    onLimited: (by: string) => { limited.push(by) }
  }
  const app = await start(t, options)
  const ask = (count: number, caller = 'web') => app.inject({
    url: `/many?count=${count}`, headers: { 'x-caller': caller }
  })
  const first = await ask(2)
  t.same(first.json(), { allowed: 2 })
  t.match(first.headers, {
    'ratelimit-policy': '"address";q=6;w=60, "caller";q=4;w=60',
    ratelimit: '"address";r=3;t=30, "caller";r=1;t=45'
  })
  const second = await ask(5)
  t.match(second.json(), { allowed: 0, refusal: /This caller may send 4 requests/ })
  t.match(second.headers, { ratelimit: '"address";r=0;t=60, "caller";r=0;t=60' })
  t.same(limited, ['address', 'address', 'address', 'caller', 'caller'])
  const free = await start(t, {})
  t.same((await free.inject('/many?count=99')).json(), { allowed: 99 })
  t.same((await free.inject('/many?count=0')).json(), { allowed: 0 })
})
