import t, { type Test } from 'tap'
import { RedisRateStore, type RedisRateStoreOptions } from '../../src/redis/rate-store.ts'
import { Secret } from '../../src/secret.ts'
import { freePort, killRedis, NO_REDIS, startRedis } from '../support/redis.ts'

const rate = { requests: 5, perSeconds: 3600 }

function open (t: Test, port: number, options: Partial<RedisRateStoreOptions> = {}): RedisRateStore {
  const store = new RedisRateStore({ url: new Secret(`redis://127.0.0.1:${port}`), prefix: 'shop:', ...options })
  t.teardown(() => store.close())
  return store
}

t.test('two processes share one quota', { skip: NO_REDIS }, async (t) => {
  const port = await freePort()
  await startRedis(t, port)
  const [one, other] = [open(t, port), open(t, port)]
  await Promise.all([one.ready(), other.ready()])
  await one.ready()
  const verdicts = await Promise.all(Array.from({ length: 20 }, (_, index) => (index % 2 ? one : other).take('caller:a', rate)))
  t.equal(verdicts.filter(({ allowed }) => allowed).length, 5)
  t.match(await one.take('caller:a', rate), { allowed: false, remaining: 0, retryAfterSeconds: /^7\d\d$/ })
  t.match(await other.take('caller:b', rate), { allowed: true, remaining: 4, resetSeconds: /^7(19|20)$/ })
})

t.test('Redis that is not there, then comes: this process counts until then, and says so once each', { skip: NO_REDIS }, async (t) => {
  const port = await freePort()
  const told: string[] = []
  let nowMs = Date.now()
  const store = open(t, port, { now: () => nowMs, onFault: () => told.push('down'), onRecovery: () => told.push('up') })
  await store.ready(50)
  const verdicts = await Promise.all(Array.from({ length: 8 }, () => store.take('a', rate)))
  t.equal(verdicts.filter(({ allowed }) => allowed).length, 5, 'still limited')
  t.same(told, ['down'])
  await startRedis(t, port)
  await store.ready(10_000)
  nowMs += 2_000
  t.equal((await store.take('a', rate)).remaining, 4, 'counted in Redis now')
  t.same(told, ['down', 'up'])
})

t.test('Redis that hangs delays one request, not each', { skip: NO_REDIS }, async (t) => {
  const port = await freePort()
  const redis = await startRedis(t, port)
  const told: unknown[] = []
  const startMs = Date.now()
  const store = open(t, port, { now: () => startMs, onFault: (error) => told.push(error) })
  await store.ready()
  await store.take('a', rate)
  redis.kill('SIGSTOP')
  t.equal((await store.take('a', rate)).remaining, 4, 'this process begins to count')
  for (let turn = 0; turn < 50; turn++) await store.take('b', rate)
  t.equal(told.length, 1)
  redis.kill('SIGCONT')
  const other = open(t, port)
  await other.ready()
  t.equal((await other.take('b', rate)).remaining, 4, 'the fifty were not even sent')
})

t.test('Redis that dies while it is used', { skip: NO_REDIS }, async (t) => {
  const port = await freePort()
  const redis = await startRedis(t, port)
  const store = open(t, port)
  await store.ready()
  await store.take('a', rate)
  await killRedis(redis)
  t.equal((await store.take('a', rate)).allowed, true)
})
