import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { startGatewayProcess, type GatewayProcess } from '../support/gateway-process.ts'
import { freePort } from '../support/programs.ts'
import { killRedis, NO_REDIS, startRedis } from '../support/redis.ts'

const QUOTA = 10
const MOST_TRIES = 10
const headers = { authorization: 'Bearer web-key' }

/** Statuses of `count` requests at once, spread over the processes, and how often each occurred. */
async function ask (count: number, gateways: readonly GatewayProcess[]): Promise<Record<number, number>> {
  const statuses = await Promise.all(Array.from({ length: count }, async (_, index) => (await fetch(`${gateways[index % gateways.length]?.url}/url?public_id=a`, { headers })).status))
  const counts: Record<number, number> = {}
  for (const status of statuses) counts[status] = (counts[status] ?? 0) + 1
  return counts
}

async function limitedIn ({ log }: GatewayProcess): Promise<number> {
  const [, url = ''] = /"url":"(http:[^"]+\/metrics)"/.exec(log()) ?? []
  return Number(/^cloudinary_gateway_rate_limited_total\{limit="caller"\} (\d+)$/m.exec(await (await fetch(url)).text())?.[1])
}

const outOfReach = ({ log }: GatewayProcess): number => log().split('Redis is out of reach').length - 1

/** Two gateways behind one Redis, asked until what they count there is known. */
async function startAndAsk (t: Test) {
  const port = await freePort()
  const redis = await startRedis(t, port)
  const variables = {
    CLOUDINARY_URL: 'cloudinary://1234:abcd@demo?upload_prefix=http://127.0.0.1:9',
    GATEWAY_KEYS: `web=sha256:${createHash('sha256').update('web-key').digest('hex')}`,
    RATE_PER_CALLER: `${QUOTA}/86400`,
    REDIS_URL: `redis://127.0.0.1:${port}`,
    METRICS_PORT: '0'
  }
  const gateways = await Promise.all([startGatewayProcess(t, variables), startGatewayProcess(t, variables)])
  const counts = await ask(40, gateways)
  // Lines of the log go out together; those of the requests come last.
  for (const { log } of gateways) while (log().split('"route":"/url"').length <= 20) await sleep(5)
  return { redis, gateways, counts }
}

t.test('two processes of the gateway share one limit in Redis; without Redis each counts for itself, and every request is answered', { skip: NO_REDIS }, async (t) => {
  let started = await startAndAsk(t)
  // A gateway waits 250 ms for Redis. On a machine where that is not enough it has counted by itself, and said so.
  for (let more = 0; more < MOST_TRIES && started.gateways.some(outOfReach); more++) started = await startAndAsk(t)
  const { redis, gateways, counts } = started
  t.same(counts, { 200: QUOTA, 429: 30 })
  const [one = NaN, other = NaN] = await Promise.all(gateways.map(limitedIn))
  t.equal(one + other, 30, 'and the refusals are in the metrics')

  await killRedis(redis)
  t.same(await ask(60, gateways), { 200: 2 * QUOTA, 429: 40 }, 'each begins to count by itself')
  for (const gateway of gateways) {
    while (outOfReach(gateway) === 0) await sleep(5)
    t.equal(outOfReach(gateway), 1, 'told once')
  }
})
