import { setTimeout as sleep } from 'node:timers/promises'
import fastify from 'fastify'
import t from 'tap'
import metrics from '../../../src/plugins/operations/metrics.ts'
import redis from '../../../src/plugins/operations/redis.ts'
import requestLife from '../../../src/plugins/http/request-life.ts'
import { Secret } from '../../../src/secret.ts'
import { testConfig } from '../../support/gateway.ts'
import { freePort } from '../../support/programs.ts'
import { killRedis, NO_REDIS, startRedis } from '../../support/redis.ts'

/** An app that logs to `lines`, and how to wait until a line holds a text so many times. */
async function logged () {
  const lines: string[] = []
  const app = fastify({ logger: { level: 'info', stream: { write: (line: string) => { lines.push(line) } } } })
  const count = (text: string): number => lines.filter((line) => line.includes(text)).length
  const until = async (text: string, times = 1): Promise<void> => { while (count(text) < times) await sleep(5) }
  await app.register(requestLife)
  const { upload } = testConfig([])
  await app.register(metrics, { wanted: true, upload, version: '1', environments: [] })
  return { app, count, until }
}

t.test('without an address there is no link', async (t) => {
  const { app } = await logged()
  t.teardown(() => app.close())
  await app.register(redis, { url: undefined, prefix: 'test:' })
  t.equal(app.redis, undefined)
  t.notMatch(await app.metrics?.text(), 'redis_up')
})

t.test('one line when Redis is lost, one when it is back, whoever uses it', { skip: NO_REDIS }, async (t) => {
  const port = await freePort()
  const child = await startRedis(t, port)
  const { app, count, until } = await logged()
  await app.register(redis, { url: new Secret(`redis://127.0.0.1:${port}`), prefix: 'test:' })
  const run = app.redis?.within(1_000)
  t.equal(await run?.('return KEYS[1]', 'a'), 'test:a')
  const shown = async (): Promise<string | undefined> => /^cloudinary_gateway_redis_up (\d)$/m.exec(await app.metrics?.text() ?? '')?.[1]
  t.equal(await shown(), '1')
  await killRedis(child)
  await until('Redis is out of reach')
  t.equal(app.redis?.isDown, true)
  t.equal(await shown(), '0')
  for (let turn = 0; turn < 3; turn++) await run?.('return 1', 'a').catch(() => {})
  await startRedis(t, port)
  await until('Redis is back')
  t.equal(app.redis?.isDown, false)
  await app.close()
  t.same(await run?.('return 1', 'a').catch(() => 'closed'), 'closed')
  t.same([count('Redis is out of reach'), count('Redis is back')], [1, 1])
})

t.test('a start with a wrong password is refused, and nothing stays open', { skip: NO_REDIS }, async (t) => {
  const port = await freePort()
  const child = await startRedis(t, port, ['--requirepass', 'pw'])
  const { app, count } = await logged()
  await t.rejects(async () => { await app.register(redis, { url: new Secret(`redis://:canary@127.0.0.1:${port}`), prefix: 'test:' }) }, {
    name: 'RedisRefusal', message: /REDIS_URL has a user name or password/
  })
  await app.close()
  t.equal(count('Redis'), 0, 'whoever starts it is told')
  await killRedis(child)
})
