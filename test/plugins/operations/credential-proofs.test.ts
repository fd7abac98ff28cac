import fastify from 'fastify'
import t, { type Test } from 'tap'
import cloudinary from '../../../src/plugins/actions/cloudinary.ts'
import credentialProofs from '../../../src/plugins/operations/credential-proofs.ts'
import { startSandbox } from '../../../src/sandbox/index.ts'
import { Secret } from '../../../src/secret.ts'
import { environmentAt, testConfig } from '../../support/gateway.ts'

async function start (t: Test, clock: { ms: number }) {
  const sandbox = await startSandbox()
  t.teardown(() => sandbox.close())
  const { upstream, upload } = testConfig([])
  const app = fastify()
  t.teardown(() => app.close())
  const environments = [environmentAt(sandbox.url, { name: 'good' }), environmentAt(sandbox.url, { name: 'bad', apiSecret: new Secret('wrong') })]
  await app.register(cloudinary, { environments, defaultEnvironment: 'good', client: { upstream, upload } })
  await app.register(credentialProofs, { now: () => clock.ms, pingTimeoutMs: 400 })
  const pings = (): number => sandbox.requests.filter(({ path }) => path.endsWith('/ping')).length
  return { app, sandbox, pings }
}

t.test('wrong credentials of one environment are named with the reason, the others are verified', async (t) => {
  const { app } = await start(t, { ms: 0 })
  t.match(await app.proveCredentials(), [{ name: 'good', verified: true }, { name: 'bad', verified: false, reason: /^credentials_rejected: .*bad/ }])
})

t.test('one call each, also for probes at the same time; a proof holds a minute, a failure five seconds', async (t) => {
  const clock = { ms: 0 }
  const { app, pings } = await start(t, clock)
  await Promise.all([app.proveCredentials(), app.proveCredentials(), app.proveCredentials()])
  t.equal(pings(), 2)
  clock.ms = 4_999
  await app.proveCredentials()
  t.equal(pings(), 2)
  clock.ms = 5_000
  await app.proveCredentials()
  t.equal(pings(), 3, 'the failed one is tried again')
  clock.ms = 60_000
  await app.proveCredentials()
  t.equal(pings(), 5)
})

t.test('an upstream that does not answer is told as too slow', async (t) => {
  const { app, sandbox } = await start(t, { ms: 0 })
  await sandbox.faults.add({ kind: 'stall', times: 9 })
  t.match(await app.proveCredentials(), [{ verified: false, reason: 'upstream_timeout: no answer in time' }, { verified: false }])
})

t.test('an upstream that is gone is a reason, not an exception', async (t) => {
  const { app, sandbox } = await start(t, { ms: 0 })
  await sandbox.close()
  t.match(await app.proveCredentials(), [{ verified: false, reason: 'upstream_failed: Cloudinary cannot be reached. (ECONNREFUSED)' }, { verified: false }])
})
