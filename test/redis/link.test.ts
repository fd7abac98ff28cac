import t, { type Test } from 'tap'
import { RedisLink, type LinkWatchers } from '../../src/redis/link.ts'
import { Secret } from '../../src/secret.ts'
import { freePort, killRedis, NO_REDIS, startRedis } from '../support/redis.ts'

const ECHO = 'return { KEYS[1], ARGV[1], ARGV[2] }'

function open (t: Test, port: number, watchers: LinkWatchers = {}): RedisLink {
  const link = new RedisLink({ url: new Secret(`redis://127.0.0.1:${port}`), prefix: '{shop}:', commandTimeoutMs: 250, ...watchers })
  t.teardown(() => { link.close() })
  return link
}

t.test('runs a script for one key, whose name begins with the prefix', { skip: NO_REDIS }, async (t) => {
  const port = await freePort()
  await startRedis(t, port)
  const link = open(t, port)
  let ready = 0
  link.onReady(() => { ready++ })
  await link.ready()
  await link.ready()
  t.equal(ready, 1)
  t.same(await link.run(ECHO, 'a', 'b', 7), ['{shop}:a', 'b', '7'])
})

t.test('without Redis a command fails at once, and is told once; it is connected when Redis comes', { skip: NO_REDIS }, async (t) => {
  const port = await freePort()
  const told: string[] = []
  let tell = () => {}
  const down = new Promise<void>((resolve) => { tell = resolve })
  const link = open(t, port, { onFault: () => { told.push('down'); tell() }, onRecovery: () => told.push('up') })
  await link.ready(1)
  await down
  for (let round = 0; round < 3; round++) await t.rejects(link.run(ECHO, 'a'))
  link.fail(new Error('so says who uses it'))
  t.same(told, ['down'])
  await startRedis(t, port)
  await link.ready(10_000)
  t.same(await link.run(ECHO, 'a', 'b', 'c'), ['{shop}:a', 'b', 'c'])
  t.same(told, ['down'], 'whether it is of use again is for others to say')
  link.recover()
  link.recover()
  t.same(told, ['down', 'up'])
})

t.test('Redis that hangs, then dies: a command ends, and nobody has to listen', { skip: NO_REDIS }, async (t) => {
  const port = await freePort()
  const redis = await startRedis(t, port)
  const link = open(t, port)
  await link.ready()
  redis.kill('SIGSTOP')
  await t.rejects(link.run(ECHO, 'a'), { message: /timed out/ })
  await killRedis(redis)
  await t.rejects(link.run(ECHO, 'a'))
  t.doesNotThrow(() => {
    link.fail(new Error('down'))
    link.recover()
  })
})
