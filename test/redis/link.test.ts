import { Redis } from 'ioredis'
import t from 'tap'
import { freePort } from '../support/programs.ts'
import { killRedis, NO_REDIS, openLink, startRedis } from '../support/redis.ts'

const ECHO = 'return { KEYS[1], ARGV[1], ARGV[2] }'

/** Watchers that note what they are told, and how to wait until they have been told so much. */
function notes () {
  const told: string[] = []
  let look = (): void => {}
  const note = (what: string) => () => {
    told.push(what)
    look()
  }
  const until = async (count: number): Promise<void> => {
    while (told.length < count) await new Promise<void>((resolve) => { look = resolve })
  }
  return { told, until, watchers: { onDown: note('down'), onUp: note('up') } }
}

t.test('runs a script for one key, whose name begins with the prefix', { skip: NO_REDIS }, async (t) => {
  const port = await freePort()
  await startRedis(t, port)
  const link = openLink(t, port, { prefix: '{shop}:' })
  t.equal(link.isDown, true, 'nothing has been answered yet')
  await link.ready()
  await link.ready()
  t.equal(link.isDown, false)
  t.same(await link.within(1_000)(ECHO, 'a', 'b', 7), ['{shop}:a', 'b', '7'])
})

t.test('a Redis that works is probed again and again, and nobody is told', { skip: NO_REDIS }, async (t) => {
  const port = await freePort()
  await startRedis(t, port)
  const { told, watchers } = notes()
  const link = openLink(t, port, { ...watchers, beatMs: { up: 1, down: 1 } })
  await link.ready()
  const observer = new Redis(port)
  t.teardown(() => { observer.disconnect() })
  const probes = async (): Promise<number> => Number(/cmdstat_eval:calls=(\d+)/.exec(await observer.info('commandstats'))?.[1])
  while (!(await probes() >= 5));
  t.same(told, [])
  t.equal(link.isDown, false)
})

t.test('a value of another kind, or one that no script can use, is no failure of Redis', { skip: NO_REDIS }, async (t) => {
  const port = await freePort()
  await startRedis(t, port)
  const { told, watchers } = notes()
  const link = openLink(t, port, watchers)
  await link.ready()
  const run = link.within(1_000)
  await run('return redis.call("HSET", KEYS[1], "a", "b")', 'hash')
  await t.rejects(run('return redis.call("GET", KEYS[1])', 'hash'), { message: /WRONGTYPE/ })
  await t.rejects(run('return tonumber(ARGV[1]) > 1', 'a', 'text'), { message: /attempt to compare/ })
  await t.rejects(run('return tonumber(ARGV[1]) + 1', 'a', 'text'), { message: /attempt to perform arithmetic/ })
  t.equal(link.isDown, false)
  t.same(told, [])
})

t.test('without Redis a command fails at once, and is told once; it is up when Redis comes', { skip: NO_REDIS }, async (t) => {
  const port = await freePort()
  const { told, until, watchers } = notes()
  const link = openLink(t, port, watchers)
  const run = link.within(60_000)
  await link.ready(1)
  await until(1)
  for (let round = 0; round < 3; round++) await t.rejects(run(ECHO, 'a'))
  t.same(told, ['down'])
  await startRedis(t, port)
  await link.ready(10_000)
  t.same(await run(ECHO, 'a', 'b', 'c'), ['shop:a', 'b', 'c'])
  t.same(told, ['down', 'up'], 'nobody had to ask for it')
})

t.test('Redis that hangs, works again, then dies: seen by the link alone', { skip: NO_REDIS }, async (t) => {
  const port = await freePort()
  const redis = await startRedis(t, port)
  const { told, until, watchers } = notes()
  const link = openLink(t, port, watchers)
  await link.ready()
  t.same(told, [], 'a start is no recovery')
  redis.kill('SIGSTOP')
  await until(1)
  await t.rejects(link.within(10)(ECHO, 'a'), { message: /within 10 ms/ })
  redis.kill('SIGCONT')
  await until(2)
  await killRedis(redis)
  await until(3)
  t.equal(link.isDown, true)
  t.same(told, ['down', 'up', 'down'])
})

t.test('a connection on which nothing arrives is given up for a new one', { skip: NO_REDIS }, async (t) => {
  const port = await freePort()
  const redis = await startRedis(t, port)
  const looker = new Redis(port, '127.0.0.1')
  t.teardown(() => { looker.disconnect() })
  const connections = async (): Promise<string[]> =>
    String(await looker.call('CLIENT', 'LIST')).split('\n').filter((line) => line.includes(' cmd=eval '))
      .map((line) => line.split(' ')[0] ?? '')
  const link = openLink(t, port, { silenceMs: 50 })
  await link.ready()
  const before = await connections()
  t.equal(before.length, 1)
  redis.kill('SIGSTOP')
  await t.rejects(link.within(1_000)(ECHO, 'a'), { message: /max retries/ })
  redis.kill('SIGCONT')
  await link.ready(10_000)
  await t.resolves(link.within(1_000)(ECHO, 'a'))
  t.notMatch(await connections(), before)
})

t.test('Redis that answers but cannot keep anything is down', { skip: NO_REDIS }, async (t) => {
  const port = await freePort()
  await startRedis(t, port)
  const redis = new Redis(port, '127.0.0.1')
  t.teardown(() => { redis.disconnect() })
  const { told, until, watchers } = notes()
  const link = openLink(t, port, watchers)
  await link.ready()
  const ills = [
    [['CONFIG', 'SET', 'maxmemory', '1'], ['CONFIG', 'SET', 'maxmemory', '0']],
    [['REPLICAOF', '127.0.0.1', '1'], ['REPLICAOF', 'NO', 'ONE']],
    [['CONFIG', 'SET', 'min-replicas-to-write', '1'], ['CONFIG', 'SET', 'min-replicas-to-write', '0']]
  ] as const
  for (const [ill, cure] of ills) {
    const [name, ...args] = ill
    await redis.call(name, ...args)
    const before = told.length
    await until(before + 1)
    t.equal(link.isDown, true, ill.join(' '))
    const [cureName, ...cureArgs] = cure
    await redis.call(cureName, ...cureArgs)
    await until(before + 2)
    t.equal(link.isDown, false, cure.join(' '))
  }
  t.same(told, ['down', 'up', 'down', 'up', 'down', 'up'])
})

t.test('a link that is closed says nothing more, and nobody has to listen', { skip: NO_REDIS }, async (t) => {
  const port = await freePort()
  await startRedis(t, port)
  const { told, watchers } = notes()
  const link = openLink(t, port, watchers)
  await link.ready()
  link.close()
  await t.rejects(link.within(1_000)(ECHO, 'a'))
  t.same(told, [])
  const unheard = openLink(t, await freePort())
  await unheard.ready(50)
  t.equal(unheard.isDown, true)
})

t.test('a refusal is thrown at start; later it is told, even where Redis was down before', { skip: NO_REDIS }, async (t) => {
  const port = await freePort()
  const told: unknown[] = []
  let tell = (): void => {}
  const early = openLink(t, port, {
    onDown: (error) => {
      told.push(error)
      tell()
    }
  })
  await early.ready(50)
  const refused = new Promise<void>((resolve) => { tell = resolve })
  await startRedis(t, port, ['--requirepass', 'pw'])
  await refused
  t.match(told, [{ name: 'Error' }, { name: 'RedisRefusal', message: /no password/ }])
  t.equal(told.length, 2, 'each once')

  const { told: nothing, watchers } = notes()
  const link = openLink(t, port, watchers)
  await t.rejects(link.ready(), { name: 'RedisRefusal' })
  t.same(nothing, [], 'whoever opens it is told')
})
