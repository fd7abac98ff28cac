import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { buildApp } from '../../src/app.ts'
import { accountOf } from '../../src/cloudinary/wire/account.ts'
import { proofName } from '../../src/proofs/proof-store.ts'
import { startSandbox, type Sandbox } from '../../src/sandbox/index.ts'
import { Secret } from '../../src/secret.ts'
import { startFaultUpstream } from '../support/fault-upstream.ts'
import { clearOfFullHour } from '../support/full-hour.ts'
import { environmentAt, startGateway, startGatewayAt, testConfig } from '../support/gateway.ts'
import { freePort } from '../support/programs.ts'
import { NO_REDIS, startRedis } from '../support/redis.ts'

const JSON_BODY = { 'content-type': 'application/json' }

/** Admin calls that the sandbox saw. What the Upload API takes does not count. */
const spent = ({ requests }: Sandbox): number =>
  requests.filter(({ path }) => !/^\/v1_1\/\w+\/\w+\/(?:upload|destroy)$/.test(path)).length

const secondsToTheHour = (): number => 3600 - Math.floor(Date.now() / 1000) % 3600

await clearOfFullHour()

t.test('budget used up', async (t) => {
  const limit = 20 // one is kept for changes
  const { sandbox, url } = await startGateway(t, { corsOrigins: ['https://shop.example'] }, { adminRateLimit: limit })
  await sandbox.add('cats/tom')
  const get = async (path: string, options: RequestInit = {}): Promise<{ status: number, headers: Headers, body: Record<string, unknown> }> => {
    const answer = await fetch(url + path, options)
    return { status: answer.status, headers: answer.headers, body: await answer.json() as Record<string, unknown> } // a problem or an asset
  }

  t.test('each answer says what is left, also to pages, and an error too', async (t) => {
    const found = await get('/resources/cats/tom', { headers: { origin: 'https://shop.example' } })
    t.match(found.headers.get('ratelimit-policy'), `"cloudinary";q=${limit}`)
    const [, remaining, seconds] = /^"cloudinary";r=(\d+);t=(\d+)$/.exec(found.headers.get('ratelimit') ?? '') ?? []
    t.equal(Number(remaining), limit - spent(sandbox))
    t.ok(Math.abs(Number(seconds) - secondsToTheHour()) <= 2, 'the full hour')
    t.match(found.headers.get('access-control-expose-headers'), /RateLimit, RateLimit-Policy.*X-FeatureRateLimit-Remaining/)
    const absent = await get('/resources/cats/rex')
    t.match(absent, { status: 404 })
    t.match(absent.headers.get('ratelimit'), `"cloudinary";r=${limit - spent(sandbox)};`)
    t.equal((await get('/url?public_id=cats/tom')).headers.get('ratelimit'), null, 'no call, no header')
  })

  t.test('reads end first, then changes, and then nothing is asked', async (t) => {
    let last = await get('/resources/cats/tom')
    for (let turns = 0; last.status === 200 && turns < limit; turns++) last = await get('/resources/cats/tom')
    t.match(last, { status: 429, body: { code: 'quota_exhausted', retryable: true, detail: /reserved for changes: 1/ } })
    t.equal(spent(sandbox), limit - 1, 'one call is kept')
    const change = { method: 'PATCH', headers: JSON_BODY, body: '{"tags":["a"]}' }
    t.match(await get('/resources/cats/tom', change), { status: 200 })
    const before = sandbox.requests.length
    const refused = await get('/resources/cats/tom', change)
    t.match(refused, { status: 429, body: { code: 'quota_exhausted', detail: /20 Admin API calls/ } })
    t.ok(Math.abs(Number(refused.headers.get('retry-after')) - secondsToTheHour()) <= 2, 'the seconds to the reset')
    t.match(refused.headers.get('ratelimit'), /^"cloudinary";r=0;t=\d+$/)
    for (const path of ['/resources', '/resources/cats/tom', '/resources/cats/tom?diagnose=true', `/assets/${'0'.repeat(32)}`, '/resources/a?resource_type=auto']) {
      t.match(await get(path), { status: 429, body: { code: 'quota_exhausted' } }, path)
    }
    t.equal(sandbox.requests.length, before, 'Cloudinary was not asked')
  })

  t.test('what needs no Admin call works on', async (t) => {
    const before = spent(sandbox)
    t.match(await get('/upload?resource_type=raw&public_id=a', { method: 'POST', headers: { 'content-type': 'text/csv' }, body: 'a' }), { status: 200 })
    t.match(await get('/signature', { method: 'POST', headers: JSON_BODY, body: '{}' }), { status: 200 })
    t.match(await get('/url?public_id=cats/tom'), { status: 200 })
    t.match(await get('/signed-url?public_id=cats/tom'), { status: 200 })
    t.match(await get('/resources/a?resource_type=raw', { method: 'DELETE' }), { status: 200 })
    t.match(await get('/resources/cats/tim', { method: 'DELETE' }), { status: 404 })
    const { body: { environments } } = await get('/environments')
    t.match(environments, [{ quota: { limit, remaining: 0, resets_at: /:00:00\.000Z$/ } }])
    t.equal(spent(sandbox), before)
  })
})

t.test('changes by asset_id may use what is kept for changes, to find the asset too', async (t) => {
  const { sandbox, url } = await startGateway(t, {}, { adminRateLimit: 80 }) // four are kept
  const { asset_id: id } = await sandbox.add('cats/tom')
  let status = 200
  for (let turns = 0; status === 200 && turns < 80; turns++) ({ status } = await fetch(`${url}/assets/${id}`))
  t.equal(status, 429)
  const patched = await fetch(`${url}/assets/${id}`, { method: 'PATCH', headers: JSON_BODY, body: '{"tags":["a"]}' })
  t.match(await patched.json(), { public_id: 'cats/tom', tags: ['a'] })
  const deleted = await fetch(`${url}/assets/${id}`, { method: 'DELETE' })
  t.match(await deleted.json(), { result: 'ok', public_id: 'cats/tom' })
  t.equal((await fetch(`${url}/assets/${id}`)).status, 429, 'a read may not')
  t.equal(spent(sandbox), 79)
})

t.test('a streamed list that runs into the end of the budget is cut, and the log says why', async (t) => {
  const log: string[] = []
  const sandbox = await startSandbox({ adminRateLimit: 6 })
  t.teardown(() => sandbox.close())
  const { url } = await startGatewayAt(t, sandbox.url, { log })
  for (let count = 0; count < 8; count++) await sandbox.add(`cats/${count}`)
  const headers = { accept: 'application/x-ndjson' }
  const answer = await fetch(`${url}/resources?max_results=1`, { headers })
  t.match(answer, { status: 200 })
  await t.rejects(answer.text())
  t.match(log.join(''), /a streamed list broke off/)
  t.match(log.join(''), /quota_exhausted|Admin API calls of this account are used up/)
  const refused = await fetch(`${url}/resources?max_results=1`, { headers })
  t.match(await refused.json(), { status: 429, code: 'quota_exhausted' })
  t.equal(spent(sandbox), 5)
})

t.test('a 429 or 420 is passed on at once, for calls and for uploads', async (t) => {
  const { sandbox, url } = await startGateway(t)
  await sandbox.add('cats/tom')
  const calls: Array<[path: string, options: RequestInit]> = [
    ['/resources/cats/tom', {}],
    ['/resources/cats/tom', { method: 'PATCH', headers: JSON_BODY, body: '{"tags":["a"]}' }],
    ['/resources/cats/tom', { method: 'DELETE' }],
    ['/upload?resource_type=raw&public_id=a', { method: 'POST', headers: { 'content-type': 'text/csv' }, body: 'a' }]
  ]
  for (const [path, options] of calls) {
    for (const [status, code] of [[429, 'rate_limited'], [420, 'quota_exhausted']] as const) {
      // It says that calls are left: it is about something else than the hour.
      const quota = {
        'x-featureratelimit-limit': '500',
        'x-featureratelimit-remaining': '400',
        'x-featureratelimit-reset': new Date((Math.floor(Date.now() / 3_600_000) + 1) * 3_600_000).toUTCString()
      }
      sandbox.faults.add({ kind: 'status', status, headers: { 'retry-after': '1', ...quota } })
      const before = sandbox.requests.length
      const answer = await fetch(url + path, options)
      t.match(await answer.json(), { status: 429, code }, `${options.method ?? 'GET'} ${path} ${status}`)
      t.equal(answer.headers.get('retry-after'), '1')
      t.equal(sandbox.requests.length - before, 1)
    }
  }
})

t.test('57 misses of a caller do not use up the budget of an hour', async (t) => {
  const { sandbox, url } = await startGateway(t, {}, { adminRateLimit: 500 })
  for (let turn = 0; turn < 57; turn++) {
    t.match(await (await fetch(`${url}/resources/absent/${turn}`)).json(), { status: 404, code: 'not_found' })
  }
  t.ok(spent(sandbox) < 500 * 2 / 3, `${spent(sandbox)} calls`)
  const before = spent(sandbox)
  const told = await (await fetch(`${url}/resources/absent/more.jpg`)).json()
  t.match(told, { status: 404, advice: /diagnose=true/, detail: /if it is one, send "absent\/more"/ })
  t.equal(spent(sandbox) - before, 1, 'a miss costs one call now')
  await sandbox.add('absent/dog', { resource_type: 'raw', type: 'private' })
  const looked = await (await fetch(`${url}/resources/absent/dog?diagnose=true`)).json()
  t.match(looked, { status: 404, found_under: [{ resource_type: 'raw', type: 'private' }] }, 'unless the caller asks')
  const patched = await fetch(`${url}/resources/absent/dog`, { method: 'PATCH', headers: JSON_BODY, body: '{"tags":["a"],"diagnose":true}' })
  t.match(await patched.json(), { status: 404, found_under: [{ resource_type: 'raw', type: 'private' }] })
  const auto = spent(sandbox)
  await fetch(`${url}/resources/absent/any?resource_type=auto`)
  t.equal(spent(sandbox) - auto, 3, 'three kinds are the question itself')
})

t.test('57 misses with diagnose=true do not either: past half of it, each look is a request of the caller', async (t) => {
  const rates = { perCaller: { requests: 60, perSeconds: 3_600 } }
  const { sandbox, url } = await startGateway(t, { rates }, { adminRateLimit: 500 })
  const seen = new Map<number, unknown>()
  for (let turn = 0; turn < 57; turn++) {
    const answer = await fetch(`${url}/resources/absent/${turn}?diagnose=true`)
    seen.set(answer.status, await answer.json())
  }
  t.match(seen.get(404), { code: 'not_found', advice: /not looked for under every kind/ }, 'the last that was looked for')
  t.match(seen.get(429), { code: 'rate_limited' })
  t.ok(spent(sandbox) > 250 && spent(sandbox) <= 320, `${spent(sandbox)} calls`)
})

t.test('a miss that is asked for again costs one call, and what is stored meanwhile is found at once', async (t) => {
  const { sandbox, url } = await startGateway(t)
  const get = async (id: string): Promise<unknown> => (await fetch(`${url}/resources/${id}`)).json()
  t.match(await get('cats/tom'), { status: 404 })
  t.equal(spent(sandbox), 9)
  t.match(await get('cats/tom'), { status: 404 })
  t.equal(spent(sandbox), 10)
  const body = readFileSync(new URL('../../docs/screenshot.png', import.meta.url))
  t.match(await (await fetch(`${url}/upload?public_id=cats/tom&type=private`, { method: 'POST', headers: { 'content-type': 'image/png' }, body })).json(), { public_id: 'cats/tom' })
  t.match(await get('cats/tom'), { status: 404, found_under: [{ resource_type: 'image', type: 'private' }] })
  t.match(await (await fetch(`${url}/upload?public_id=cats/tom`, { method: 'POST', headers: { 'content-type': 'image/png' }, body })).json(), { public_id: 'cats/tom' })
  t.match(await get('cats/tom'), { public_id: 'cats/tom', type: 'upload' })
})

t.test('many who ask the same at the same time share one call; each sees what it may, and nobody else\'s environment', async (t) => {
  const { sandbox, url } = await startGateway(t)
  await sandbox.add('cats/tom')
  sandbox.faults.add({ kind: 'delay', ms: 300, times: 50 })
  const answers = await Promise.all(Array.from({ length: 50 }, async () => (await fetch(`${url}/resources/cats/tom`)).json()))
  for (const answer of answers) t.match(answer, { public_id: 'cats/tom' })
  t.equal(spent(sandbox), 1)
})

t.test('callers who may see different things share a call, and each sees what it may', async (t) => {
  const digest = (key: string): string => `sha256:${createHash('sha256').update(key).digest('hex')}`
  const policy = `callers:
  cms: { keys: ['${digest('cms-key')}'] }
  member: { keys: ['${digest('member-key')}'], folder: users/1 }
`
  const policyFile = join(t.testdir({ 'policy.yaml': policy }), 'policy.yaml')
  const { sandbox, url } = await startGateway(t, { auth: { mode: 'keys', policyFile } })
  for (const id of ['users/1/a', 'users/10/b']) await sandbox.add(id, { tags: ['cat'] })
  const ids = async (key: string): Promise<string[]> => {
    const answer = await fetch(`${url}/resources?tag=cat`, { headers: { authorization: `Bearer ${key}` } })
    const { resources } = await answer.json() as { resources: Array<{ public_id: string }> } // Cloudinary's answer
    return resources.map(({ public_id: id }) => id).sort()
  }
  sandbox.faults.add({ kind: 'delay', ms: 300 })
  const keys = ['cms-key', 'member-key', 'cms-key', 'member-key']
  const all = ['users/1/a', 'users/10/b']
  t.same(await Promise.all(keys.map(ids)), [all, ['users/1/a'], all, ['users/1/a']])
  t.equal(spent(sandbox), 1)
})

/** Two environments of one account, and a third with another cloud. */
async function startEnvironments (t: Test): Promise<{ url: string, sandbox: Sandbox }> {
  const clouds = ['demo', 'other'].map((cloudName) => ({ cloudName, apiKey: '1234', apiSecret: 'abcd' }))
  const sandbox = await startSandbox({ adminRateLimit: 10, clouds })
  t.teardown(() => sandbox.close())
  const environments = [
    environmentAt(sandbox.url, { name: 'editor' }),
    environmentAt(sandbox.url, { name: 'staging' }),
    environmentAt(sandbox.url, { name: 'production', cloudName: 'other' })
  ]
  const app = await buildApp({ config: testConfig(environments) })
  t.teardown(() => app.close())
  return { url: await app.listen({ host: '127.0.0.1', port: 0 }), sandbox }
}

t.test('the budget is that of the account: environments of one account share it, others do not', async (t) => {
  const { url, sandbox } = await startEnvironments(t)
  const status = async (environment: string): Promise<number> =>
    (await fetch(`${url}/resources`, { headers: { 'x-environment': environment } })).status
  for (let turn = 0; turn < 9; turn++) t.equal(await status('editor'), 200)
  t.equal(await status('staging'), 429)
  t.equal(await status('production'), 200)
  t.equal(spent(sandbox), 10)
})

t.test('replicas share what they know through Redis', { skip: NO_REDIS }, async (t) => {
  const port = await freePort()
  const redis = await startRedis(t, port)
  const sandbox = await startSandbox({ adminRateLimit: 10 })
  t.teardown(() => sandbox.close())
  const shared = { redisUrl: new Secret(`redis://127.0.0.1:${port}`) }
  const [one, other] = [await startGatewayAt(t, sandbox.url, shared), await startGatewayAt(t, sandbox.url, shared)]
  const stranger = await startGatewayAt(t, sandbox.url, { ...shared, redisPrefix: 'stranger:' })
  for (let turn = 0; turn < 9; turn++) t.equal((await fetch(`${one.url}/resources`)).status, 200)
  const before = spent(sandbox)
  t.equal((await fetch(`${other.url}/resources`)).status, 429, 'which it has never asked for itself')
  t.equal(spent(sandbox), before)
  t.equal((await fetch(`${stranger.url}/resources`)).status, 200, 'another prefix is another product')
  redis.kill('SIGKILL')
  t.equal((await fetch(`${other.url}/resources`)).status, 429, 'what is known stays known without Redis')
  t.equal((await fetch(`${one.url}/resources/a`, { method: 'PATCH', headers: JSON_BODY, body: '{"tags":["a"]}' })).status, 429)
})

t.test('values in Redis that no gateway has put there keep nobody from starting or asking', { skip: NO_REDIS }, async (t) => {
  const port = await freePort()
  await startRedis(t, port)
  const redis = new Redis(port, '127.0.0.1')
  t.teardown(() => { redis.disconnect() })
  const sandbox = await startSandbox()
  t.teardown(() => sandbox.close())
  const environment = environmentAt(sandbox.url)
  const account = accountOf(environment)
  const poisons = [
    ['garbage', 'null'], ['500 0 9999999999999', 'claimed'], ['500 -5 9999999999999', '{"verified":false,"told":{},"lastsMs":1e15}']
  ] as const
  for (const [quota, proof] of poisons) {
    for (const [key, value] of [[`quota:${account}`, quota], [`proof:${proofName(account, environment)}`, proof]] as const) {
      await redis.set(`test:${key}`, value, 'PX', 90 * 24 * 3_600_000)
    }
    const { app, url } = await startGatewayAt(t, sandbox.url, { redisUrl: new Secret(`redis://127.0.0.1:${port}`) })
    t.same(await app.proveCredentials(), [{ name: 'production', verified: true }], quota)
    t.equal((await fetch(`${url}/resources`)).status, 200, quota)
    t.match(await (await fetch(`${url}/readyz`)).json(), { status: 'ready', redis: 'up' }, quota)
  }
})

t.test('what an answer says of the budget is believed only where it makes sense, and never for ever', async (t) => {
  const upstream = await startFaultUpstream(t)
  const { url } = await startGatewayAt(t, upstream.url)
  const page = '{"resources":[]}'
  const inHours = (hours: number): string => new Date(Date.now() + hours * 3_600_000).toUTCString()
  const quota = (limit: string, remaining: string, reset: string): Record<string, string> => ({ 'x-featureratelimit-limit': limit, 'x-featureratelimit-remaining': remaining, 'x-featureratelimit-reset': reset })
  const nonsense = [
    quota('500', '0', inHours(-1)), quota('500', '0', 'soon'), quota('500', '-1', inHours(1)), quota('1e3', '0', inHours(1)),
    quota('500', '501', inHours(1)), quota('0', '0', inHours(1)), quota('500', '', inHours(1)), quota('500', '0', inHours(30)), {}
  ]
  for (const headers of nonsense) {
    upstream.script({ body: page, headers })
    t.equal((await fetch(`${url}/resources`)).status, 200, JSON.stringify(headers))
  }
  t.equal(upstream.seen.length, nonsense.length)
  // Its clock is three hours behind; a span is a span.
  upstream.script({ body: page, headers: { date: inHours(-3), ...quota('500', '7', inHours(-2.5)) } })
  await fetch(`${url}/resources`)
  const refused = await fetch(`${url}/resources`)
  t.equal(refused.status, 429)
  const wait = Number(refused.headers.get('retry-after'))
  t.ok(wait > 1790 && wait <= 1801, `${wait} s`)
})

t.test('after the reset one request finds out, and the others follow', async (t) => {
  const upstream = await startFaultUpstream(t)
  const { url } = await startGatewayAt(t, upstream.url)
  upstream.script({ status: 420, body: '{"error":{"message":"Rate Limit Exceeded"}}', headers: { 'retry-after': '1' } })
  t.match(await (await fetch(`${url}/resources`)).json(), { status: 429, code: 'quota_exhausted' })
  const until = async (): Promise<void> => {
    const answer = await fetch(`${url}/resources/a`)
    if (answer.status === 429) return until()
    t.equal(answer.status, 200)
  }
  upstream.script({ body: '{"public_id":"a"}' })
  await until()
  t.equal(upstream.seen.length, 2)
})
