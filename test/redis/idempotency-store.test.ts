import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import type { Claim, Hold, IdempotencyRecord } from '../../src/idempotency/record.ts'
import { RedisIdempotencyStore, type RedisStoreOptions } from '../../src/redis/idempotency-store.ts'
import { freePort } from '../support/programs.ts'
import { NO_REDIS, openLink, startRedis } from '../support/redis.ts'

const record: IdempotencyRecord = { fingerprint: 'f', look_for: { public_id: 'ä' } }
const done: IdempotencyRecord = { ...record, outcome: { answer: { status: 200, headers: {}, body: '\u00ff{}' } } }
const HOUR_MS = 3_600_000

function held (claim: Claim): Hold {
  if (claim.state !== 'held') throw new Error(`the key is ${claim.state}`)
  return claim.hold
}

/** A store on a link of its own, as in a process of its own; `kill` is what ends that without a word. */
async function open (t: Test, port: number, options: RedisStoreOptions = {}) {
  const link = openLink(t, port)
  await link.ready()
  const store = new RedisIdempotencyStore(link, options)
  return Object.assign(store, { kill: () => { link.close() } })
}

/** What Redis itself has. */
async function inspect (t: Test, port: number): Promise<Redis> {
  // A client that monitors takes every line for news: it must not wait for the answer of a readiness check as well.
  const redis = new Redis(port, '127.0.0.1', { enableReadyCheck: false })
  t.teardown(() => { redis.disconnect() })
  return redis
}

/** Waits until Redis has been asked about this key, by scripts, so many times more. */
async function untilAsked (redis: Redis, name: string, times: number): Promise<void> {
  const monitor = await redis.monitor()
  await new Promise<void>((resolve) => {
    monitor.on('monitor', (_time: string, args: string[]) => { if (/^eval/i.test(args[0] ?? '') && args[3]?.endsWith(`:${name}`) && --times === 0) resolve() })
  })
  monitor.disconnect()
}

/** Claims until the lease of whoever had the key has run out. */
async function untilFree (store: RedisIdempotencyStore, name: string): Promise<Claim> {
  for (let round = 0; round < 200; round++) {
    const claim = await store.claim(name)
    if (claim.state !== 'in_progress') return claim
    await sleep(20)
  }
  throw new Error('the lease does not end')
}

t.test('held by one process at a time, then known to all for 24 hours, or free again', { skip: NO_REDIS }, async (t) => {
  const port = await freePort()
  await startRedis(t, port)
  const [one, other] = [await open(t, port), await open(t, port)]
  const hold = held(await one.claim('a'))
  t.same(await other.claim('a'), { state: 'in_progress' })
  await hold.seal(record)
  t.same(await other.claim('a'), { state: 'in_progress' })
  await hold.settle(done)
  t.same(await other.claim('a'), { state: 'known', record: done })
  const redis = await inspect(t, port)
  const [key = ''] = await redis.keys('*')
  t.equal(key, 'shop:idempotency:a')
  const left = await redis.pttl(key)
  t.ok(left > 23 * HOUR_MS && left <= 24 * HOUR_MS)
  await held(await one.claim('b')).release()
  t.equal(await redis.exists('shop:idempotency:b'), 0)
  const sealed = held(await other.claim('b'))
  await sealed.seal(record)
  await sealed.release()
  held(await one.claim('b'))
})

t.test('a hold lasts as long as its process renews it, and not much longer', { skip: NO_REDIS }, async (t) => {
  const port = await freePort()
  await startRedis(t, port)
  const redis = await inspect(t, port)
  const [one, other] = [await open(t, port, { leaseMs: 1500 }), await open(t, port, { leaseMs: 1500 })]
  held(await one.claim('open'))
  await held(await one.claim('sealed')).seal(record)
  // Three renewals of each take as long as a lease.
  await Promise.all(['open', 'sealed'].map((name) => untilAsked(redis, name, 4)))
  t.same(await other.claim('open'), { state: 'in_progress' })
  t.same(await other.claim('sealed'), { state: 'in_progress' })
  one.kill()
  t.match(await untilFree(other, 'open'), { state: 'held' }, 'nothing went out')
  t.same(await untilFree(other, 'sealed'), { state: 'known', record }, 'all may have gone out')
})

t.test('what a Redis loses, by a failover or a FLUSHALL, is put back by whoever holds it', { skip: NO_REDIS }, async (t) => {
  const port = await freePort()
  await startRedis(t, port)
  const redis = await inspect(t, port)
  const [one, other] = [await open(t, port, { leaseMs: 600 }), await open(t, port)]
  const [lost] = [held(await one.claim('open')), await held(await one.claim('sealed')).seal(record)]
  const ofOther = held(await one.claim('taken'))
  await redis.flushall()
  const next = held(await other.claim('taken'))
  // Each is renewed once at least.
  await Promise.all(['open', 'sealed', 'taken'].map((name) => untilAsked(redis, name, 2)))
  t.same(await other.claim('open'), { state: 'in_progress' })
  t.same(await other.claim('sealed'), { state: 'in_progress' }, 'all of it may be on its way: it is not stored twice')
  await t.rejects(ofOther.seal(record), { code: 'idempotency_in_progress' }, 'what somebody else took meanwhile stays theirs')
  await next.release()
  await lost.release()
  one.kill()
  t.same(await untilFree(other, 'sealed'), { state: 'known', record })
})

t.test('whoever lost its hold can neither end an upload nor touch what the next one left', { skip: NO_REDIS }, async (t) => {
  const port = await freePort()
  await startRedis(t, port)
  const redis = await inspect(t, port)
  const [one, other] = [await open(t, port), await open(t, port)]
  const lost = held(await one.claim('a'))
  await redis.del('shop:idempotency:a') // as if the lease had run out while Redis was out of reach
  const next = held(await other.claim('a'))
  await t.rejects(lost.seal(record), { code: 'idempotency_in_progress' })
  await next.seal(record)
  await next.settle(done)
  await lost.release()
  await lost.settle(record)
  t.same(await other.claim('a'), { state: 'known', record: done })
  await t.rejects(lost.seal(record), { code: 'client_closed' }, 'a body that ends after its upload')
  const forgotten = held(await one.claim('b'))
  await redis.flushall()
  await forgotten.seal(record)
  t.same(await other.claim('b'), { state: 'in_progress' }, 'nobody else had it, so it was still ours')
  await redis.flushall()
  await forgotten.settle(done)
  t.same(await other.claim('b'), { state: 'known', record: done })
})

t.test('M28: of ten at once in two processes one gets the key, a thousand times', { skip: NO_REDIS }, async (t) => {
  const port = await freePort()
  await startRedis(t, port)
  const stores = [await open(t, port), await open(t, port)]
  for (let round = 0; round < 1000; round++) {
    const claims = await Promise.all(Array.from({ length: 5 }, () => stores.map((store) => store.claim(`key-${round}`))).flat())
    const holds = claims.filter(({ state }) => state === 'held')
    if (holds.length !== 1 || claims.some(({ state }) => state === 'known')) t.fail(`round ${round}: ${claims.map(({ state }) => state).join()}`)
    await Promise.all(holds.map((claim) => held(claim).release()))
  }
  t.match(await stores[0]?.claim('key-0'), { state: 'held' })
})

t.test('503, soon, while Redis is not there, hangs or dies', { skip: NO_REDIS }, async (t) => {
  const port = await freePort()
  const link = openLink(t, port)
  const store = new RedisIdempotencyStore(link, { leaseMs: 300 })
  t.teardown(() => store.close())
  await link.ready(200)
  await t.rejects(store.claim('a'), { code: 'overloaded', headers: { 'retry-after': '5' } })
  const redis = await startRedis(t, port)
  await link.ready(10_000)
  const hold = held(await store.claim('a'))
  redis.kill('SIGSTOP')
  await t.rejects(store.claim('b'), { code: 'overloaded' })
  redis.kill('SIGKILL')
  await t.rejects(hold.seal(record), { code: 'overloaded' })
  await t.rejects(hold.release(), { code: 'overloaded' })
})

t.test('a claim that came too late for its caller does not stand in the way of the next', { skip: NO_REDIS }, async (t) => {
  const port = await freePort()
  const redis = await startRedis(t, port)
  const [one, other] = [await open(t, port), await open(t, port)]
  await held(await other.claim('known')).settle(done)
  redis.kill('SIGSTOP')
  await t.rejects(one.claim('a'), { code: 'overloaded' })
  await t.rejects(one.claim('known'), { code: 'overloaded' })
  redis.kill('SIGCONT')
  t.match(await untilFree(other, 'a'), { state: 'held' })
  t.same(await untilFree(other, 'known'), { state: 'known', record: done }, 'what others left stays')
})
