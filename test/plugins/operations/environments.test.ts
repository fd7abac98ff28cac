import { join } from 'node:path'
import t from 'tap'
import { buildApp } from '../../../src/app.ts'
import { digestOf } from '../../../src/auth/policy/keys.ts'
import { startSandbox } from '../../../src/sandbox/index.ts'
import { Secret } from '../../../src/secret.ts'
import { startFaultUpstream } from '../../support/fault-upstream.ts'
import { clearOfFullHour } from '../../support/full-hour.ts'
import { environmentAt, testConfig } from '../../support/gateway.ts'

t.test('GET /environments: names, clouds, verdicts; never a secret', async (t) => {
  const sandbox = await startSandbox()
  t.teardown(() => sandbox.close())
  const environments = [environmentAt(sandbox.url), environmentAt(sandbox.url, { name: 'staging', apiSecret: new Secret('canary'), sandbox: false })]
  const app = await buildApp({ config: testConfig(environments) })
  t.teardown(() => app.close())
  const before = (await app.inject('/environments')).json()
  t.match(before, { environments: [{ name: 'production', verified: false, reason: /^not_proved/ }, { name: 'staging' }] })
  t.equal(sandbox.requests.length, 0, 'it asks nobody')
  await app.proveCredentials()
  const answer = await app.inject('/environments')
  t.match(answer.json(), {
    environments: [
      { name: 'production', cloud_name: 'demo', verified: true, default: true, sandbox: true },
      { name: 'staging', cloud_name: 'demo', verified: false, reason: /credentials_rejected/, default: false, sandbox: false }
    ]
  })
  t.notMatch(answer.body, /canary|abcd/)
})

t.test('the Admin API budget of the account, once an answer has told it', async (t) => {
  await clearOfFullHour()
  const sandbox = await startSandbox({ adminRateLimit: 500 })
  t.teardown(() => sandbox.close())
  const upstream = await startFaultUpstream(t)
  const app = await buildApp({ config: testConfig([environmentAt(sandbox.url), environmentAt(upstream.url, { name: 'silent' })]) })
  t.teardown(() => app.close())
  await app.inject('/resources')
  const { environments: [known, unknown] } = (await app.inject('/environments')).json()
  t.match(known.quota, { limit: 500, remaining: 500 - sandbox.requests.length, resets_at: /^\d{4}-\d\d-\d\dT\d\d:00:00\.000Z$/ })
  t.notOk('quota' in unknown)
})

t.test('a caller that is bound to some environments is told of no other', async (t) => {
  const digest = (key: string) => `sha256:${digestOf(key).toString('hex')}`
  const policyFile = join(t.testdir({ 'policy.yaml': `callers: { bound: { keys: ['${digest('bound')}'], environments: [staging] }, free: { keys: ['${digest('free')}'] } }` }), 'policy.yaml')
  const environments = ['production', 'staging'].map((name) => environmentAt('http://127.0.0.1:9', { name }))
  const app = await buildApp({ config: testConfig(environments, { auth: { mode: 'keys', policyFile } }) })
  t.teardown(() => app.close())
  const names = async (key: string) => (await app.inject({ url: '/environments', headers: { authorization: `Bearer ${key}` } })).json().environments.map(({ name }: { name: string }) => name)
  t.same(await names('bound'), ['staging'])
  t.same(await names('free'), ['production', 'staging'])
})

t.test('an environment that is pointed at another cloud: what a call to the cloud before shows is not said of it', async (t) => {
  const sandbox = await startSandbox()
  t.teardown(() => sandbox.close())
  const upstream = await startFaultUpstream(t)
  const app = await buildApp({ config: testConfig([environmentAt(upstream.url)]) })
  t.teardown(() => app.close())
  upstream.script({ delayMs: 300, status: 401, body: '{"error":{"message":"unknown api_key"}}' })
  const asked = app.inject('/resources').then((answer) => answer.json<object>()) // on its way from here on
  await upstream.ended()
  app.cloudinary.replace([environmentAt(sandbox.url)])
  await app.proveCredentials()
  t.match(await asked, { code: 'credentials_rejected' })
  const { environments } = (await app.inject('/environments')).json()
  t.match(environments, [{ name: 'production', cloud_name: 'demo', verified: true }])
})
