import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { RedisRateStore } from '../../src/redis/rate-store.ts'
import { freePort } from '../support/programs.ts'
import { killRedis, NO_REDIS, openLink, startRedis } from '../support/redis.ts'

const rate = { requests: 5, perSeconds: 3600 }

/** A store on a link of its own, as in a process of its own. */
function open (t: Test, port: number) {
  const link = openLink(t, port)
  const store = new RedisRateStore(link)
  t.teardown(() => store.close())
  return { link, store }
}

t.test('two processes share one quota', { skip: NO_REDIS }, async (t) => {
  const port = await freePort()
  await startRedis(t, port)
  const [{ link, store: one }, { link: otherLink, store: other }] = [open(t, port), open(t, port)]
  await Promise.all([link.ready(), otherLink.ready()])
  const verdicts = await Promise.all(Array.from({ length: 20 }, (_, index) => (index % 2 ? one : other).take('caller:a', rate)))
  t.equal(verdicts.filter(({ allowed }) => allowed).length, 5)
  t.match(await one.take('caller:a', rate), { allowed: false, remaining: 0, retryAfterSeconds: /^7\d\d$/ })
  t.match(await other.take('caller:b', rate), { allowed: true, remaining: 4, resetSeconds: /^7(19|20)$/ })
})

t.test('Redis that is not there, then comes: this process counts until then', { skip: NO_REDIS }, async (t) => {
  const port = await freePort()
  const { link, store } = open(t, port)
  await link.ready(50)
  const verdicts = await Promise.all(Array.from({ length: 8 }, () => store.take('a', rate)))
  t.equal(verdicts.filter(({ allowed }) => allowed).length, 5, 'still limited')
  await startRedis(t, port)
  await link.ready(10_000)
  t.equal((await store.take('a', rate)).remaining, 4, 'counted in Redis now')
})

t.test('what stands there wrongly, or was counted before the clock of Redis went back, holds for one period at most', { skip: NO_REDIS }, async (t) => {
  const port = await freePort()
  await startRedis(t, port)
  const { link, store } = open(t, port)
  await link.ready()
  const redis = new Redis(port, '127.0.0.1')
  t.teardown(() => { redis.disconnect() })
  for (const text of ['garbage', '-1', '']) {
    await redis.set('shop:rate:a', text)
    t.match(await store.take('a', rate), { allowed: true, remaining: 4 }, text)
    t.match(await store.take('a', rate), { allowed: true, remaining: 3 }, `${text}: counted in Redis`)
  }
  for (const text of ['1e300', String(Date.now() + 7_200_000)]) {
    await redis.set('shop:rate:a', text)
    t.match(await store.take('a', rate), { allowed: false, retryAfterSeconds: 720 }, text)
    t.ok(Number(await redis.get('shop:rate:a')) <= Date.now() + 3_601_000, 'not from now on for ever')
    t.ok(await redis.pttl('shop:rate:a') > 3_500_000)
  }
})

t.test('Redis that hangs delays one request, not each', { skip: NO_REDIS }, async (t) => {
  const port = await freePort()
  const redis = await startRedis(t, port)
  const { link, store } = open(t, port)
  await link.ready()
  await store.take('a', rate)
  redis.kill('SIGSTOP')
  t.equal((await store.take('a', rate)).remaining, 4, 'this process begins to count')
  for (let turn = 0; turn < 50; turn++) await store.take('b', rate)
  redis.kill('SIGCONT')
  const other = open(t, port)
  await other.link.ready()
  t.equal((await other.store.take('b', rate)).remaining, 4, 'the fifty were not even sent')
})

t.test('Redis that dies while it is used', { skip: NO_REDIS }, async (t) => {
  const port = await freePort()
  const redis = await startRedis(t, port)
  const { link, store } = open(t, port)
  await link.ready()
  await store.take('a', rate)
  await killRedis(redis)
  t.equal((await store.take('a', rate)).allowed, true)
})
