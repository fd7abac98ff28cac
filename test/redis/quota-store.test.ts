import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { RedisQuotaStore } from '../../src/redis/quota-store.ts'
import { freePort } from '../support/programs.ts'
import { killRedis, NO_REDIS, openLink, startRedis } from '../support/redis.ts'

const RESET = 1_800_000_000_000
const reading = (remaining: number, hours = 0, limit = 500) =>
  ({ limit, remaining, resetsAtMs: RESET + hours * 3_600_000, leftMs: 1_800_000 })

/** A store on a link of its own, as in a process of its own. */
function open (t: Test, port: number, options = {}) {
  const link = openLink(t, port, options)
  return { link, store: new RedisQuotaStore(link) }
}

t.test('replicas share a reading for as long as its period lasts', { skip: NO_REDIS }, async (t) => {
  const port = await freePort()
  await startRedis(t, port)
  const replicas = [open(t, port), open(t, port), open(t, port, { prefix: 'bank:' })] as const
  await Promise.all(replicas.map(({ link }) => link.ready()))
  const [one, other, stranger] = [replicas[0].store, replicas[1].store, replicas[2].store]
  const known = async (account = 'demo'): Promise<readonly [number, number] | undefined> => {
    const { remaining, resetsAtMs } = await other.peek(account) ?? {}
    return remaining === undefined || resetsAtMs === undefined ? undefined : [remaining, (resetsAtMs - RESET) / 3_600_000]
  }

  t.equal(await known(), undefined)
  await one.put('demo', reading(497), undefined)
  const shared = await other.peek('demo')
  t.match(shared, { limit: 500, remaining: 497, resetsAtMs: RESET })
  t.ok(shared && shared.leftMs > 1_700_000 && shared.leftMs <= 1_800_000)
  t.equal(await known('other'), undefined)
  t.equal(await stranger.peek('demo'), undefined)

  await one.put('demo', reading(498), undefined)
  t.same(await known(), [497, 0], 'the lower number of one period stands')
  await one.put('demo', reading(490), undefined)
  t.same(await known(), [490, 0])
  await one.put('demo', reading(499, 1), undefined)
  t.same(await known(), [499, 1], 'a later period replaces it')
  await one.put('demo', reading(489), RESET)
  t.same(await known(), [499, 1], 'an answer that was overtaken')
  await one.put('demo', reading(488), RESET + 3_600_000)
  t.same(await known(), [488, 0], 'who knew of the later period and was told another one corrects it')
  await one.put('demo', reading(1990, 0, 2000), RESET)
  t.match(await other.peek('demo'), { limit: 2000, remaining: 1990 }, 'another plan')
  await one.put('short', { ...reading(1), leftMs: 1 }, undefined)
  let left = await known('short')
  for (let turns = 0; turns < 1_000 && left; turns++) left = await known('short')
  t.equal(left, undefined, 'it ends with its period')
})

t.test('Redis that is away delays nothing and fails nothing', { skip: NO_REDIS }, async (t) => {
  const port = await freePort()
  const { link, store } = open(t, port)
  await link.ready(50)
  for (let turn = 0; turn < 3; turn++) {
    t.equal(await store.peek('demo'), undefined)
    await store.put('demo', reading(1), undefined)
  }
  const redis = await startRedis(t, port)
  await link.ready(10_000)
  await store.put('demo', reading(1), undefined)
  t.match(await store.peek('demo'), { remaining: 1 })
  redis.kill('SIGSTOP')
  t.equal(await store.peek('demo'), undefined)
  t.equal(link.isDown, true, 'nobody else waits')
  t.equal(await store.peek('demo'), undefined)
  redis.kill('SIGCONT')
  await killRedis(redis)
  t.equal(await store.peek('demo'), undefined)
})

t.test('what no gateway has put there is not believed, does no harm to others, and is replaced', { skip: NO_REDIS }, async (t) => {
  const port = await freePort()
  await startRedis(t, port)
  const { link, store } = open(t, port)
  await link.ready()
  const redis = new Redis(port, '127.0.0.1')
  t.teardown(() => { redis.disconnect() })
  const hour = 3_600_000
  const poisons: ReadonlyArray<readonly [text: string, leftMs?: number]> = [
    ['garbage'], ['garbage', hour], ['', hour], [`500 0 ${RESET}`], [`500 0 ${RESET}`, 365 * 24 * hour], [`500 -5 ${RESET}`, hour],
    [`500 501 ${RESET + hour}`, hour], [`0 0 ${RESET}`, hour], [`1e3 0 ${RESET}`, hour], ['500 0', hour], [`500 0 ${RESET} 7`, hour],
    ['1'.repeat(1_000_000), hour]
  ]
  const key = 'shop:quota:demo'
  const isReplaced = async (what: string): Promise<void> => {
    t.equal(await store.peek('demo'), undefined, what)
    await store.put('demo', reading(7), undefined)
    t.match(await store.peek('demo'), { remaining: 7 }, what)
    t.equal(link.isDown, false, `${what}: Redis works`)
  }
  for (const [text, leftMs] of poisons) {
    await (leftMs === undefined ? redis.set(key, text) : redis.set(key, text, 'PX', leftMs))
    await isReplaced(`${text.slice(0, 40)} for ${leftMs}`)
  }
  await redis.del(key)
  await redis.hset(key, 'limit', '500')
  await isReplaced('a hash')
})
