import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { RedisSignatureStore, type SignatureStoreOptions } from '../../src/redis/signature-store.ts'
import { freePort } from '../support/programs.ts'
import { killRedis, NO_REDIS, openLink, startRedis } from '../support/redis.ts'

async function open (t: Test, port: number, options: SignatureStoreOptions = {}): Promise<RedisSignatureStore> {
  const link = openLink(t, port)
  await link.ready()
  return new RedisSignatureStore(link, options)
}

t.test('what one process puts another gets, for an hour', { skip: NO_REDIS }, async (t) => {
  const port = await freePort()
  const child = await startRedis(t, port)
  const [one, other] = [await open(t, port), await open(t, port)]
  one.put('a', 'text')
  let found
  while (found === undefined) found = await other.get('a')
  t.equal(found, 'text')
  t.equal(await other.get('b'), undefined)
  const redis = new Redis(port, '127.0.0.1')
  t.teardown(() => { redis.disconnect() })
  const leftMs = await redis.pttl('shop:signature:a')
  t.ok(leftMs > 3_500_000 && leftMs <= 3_600_000)
  await redis.set('shop:signature:large', 'x'.repeat(40_000))
  await redis.hset('shop:signature:hash', 'a', 'b')
  for (const odd of ['large', 'hash']) t.equal(await other.get(odd), undefined, `what no gateway has put there: ${odd}`)
  t.equal(await other.get('a'), 'text', 'harms nobody')
  await killRedis(child)
  one.put('c', 'text')
  t.equal(await one.get('a'), undefined, 'nobody waits, and nothing fails')
  one.put('d', 'text')
  t.equal(await one.get('a'), undefined)
})

t.test('a process has a bounded part of Redis, which runs free again within an hour', { skip: NO_REDIS }, async (t) => {
  const port = await freePort()
  await startRedis(t, port)
  let nowMs = 0
  const store = await open(t, port, { maxCharacters: 10, now: () => nowMs })
  const putAndGet = async (name: string): Promise<string | undefined> => {
    store.put(name, '1234')
    return store.get(name) // on the same connection, behind it
  }
  t.same([await putAndGet('a'), await putAndGet('b'), await putAndGet('c')], ['1234', '1234', undefined])
  nowMs += 1_800_000
  t.same([await putAndGet('d'), await putAndGet('e')], ['1234', undefined])
  nowMs += 3_600_000
  t.equal(await putAndGet('f'), '1234')
})
