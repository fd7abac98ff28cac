import { setTimeout as sleep } from 'node:timers/promises'
import fastify from 'fastify'
import t from 'tap'
import redis from '../../../src/plugins/operations/redis.ts'
import { Secret } from '../../../src/secret.ts'
import { freePort, killRedis, NO_REDIS, startRedis } from '../../support/redis.ts'

/** An app that logs to `lines`, and how to wait until a line holds a text so many times. */
function logged () {
  const lines: string[] = []
  const app = fastify({ logger: { level: 'info', stream: { write: (line: string) => { lines.push(line) } } } })
  const count = (text: string): number => lines.filter((line) => line.includes(text)).length
  const until = async (text: string, times = 1): Promise<void> => { while (count(text) < times) await sleep(5) }
  return { app, count, until }
}

t.test('without an address there is no link', async (t) => {
  const { app } = logged()
  t.teardown(() => app.close())
  await app.register(redis, { url: undefined, prefix: 'test:' })
  t.equal(app.redis, undefined)
})

t.test('one line when Redis is lost, one when it is back, whoever uses it', { skip: NO_REDIS }, async (t) => {
  const port = await freePort()
  const child = await startRedis(t, port)
  const { app, count, until } = logged()
  await app.register(redis, { url: new Secret(`redis://127.0.0.1:${port}`), prefix: 'test:' })
  const run = app.redis?.within(1_000)
  t.equal(await run?.('return KEYS[1]', 'a'), 'test:a')
  await killRedis(child)
  await until('Redis is out of reach')
  t.equal(app.redis?.isDown, true)
  for (let turn = 0; turn < 3; turn++) await run?.('return 1', 'a').catch(() => {})
  await startRedis(t, port)
  await until('Redis is back')
  t.equal(app.redis?.isDown, false)
  await app.close()
  t.same(await run?.('return 1', 'a').catch(() => 'closed'), 'closed')
  t.same([count('Redis is out of reach'), count('Redis is back')], [1, 1])
})
