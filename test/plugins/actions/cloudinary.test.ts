import { setImmediate, setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fastify from 'fastify'
import { Redis } from 'ioredis'
import t from 'tap'
import { buildApp } from '../../../src/app.ts'
import type { Gateway } from '../../../src/app-types.ts'
import { digestOf } from '../../../src/auth/policy/keys.ts'
import type { CloudinaryClient } from '../../../src/cloudinary/client.ts'
import cloudinary, { Clients } from '../../../src/plugins/actions/cloudinary.ts'
import { startSandbox } from '../../../src/sandbox/index.ts'
import { Secret } from '../../../src/secret.ts'
import { clearOfFullHour } from '../../support/full-hour.ts'
import { environmentAt, startGatewayAt, testConfig } from '../../support/gateway.ts'
import { freePort } from '../../support/programs.ts'
import { killRedis, NO_REDIS, startRedis } from '../../support/redis.ts'
import { sendForm } from '../../support/ruled-gateway.ts'

t.test('one client per environment, closed with the app', async (t) => {
  const sandbox = await startSandbox()
  t.teardown(() => sandbox.close())
  const { upstream, upload } = testConfig([])
  const app = fastify()
  const environments = ['a', 'b'].map((name) => environmentAt(sandbox.url, { name }))
  await app.register(cloudinary, { environments, defaultEnvironment: 'b', client: { upstream, upload } })
  const clients = app.cloudinary
  t.equal(clients.defaultEnvironment, 'b')
  t.same(clients.names(), ['a', 'b'])
  t.not(clients.get('a'), clients.get('b'))
  const call = { signal: AbortSignal.timeout(60_000) }
  await clients.get('a')?.ping(call)
  await app.close()
  await t.rejects(clients.get('a')?.ping(call) ?? Promise.resolve(), 'a closed client takes no calls')
})

t.test('environments of one account share its budget, and replicas do through Redis; metrics show it', { skip: NO_REDIS }, async (t) => {
  const port = await freePort()
  const redis = await startRedis(t, port)
  await clearOfFullHour()
  const sandbox = await startSandbox({ adminRateLimit: 500 })
  t.teardown(() => sandbox.close())
  const start = async (names: readonly string[]): Promise<Gateway> => {
    const config = testConfig(names.map((name) => environmentAt(sandbox.url, { name })), {
      redisUrl: new Secret(`redis://127.0.0.1:${port}`), metrics: { host: '127.0.0.1', port: 0 }
    })
    const app = await buildApp({ config })
    t.teardown(() => app.close())
    return app
  }
  const [one, other] = [await start(['a', 'b']), await start(['c'])]
  await one.cloudinary.get('a')?.ping({ signal: AbortSignal.timeout(60_000) })
  t.match(await one.cloudinary.get('b')?.quota(), { limit: 500, remaining: 499 })
  t.match(await one.metrics?.text(), /admin_quota_remaining\{environment="a"\} 499\n.*admin_quota_remaining\{environment="b"\} 499\n/)
  let shared = await other.cloudinary.get('c')?.quota()
  for (let turns = 0; turns < 100 && shared === undefined; turns++) shared = await other.cloudinary.get('c')?.quota()
  t.match(shared, { limit: 500, remaining: 499 })
  await killRedis(redis)
  t.match(await other.cloudinary.get('c')?.quota(), { remaining: 499 })
})

t.test('new credentials are for the requests to come; those that run keep theirs, and what did not change stays', async (t) => {
  const sandbox = await startSandbox()
  t.teardown(() => sandbox.close())
  const { upstream, upload } = testConfig([])
  const [a, b, c] = ['a', 'b', 'c'].map((name) => environmentAt(sandbox.url, { name }))
  const clients = new Clients({ environments: [a, b, c].filter((each) => each !== undefined), defaultEnvironment: 'a', client: { upstream, upload } })
  t.teardown(() => clients.close())
  const old = clients.get('a')
  await sandbox.faults.add({ kind: 'delay', ms: 300, times: 1 })
  const running = old?.ping({ signal: AbortSignal.timeout(60_000) })
  const changed = clients.replace([environmentAt(sandbox.url, { name: 'a', apiSecret: new Secret('new') }), environmentAt(sandbox.url, { name: 'b' }), environmentAt(sandbox.url, { name: 'd' })])
  t.same(changed, ['a', 'c', 'd'])
  t.same(clients.names(), ['a', 'b', 'd'])
  t.not(clients.get('a'), old)
  t.equal(clients.get('b')?.environment, b)
  await t.resolves(running ?? Promise.reject(new Error('no client')), 'a request that was running ends under the old credentials')
  await t.rejects(clients.get('a')?.ping({ signal: AbortSignal.timeout(60_000) }) ?? Promise.resolve(), {
    code: 'credentials_rejected'
  })
  t.same(clients.replace(clients.all().map(({ environment }) => environment)), [])
  const proxied = (password: string) => environmentAt(sandbox.url, { name: 'b', proxy: { address: 'proxy:1', url: new Secret(`http://u:${password}@proxy:1/`) } })
  for (const [password, expected] of [['old', ['a', 'b', 'd']], ['old', []], ['new', ['b']]] as const) {
    t.same(clients.replace([proxied(password)]), expected, 'the password of a proxy counts too')
  }
})

t.test('clients that were replaced, and that no request holds, take no memory', async (t) => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void // what that flag gives
  const { upstream, upload } = testConfig([])
  const environment = (number: number) => environmentAt('http://127.0.0.1:9', { apiSecret: new Secret(`secret-${number}`) })
  const clients = new Clients({
    environments: [environment(0)], defaultEnvironment: 'production', client: { upstream, upload }
  })
  t.teardown(() => clients.close())
  const held = clients.get('production')
  const replaced: Array<WeakRef<CloudinaryClient>> = []
  for (let number = 1; number < 20; number++) {
    clients.replace([environment(number)])
    replaced.push(new WeakRef(clients.get('production') as CloudinaryClient))
  }
  await setImmediate() // a reference is kept to the end of its turn
  collect()
  clients.replace([environment(20)])
  t.equal(replaced.filter((client) => client.deref()).length, 1, 'the last one, whose turn it is')
  await setImmediate()
  collect()
  await clients.close()
  await t.rejects(held?.ping({ signal: AbortSignal.timeout(5_000) }) ??
    Promise.resolve(), 'what somebody holds is closed with the others')
})

t.test('a decoy has all of the default environment but its secret, and follows it', async (t) => {
  const { upstream, upload } = testConfig([])
  const first = environmentAt('http://127.0.0.1:9')
  const clients = new Clients({ environments: [first], defaultEnvironment: 'production', client: { upstream, upload } })
  const decoy = clients.decoy()
  t.match(decoy?.environment, { name: 'production', apiKey: '1234', cloudName: 'demo' })
  t.not(decoy?.environment.apiSecret.reveal(), 'abcd')
  t.equal(clients.decoy(), decoy, 'it is made once')
  clients.replace([environmentAt('http://127.0.0.1:9', { apiKey: '5678' })])
  t.match(clients.decoy()?.environment, { apiKey: '5678' })
  await clients.close()
  for (const each of [decoy, clients.decoy()]) {
    await t.rejects(each?.ping({ signal: AbortSignal.timeout(60_000) }) ??
      Promise.resolve(), 'closed with the others')
  }
  t.equal(new Clients({ environments: [], defaultEnvironment: 'production', client: { upstream, upload } }).decoy(), undefined)
})

t.test('replicas that share a Redis know what each of them has signed; others do not', { skip: NO_REDIS }, async (t) => {
  const port = await freePort()
  const child = await startRedis(t, port)
  const redis = new Redis(port, '127.0.0.1')
  t.teardown(() => { redis.disconnect() })
  const sandbox = await startSandbox()
  t.teardown(() => sandbox.close())
  const keys = (name: string) => [`sha256:${digestOf(name).toString('hex')}`]
  const policyFile = `${t.testdir({
    'policy.json': JSON.stringify({ callers: { web: { keys: keys('web') }, small: { keys: keys('small'), sign: { max_bytes: 1000 } } } })
  })}/policy.json`
  const start = (redisPrefix: string): Promise<{ url: string }> => startGatewayAt(t, sandbox.url, {
    redisUrl: new Secret(`redis://127.0.0.1:${port}`), redisPrefix, auth: { mode: 'keys', policyFile }
  })
  const [one, replica, apart] = await Promise.all([start('shop:'), start('shop:'), start('apart:')])
  const post = async (gateway: { url: string }, caller: string, path: string, body: object): Promise<Record<string, any>> => {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${caller}` }
    const answer = await fetch(gateway.url + path, { method: 'POST', headers, body: JSON.stringify(body) })
    return await answer.json() as Record<string, any> // each case says what it expects
  }
  /** Signs, and waits until it is known to all. */
  const sign = async (caller: string, settings: object): Promise<Record<string, string>> => {
    const known = (await redis.keys('shop:signature:*')).length
    const { fields } = await post(one, caller, '/signature', settings)
    while ((await redis.keys('shop:signature:*')).length === known) await sleep(5)
    return fields
  }
  const signed = await sign('web', { folder: 'a' })
  const question = { fields: { ...signed, folder: 'b' } }
  const exact = 'folder was signed as "a" but sent as "b".'
  t.match(await post(replica, 'web', '/signature/explain', question), { fits: false, findings: [{ code: 'field_changed', message: exact }] })
  for (const [gateway, caller] of [[replica, 'small'], [apart, 'web']] as const) {
    t.notMatch(JSON.stringify(await post(gateway, caller, '/signature/explain', question)), 'signed as', caller)
  }

  const changed = { ...signed, folder: 'b' }
  t.match(await sendForm(`${(await start('shop:')).url}/direct-upload`, changed, Buffer.alloc(9)), { status: 401, body: { detail: exact } })
  const behind = new FormData()
  behind.append('file', new Blob(['bytes']), 'a.txt')
  for (const [name, value] of Object.entries(changed)) behind.append(name, value)
  const late = await fetch(`${(await start('shop:')).url}/direct-upload`, { method: 'POST', body: behind })
  t.match(await late.json(), { status: 401, detail: exact }, 'a signature behind its file')
  t.notMatch((await sendForm(`${apart.url}/direct-upload`, changed, Buffer.alloc(9))).body, { detail: exact })

  const limited = await sign('small', { folder: 'small' })
  const uploads = (): number => sandbox.requests.filter(({ path }) => path.endsWith('/upload')).length
  const before = uploads()
  t.match(await sendForm(`${replica.url}/direct-upload`, limited, Buffer.alloc(1001)), { status: 413, body: { detail: /1001 bytes; the limit is 1000/ } })
  t.equal(uploads(), before, 'before the upload')
  t.match(await sendForm(`${replica.url}/direct-upload`, limited, Buffer.alloc(1000)), { status: 200 })
  const kept = (await Promise.all((await redis.keys('shop:signature:*')).map((key) => redis.get(key)))).join()
  t.notMatch(kept, new RegExp(`folder|${signed['signature']}`))

  await killRedis(child)
  t.match(await sendForm(`${replica.url}/direct-upload`, signed, Buffer.alloc(9)), { status: 200 })
  t.match(await post(replica, 'web', '/signature', { folder: 'c' }), { fields: { folder: 'c' } })
})
