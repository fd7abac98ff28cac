import fastify from 'fastify'
import t, { type Test } from 'tap'
import { buildApp } from '../../../src/app.ts'
import cloudinary from '../../../src/plugins/actions/cloudinary.ts'
import credentialProofs from '../../../src/plugins/operations/credential-proofs.ts'
import { startSandbox } from '../../../src/sandbox/index.ts'
import { Secret } from '../../../src/secret.ts'
import { call } from '../../support/connection.ts'
import { environmentAt, testConfig } from '../../support/gateway.ts'
import { HeldTime } from '../../support/held-time.ts'
import { freePort } from '../../support/programs.ts'
import { NO_REDIS, startRedis } from '../../support/redis.ts'

const WRONG = new Secret('wrong')

async function pingedSandbox (t: Test) {
  const sandbox = await startSandbox()
  t.teardown(() => sandbox.close())
  return {
    sandbox, pings: (): number => sandbox.requests.filter(({ path }) => path.endsWith('/ping')).length
  }
}

async function start (t: Test, secrets: Record<string, Secret> = { good: new Secret('abcd'), bad: WRONG }) {
  const { sandbox, pings } = await pingedSandbox(t)
  const { upstream, upload } = testConfig([])
  const time = new HeldTime()
  const lines: Array<{ level: number, msg: string, environment?: string, reason?: string }> = []
  const app = fastify({ logger: { stream: { write: (line: string) => { lines.push(JSON.parse(line)) } } } })
  t.teardown(() => app.close())
  const environments = Object.entries(secrets).map(
    ([name, apiSecret]) => environmentAt(sandbox.url, { name, apiSecret })
  )
  await app.register(credentialProofs, { now: time.now, later: time.later, pingTimeoutMs: 400 })
  const { onTry, onReplaced } = app
  await app.register(cloudinary, {
    environments, defaultEnvironment: 'good', client: { upstream, upload, onTry }, onReplaced
  })
  const client = (name: string) => app.cloudinary.get(name) ?? t.bailout(name) as never
  const told = (): string[] => lines.map(({ msg, environment }) => `${environment}: ${msg}`)
  return { app, sandbox, pings, time, client, lines, told }
}

t.test('wrong credentials of one environment are named with the reason, the others are verified; one line for each', async (t) => {
  const { app, pings, lines, time } = await start(t)
  t.same(app.cloudinary.all().map((client) => app.standingOf(client).credentials), ['unproven', 'unproven'])
  const verdicts = [{ name: 'good', verified: true }, {
    name: 'bad', verified: false, reason: /^credentials_rejected: .*"bad": api_secret mismatch/
  }]
  t.match(await app.proveCredentials(), verdicts)
  t.equal(pings(), 2)
  t.match(await app.proveCredentials(), verdicts)
  t.equal(pings(), 2)
  await time.runTo(20_000, app.proveCredentials)
  t.equal(pings(), 4, 'the wrong ones are looked at again')
  t.match(lines.sort((one, other) => one.level - other.level), [
    { level: 30, msg: 'credentials verified', environment: 'good' },
    { level: 50, msg: 'credentials not verified', environment: 'bad', reason: /credentials_rejected/ }
  ])
  t.equal(lines.length, 2)
})

t.test('every real call is a proof: of the Admin API, of an upload; a refusal by quota as well', async (t) => {
  const { client, app, pings, sandbox, told } = await start(t)
  const standings = () => ['good', 'bad'].map((name) => app.standingOf(client(name)).credentials)
  await client('good').list({}, {}, call())
  await t.rejects(client('bad').list({}, {}, call()), { code: 'credentials_rejected' })
  t.same(standings(), ['verified', 'rejected'])
  app.cloudinary.replace(
    ['good', 'bad'].map(
      (name) => environmentAt(
        sandbox.url, { name, apiKey: name === 'bad' ? '77' : '1234', folderMode: 'dynamic' } as object
      )
    )
  )
  t.same(standings(), ['unproven', 'unproven'], 'nothing is known of new ones')
  const upload = (name: string) => client(name).upload({
    file: 'data:text/plain;base64,YQ==',
    parameters: {},
    resourceType: 'raw',
    vouched: 'gateway',
    seal: () => client(name).prove({})
  }, call())
  await upload('good')
  await t.rejects(upload('bad'), { code: 'credentials_rejected' })
  t.same(standings(), ['verified', 'rejected'])
  const removed = client('bad')
  sandbox.faults.add({ kind: 'status', status: 429, match: { path: '/resources/image' } })
  app.cloudinary.replace([environmentAt(sandbox.url, { name: 'good' }), removed.environment])
  t.same(standings(), ['unproven', 'rejected'], 'of an environment that stays, everything')
  await client('good').list({}, {}, call()).catch(() => {})
  t.equal(app.standingOf(client('good')).credentials, 'verified')
  app.cloudinary.replace([environmentAt(sandbox.url, { name: 'good' })])
  await t.rejects(
    removed.list({}, {}, call()), { code: 'credentials_rejected' }, 'nobody asks of it any more'
  )
  t.equal(pings(), 0)
  t.same(told(), [
    'good: credentials verified',
    'bad: credentials not verified',
    'good: credentials verified',
    'bad: credentials not verified',
    'good: credentials verified'
  ])
})

t.test('a refusal whose text would show what was signed is told without it', async (t) => {
  const { client, app, sandbox } = await start(t)
  sandbox.faults.add({
    kind: 'status', status: 401, message: 'Invalid Signature abc. String to sign - \'canary\'.'
  })
  await t.rejects(client('good').list({}, {}, call()), { code: 'credentials_rejected' })
  const [{ reason = '' } = {}] = await app.proveCredentials()
  t.match(reason, /^credentials_rejected: .*"good"\.$/)
})

t.test('two names for the same credentials share a proof, and who waits for it keeps the process', async (t) => {
  const { sandbox, pings } = await pingedSandbox(t)
  const config = testConfig(['one', 'two'].map((name) => environmentAt(sandbox.url, { name })))
  const app = await buildApp({ config })
  t.teardown(() => app.close())
  t.match(await app.proveCredentials(), [{ name: 'one', verified: true }, { name: 'two', verified: true }])
  t.equal(pings(), 1)
})

t.test('new credentials are proved once, in the background; those that come back are known', async (t) => {
  const { app, pings, client, sandbox, told } = await start(t, { good: new Secret('abcd') })
  await app.proveCredentials()
  const before = client('good')
  app.cloudinary.replace([environmentAt(sandbox.url, { name: 'good', apiSecret: WRONG })])
  await app.proveCredentials()
  t.match(app.standingOf(client('good')).credentials, 'rejected')
  t.equal(pings(), 2)
  await before.list({}, {}, call())
  t.match(
    app.standingOf(client('good')).credentials,
    'rejected',
    'a call of the client before says nothing of the new credentials'
  )
  app.cloudinary.replace([environmentAt(sandbox.url, { name: 'good' })])
  t.match(await app.proveCredentials(), [{ verified: true }])
  t.equal(pings(), 2, 'they have been proved')
  t.same(told(), [
    'good: credentials verified', 'good: credentials not verified', 'good: credentials verified'
  ])
})

t.test('asked to prove again: each that is wrong once, whatever the waits are, and the log says what still is', async (t) => {
  const { app, pings, lines, sandbox, client } = await start(t)
  await app.proveCredentials()
  lines.length = 0
  await app.proveCredentialsAgain()
  t.equal(pings(), 3)
  t.match(lines, [{
    level: 50, msg: 'credentials still not verified', environment: 'bad', reason: /"bad": api_secret mismatch/
  }])
  sandbox.faults.add({ kind: 'status', status: 420, times: 1 })
  await app.proveCredentialsAgain()
  t.match(
    lines.slice(1),
    [{ level: 30, msg: 'credentials verified', environment: 'bad' }],
    'what was repaired is said once'
  )
  await app.proveCredentialsAgain()
  t.equal(pings(), 4, 'nothing is wrong any more')
  sandbox.faults.add({ kind: 'status', status: 503, times: 99 })
  await t.rejects(client('good').list({}, {}, call()))
  await app.proveCredentialsAgain()
  t.match(lines.slice(2), [{
    level: 50, msg: 'Cloudinary still gives no answers', environment: 'good', reason: /upstream_failed/
  }])
})

t.test('an upstream that does not answer, or is gone, is a reason and no exception; what was known stays', async (t) => {
  const { app, sandbox, client } = await start(t)
  await sandbox.faults.add({ kind: 'stall', times: 9 })
  t.match(await app.proveCredentials(), [{ verified: false, reason: 'upstream_timeout: no answer in time' }, { verified: false }])
  sandbox.faults.clear()
  await client('good').list({}, {}, call())
  t.same((await app.proveCredentials())[0], { name: 'good', verified: true })
  await sandbox.close()
  await t.rejects(client('good').list({}, {}, call()))
  t.match((await app.proveCredentials())[0], {
    name: 'good', verified: true, reason: 'upstream_failed: Cloudinary cannot be reached. (ECONNREFUSED)'
  })
})

t.test('timers of its own do not keep the process, and closing ends them and a proof that runs', async (t) => {
  const { sandbox, pings } = await pingedSandbox(t)
  await sandbox.faults.add({ kind: 'stall', times: 9 })
  const app = await buildApp({
    config: testConfig([environmentAt(sandbox.url)], { metrics: { host: '127.0.0.1', port: 0 } })
  })
  t.match(await app.metrics?.text(), /environment_verified\{environment="production"\} 0\n/)
  const proved = app.proveCredentials()
  while (pings() === 0) await new Promise(setImmediate)
  await app.close()
  t.match(await proved, [{ verified: false }])
  t.match(await app.proveCredentials(), [{ verified: false }])
  t.equal(pings(), 1)
  t.match(await app.metrics?.text(), /credential_pings_total\{environment="production"\} 1\n/)
})

t.test('replicas that share a Redis make one call between them, and learn of each other\'s verdicts', { skip: NO_REDIS }, async (t) => {
  const { sandbox, pings } = await pingedSandbox(t)
  const port = await freePort()
  await startRedis(t, port)
  const environments = [environmentAt(sandbox.url), environmentAt(sandbox.url, {
    name: 'staging', apiSecret: WRONG
  })]
  const replica = async (redisPrefix = 'shop:') => {
    const app = await buildApp({
      config: testConfig(environments, { redisUrl: new Secret(`redis://127.0.0.1:${port}`), redisPrefix })
    })
    t.teardown(() => app.close())
    return app
  }
  const three = await Promise.all([replica(), replica(), replica()])
  const verdicts = [{ name: 'production', verified: true }, {
    name: 'staging', verified: false, reason: /credentials_rejected: .*api_secret mismatch/
  }]
  for (
    const proved of await Promise.all(three.map((app) => app.proveCredentials()))
  ) t.match(proved, verdicts)
  t.equal(pings(), 2)
  const restarted = await replica()
  t.match(await restarted.proveCredentials(), verdicts)
  t.equal(pings(), 2)
  t.match(await (await replica('blog:')).proveCredentials(), verdicts)
  t.equal(pings(), 4, 'another deployment makes its own')
})
