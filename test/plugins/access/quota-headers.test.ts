import t from 'tap'
import { clearOfFullHour } from '../../support/full-hour.ts'
import { startGateway } from '../../support/gateway.ts'

t.test('answers of the four actions that may spend Admin calls tell what is left, errors too', async (t) => {
  await clearOfFullHour()
  const { app, sandbox } = await startGateway(t, { rates: { perCaller: { requests: 100, perSeconds: 100 }, perAddress: undefined } }, { adminRateLimit: 500 })
  await sandbox.add('cats/tom')
  const headers = async (method: 'GET' | 'PATCH' | 'DELETE', url: string): Promise<Record<string, unknown>> =>
    (await app.inject({ method, url, ...(method === 'PATCH' && { payload: { tags: ['a'] } }) })).headers
  t.match(await headers('DELETE', '/resources/cats/rex'), { ratelimit: /^"caller";r=99;t=\d+$/ }, 'which is no Admin call')
  for (const [method, url, remaining] of [
    ['GET', '/resources', 499], ['GET', '/resources/cats/tom', 498], ['PATCH', '/resources/cats/tom', 497],
    ['GET', '/resources/cats/rex?diagnose=true', 488], ['GET', `/assets/${'0'.repeat(32)}`, 487], ['DELETE', `/assets/${'0'.repeat(32)}`, 486]
  ] as const) {
    t.match(await headers(method, url), {
      'ratelimit-policy': '"caller";q=100;w=100, "cloudinary";q=500',
      ratelimit: new RegExp(`^"caller";r=\\d+;t=\\d+, "cloudinary";r=${remaining};t=\\d+$`)
    }, `${method} ${url}`)
  }
  t.match(await headers('GET', '/resources?type=nonsense'), { ratelimit: /^"caller";r=\d+;t=\d+$/ }, 'nothing was spent')
})
