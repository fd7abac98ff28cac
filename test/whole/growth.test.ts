import type { FastifyInstance } from 'fastify'
import { exportSPKI, generateKeyPair, SignJWT } from 'jose'
import t, { type Test } from 'tap'
import { buildApp } from '../../src/app.ts'
import { digestOf } from '../../src/auth/policy/keys.ts'
import { MemoryRateStore } from '../../src/auth/rate-limit.ts'
import { Secret } from '../../src/secret.ts'
import { environmentAt, testConfig } from '../support/gateway.ts'
import { growthOf } from '../support/growth.ts'
import { LONG } from '../support/rounds.ts'

/*
 * What a call costs must not grow with the number of tenants: where there is ten times as much, it may take
 * half as
 * much again. What can be counted is counted in the tests of its file; this looks at whole requests.
 */

const MOST_GROWTH = 1.5
const [FEW, MANY] = [500, 5_000]
const NOWHERE = 'http://127.0.0.1:9'

type Auth = Partial<ReturnType<typeof testConfig>['auth']>

async function gatewayWith (
  t: Test, auth: Auth, environments = [environmentAt(NOWHERE)]
): Promise<FastifyInstance> {
  const app = await buildApp({ config: testConfig(environments, { auth }) })
  t.teardown(() => app.close())
  return app
}

type Headers = Readonly<Record<string, string>>

/** Asks again and again for something that is answered from memory. */
const asking = (app: FastifyInstance, headers: () => Headers | Promise<Headers>) =>
  async (): Promise<void> => {
    const { statusCode, body } = await app.inject({ url: '/url?public_id=a', headers: await headers() })
    if (statusCode !== 200) throw new Error(body)
  }

const numbered = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index))

t.test('a request with a key, however many callers there are', async (t) => {
  const callers = (count: number): Auth => ({
    mode: 'keys',
    keys: numbered(count, (index) => ({ caller: `caller-${index}`, digest: digestOf(`key-${index}`) }))
  })
  const [few, many] = [await gatewayWith(t, callers(FEW)), await gatewayWith(t, callers(MANY))]
  const last = (count: number) => () => ({ authorization: `Bearer key-${count - 1}` })
  t.ok(await growthOf(asking(few, last(FEW)), asking(many, last(MANY)), MOST_GROWTH) < MOST_GROWTH)
})

t.test('a request with a key or a new token, however many callers a policy has', { skip: LONG }, async (t) => {
  const { publicKey, privateKey } = await generateKeyPair('Ed25519', { extractable: true })
  const pem = await exportSPKI(publicKey)
  const withPolicy = async (count: number): Promise<FastifyInstance> => {
    const keyed = numbered(
      count, (index) => `  caller-${index}: { keys: ['sha256:${digestOf(`key-${index}`).toString('hex')}'] }`
    )
    const claimed = numbered(
      count, (index) => `  tokens-${index}: { jwt: { claims: { tenant: t${index} } } }`
    )
    const policyFile =
      `${t.testdir({ [`${count}.yaml`]: ['callers:', ...keyed, ...claimed].join('\n') })}/${count}.yaml`
    return gatewayWith(t, { mode: 'keys', policyFile, jwtPublicKey: pem, issuer: 'idp', audience: 'gateway' })
  }
  const [few, many] = [await withPolicy(200), await withPolicy(2_000)]
  const last = (count: number) => () => ({ authorization: `Bearer key-${count - 1}` })
  t.ok(await growthOf(asking(few, last(200)), asking(many, last(2_000)), MOST_GROWTH) < MOST_GROWTH, 'key')
  let sub = 0
  const fresh = (count: number) => async () => {
    const token =
      await new SignJWT({
        sub: String(sub++), tenant: `t${count - 1}`
      }).setProtectedHeader({ alg: 'Ed25519' })
        .setIssuer('idp').setAudience('gateway').setExpirationTime('1 hour').sign(privateKey)
    return { authorization: `Bearer ${token}` }
  }
  t.ok(
    await growthOf(asking(few, fresh(200)), asking(many, fresh(2_000)), MOST_GROWTH) < MOST_GROWTH, 'token'
  )
})

t.test('a request for one of many environments', async (t) => {
  const withEnvironments = (count: number): Promise<FastifyInstance> =>
    gatewayWith(t, {}, numbered(count, (index) =>
      environmentAt(NOWHERE, {
        name: `tenant${index}`, cloudName: `cloud${index}`, apiSecret: new Secret(`secret-${index}`)
      })))
  const [few, many] = [await withEnvironments(100), await withEnvironments(1_000)]
  const last = (count: number) => () => ({ 'x-environment': `tenant${count - 1}` })
  t.ok(await growthOf(asking(few, last(100)), asking(many, last(1_000)), MOST_GROWTH) < MOST_GROWTH)
})

t.test('a request of a new address, when the memory of rates is full', async (t) => {
  const rate = { requests: 10, perSeconds: 60 }
  const full = async (maxEntries: number): Promise<() => Promise<unknown>> => {
    const store = new MemoryRateStore({ maxEntries })
    for (let index = 0; index < maxEntries; index++) await store.take(`known ${index}`, rate)
    let index = 0
    return async () => store.take(`new ${index++}`, rate)
  }
  t.ok(await growthOf(await full(5_000), await full(50_000), MOST_GROWTH) < MOST_GROWTH)
})
