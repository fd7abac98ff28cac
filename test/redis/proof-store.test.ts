import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { RedisLink } from '../../src/redis/link.ts'
import { RedisProofStore } from '../../src/redis/proof-store.ts'
import { Secret } from '../../src/secret.ts'
import { freePort } from '../support/programs.ts'
import { NO_REDIS, startRedis } from '../support/redis.ts'

async function open (t: Test, port: number, prefix = 'shop:') {
  const link = new RedisLink({ url: new Secret(`redis://127.0.0.1:${port}`), prefix })
  t.teardown(() => { link.close() })
  await link.ready()
  return { link, store: new RedisProofStore(link) }
}

t.test('processes share claims and verdicts, under their prefix, for as long as they hold', { skip: NO_REDIS }, async (t) => {
  const port = await freePort()
  await startRedis(t, port)
  const [{ store: one, link }, { store: other }, { store: stranger }] = [await open(t, port), await open(t, port), await open(t, port, 'blog:')]
  t.same([await one.claim('a'), await other.claim('a'), await one.claim('a'), await stranger.claim('a')], [{ state: 'yours' }, { state: 'busy' }, { state: 'busy' }, { state: 'yours' }])
  await one.keep('a', { verified: false, told: 'Unknown API key', lastsMs: 60_000.4 })
  const known = await other.claim('a')
  t.match(known, { state: 'known', verdict: { verified: false, told: 'Unknown API key' } })
  t.ok(known.state === 'known' && known.forMs > 50_000 && known.forMs <= 60_001)
  await one.keep('a', { verified: true, lastsMs: 60_000 })
  t.match(await other.claim('a'), { verdict: { verified: true } })
  await one.forget('a')
  t.same(await other.claim('a'), { state: 'yours' })
  const lives = await link.within(1_000)('return redis.call("PTTL", KEYS[1])', 'proof:a')
  t.ok(Number(lives) > 0 && Number(lives) <= 5_000, 'a claim ends by itself')
})

t.test('rejects while Redis is out of reach', async (t) => {
  const link = new RedisLink({ url: new Secret(`redis://127.0.0.1:${await freePort()}`), prefix: 'shop:' })
  t.teardown(() => { link.close() })
  const store = new RedisProofStore(link)
  await t.rejects(store.claim('a'))
  await t.rejects(store.keep('a', { verified: true, lastsMs: 1000 }))
  await t.rejects(store.forget('a'))
})

t.test('what no gateway has put there is proved anew, and replaced', { skip: NO_REDIS }, async (t) => {
  const port = await freePort()
  await startRedis(t, port)
  const { store, link } = await open(t, port)
  const redis = new Redis(port, '127.0.0.1')
  t.teardown(() => { redis.disconnect() })
  const good = { verified: false, told: 'Unknown API key', lastsMs: 60_000 }
  const poisons: ReadonlyArray<readonly [value: unknown, leftMs?: number]> = [
    [null, 1_000], [5, 1_000], ['text', 1_000], [[], 1_000], [{}, 1_000], [{ ...good, verified: 'yes' }, 1_000], [{ ...good, lastsMs: 'long' }, 1_000],
    [{ ...good, told: {} }, 1_000], [{ ...good, told: 'x'.repeat(100_000) }, 1_000], [good], [good, 120_000],
    [{ ...good, lastsMs: 1e12 }, 31_536_000_000]
  ]
  const key = 'shop:proof:a'
  const isReplaced = async (what: string): Promise<void> => {
    t.same(await store.claim('a'), { state: 'yours' }, what)
    await store.keep('a', good)
    t.match(await store.claim('a'), { state: 'known', verdict: good }, what)
    t.equal(link.isDown, false, `${what}: Redis works`)
  }
  for (const [value, leftMs] of poisons) {
    const text = JSON.stringify(value)
    await (leftMs === undefined ? redis.set(key, text) : redis.set(key, text, 'PX', leftMs))
    await isReplaced(`${text.slice(0, 60)} for ${leftMs}`)
  }
  for (const text of ['garbage', 'claimed']) {
    await redis.set(key, text)
    await isReplaced(`${text} for ever`)
  }
  await redis.set(key, 'claimed', 'PX', 60_000)
  await isReplaced('a claim that is too long')
  await redis.del(key)
  await redis.hset(key, 'verified', '1')
  await isReplaced('a hash')
})
