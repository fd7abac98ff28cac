import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { startGatewayProcess, type GatewayProcess } from '../gateway-process.ts'
import { freePort, NO_REDIS, startRedis } from '../redis.ts'

const QUOTA = 10
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

t.test('two processes of the gateway share one limit in Redis; without Redis each counts for itself, and every request is answered', { skip: NO_REDIS }, async (t) => {
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

  t.same(await ask(40, gateways), { 200: QUOTA, 429: 30 })
  const [one = NaN, other = NaN] = await Promise.all(gateways.map(limitedIn))
  t.equal(one + other, 30, 'and the refusals are in the metrics')

  redis.kill('SIGKILL')
  await once(redis, 'exit')
  t.same(await ask(60, gateways), { 200: 2 * QUOTA, 429: 40 }, 'each begins to count by itself')
  for (const { log } of gateways) {
    const told = (): number => log().split('Redis is out of reach; rates').length - 1
    while (told() === 0) await sleep(5) // lines of the log go out together
    t.equal(told(), 1, 'told once')
  }
})
