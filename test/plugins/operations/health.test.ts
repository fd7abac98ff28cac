import { join } from 'node:path'
import fastify from 'fastify'
import t, { type Test } from 'tap'
import { buildApp } from '../../../src/app.ts'
import { digestOf } from '../../../src/auth/policy/keys.ts'
import cloudinary from '../../../src/plugins/actions/cloudinary.ts'
import errorHandler from '../../../src/plugins/http/error-handler.ts'
import credentialProofs from '../../../src/plugins/operations/credential-proofs.ts'
import health from '../../../src/plugins/operations/health.ts'
import { startSandbox } from '../../../src/sandbox/index.ts'
import { Secret } from '../../../src/secret.ts'
import { startFaultUpstream } from '../../support/fault-upstream.ts'
import { environmentAt, testConfig } from '../../support/gateway.ts'
import { HeldTime } from '../../support/held-time.ts'
import { freePort } from '../../support/programs.ts'
import { killRedis, NO_REDIS, startRedis } from '../../support/redis.ts'

type Changes = Parameters<typeof testConfig>[1]

async function build (t: Test, url: string, secrets: string[], changes: Changes = {}) {
  const environments = secrets.map((secret, index) => environmentAt(url, {
    name: `e${index}`, apiSecret: new Secret(secret)
  }))
  const app = await buildApp({ config: testConfig(environments, changes) })
  t.teardown(() => app.close())
  return app
}

t.test('/healthz, /readyz', async (t) => {
  const sandbox = await startSandbox()
  t.teardown(() => sandbox.close())
  const start = (t: Test, secrets: string[], changes?: Changes) => build(t, sandbox.url, secrets, changes)

  t.test('200 ok: alive, whatever Cloudinary says', async (t) => {
    const app = await start(t, ['wrong'])
    await app.proveCredentials()
    t.match(await app.inject('/healthz'), { statusCode: 200, body: '{"status":"ok"}' })
  })

  t.test('200 ready before anything is proved, and no probe asks Cloudinary', async (t) => {
    const { requests } = sandbox
    const before = requests.length
    const app = await start(t, ['abcd', 'wrong'])
    const answer = await app.inject('/readyz')
    t.match([answer.statusCode, answer.json()], [200, {
      status: 'ready',
      draining: false,
      counts: { total: 2, verified: 0, rejected: 0, unreachable: 0 },
      environments: [{ name: 'e0', verified: false, reason: /^not_proved/ }, { name: 'e1' }]
    }])
    t.equal(requests.length, before)
  })

  t.test('200 ready, 200 degraded, 503 not_ready, each with the verdicts', async (t) => {
    const ask = async (secrets: string[]) => {
      const app = await start(t, secrets)
      await app.proveCredentials()
      return app.inject('/readyz')
    }
    const ready = await ask(['abcd', 'abcd'])
    t.match([ready.statusCode, ready.json()], [200, {
      status: 'ready',
      counts: { total: 2, verified: 2 },
      environments: [{ name: 'e0', verified: true }, { name: 'e1', verified: true }]
    }])
    const degraded = await ask(['abcd', 'wrong'])
    t.match([degraded.statusCode, degraded.json()], [200, {
      status: 'degraded',
      counts: { verified: 1, rejected: 1 },
      environments: [{ verified: true }, { name: 'e1', verified: false, reason: /credentials_rejected/ }]
    }])
    const none = await ask(['wrong', 'wrong2'])
    t.match([none.statusCode, none.json()], [503, {
      status: 'not_ready', draining: false, counts: { rejected: 2 }
    }])
    t.notMatch(none.body + degraded.body, /abcd|wrong/)
  })

  t.test('503 once it drains, while everything else is still answered', async (t) => {
    const app = await start(t, ['abcd'])
    app.drain()
    const ready = await app.inject('/readyz')
    t.match([ready.statusCode, ready.json()], [503, { status: 'not_ready', draining: true }])
    t.match(await app.inject('/healthz'), { statusCode: 200 })
    t.match(await app.inject('/url?public_id=a'), { statusCode: 200 })
  })

  t.test('what is answered while it drains ends its connection', async (t) => {
    const app = await start(t, ['abcd'])
    t.equal((await app.inject('/healthz')).headers.connection, 'keep-alive')
    app.drain()
    t.equal((await app.inject('/healthz')).headers.connection, 'close')
  })

  t.test('to strangers it counts; names and reasons are for a key that is valid, as far as it may use them', async (t) => {
    const digest = (key: string) => `sha256:${digestOf(key).toString('hex')}`
    const policyFile = join(
      t.testdir({
        'policy.yaml': `callers: { bound: { keys: ['${digest('bound')}'], environments: [e1] }, free: { keys: ['${digest('free')}'] } }`
      }),
      'policy.yaml'
    )
    const app = await start(t, ['abcd', 'wrong'], {
      auth: { mode: 'keys', policyFile },
      rates: { perAddress: { requests: 3, perSeconds: 3600 }, perCaller: undefined }
    })
    await app.proveCredentials()
    const ask = async (key?: string) => {
      const { statusCode, body } = await app.inject({
        url: '/readyz', headers: key === undefined ? {} : { authorization: `Bearer ${key}` }
      })
      return {
        statusCode, body, ...JSON.parse(body) as { environments?: Array<{ name: string, reason?: string }> }
      }
    }
    const counts = { total: 2, verified: 1, rejected: 1, unreachable: 0 }
    for (const key of [undefined, 'guess']) {
      const { body } = await ask(key)
      t.same(
        JSON.parse(body),
        { status: 'degraded', draining: false, counts },
        'no name, no cloud, no word of the upstream'
      )
    }
    t.same((await ask('bound')).environments?.map(({ name }) => name), ['e1'])
    const free = await ask('free')
    t.match(free.environments, [{ name: 'e0' }, { name: 'e1', reason: /api_secret mismatch/ }])
    t.match(
      await ask('free'),
      { statusCode: 200, environments: undefined, counts },
      'guesses count for the rate of their address, and a probe is answered all the same'
    )
    for (let times = 0; times < 5; times++) t.equal((await ask()).statusCode, 200)
  })

  t.test('without keys, a page of another origin counts as a stranger', async (t) => {
    const app = await start(t, ['abcd'])
    t.match((await app.inject('/readyz')).json(), { environments: [{ name: 'e0' }] })
    for (
      const headers of [{ host: 'rebound.example' }, { origin: 'https://page.example' }, {
        'sec-fetch-site': 'cross-site'
      }]
    ) {
      const answer = await app.inject({ url: '/readyz', headers })
      t.match(
        [answer.statusCode, answer.json()],
        [200, { environments: undefined, counts: { total: 1 } }],
        JSON.stringify(headers)
      )
    }
  })

  t.test('the fault of a signature takes nothing off the air: a caller may have brought it about', async (t) => {
    const upstream = await startFaultUpstream(t)
    const app = await build(t, upstream.url, ['abcd'])
    const upload = () => app.inject({
      method: 'POST', url: '/upload', payload: { file: 'https://pictures.example/a.png' }
    })
    upstream.script({
      status: 401, body: '{"error":{"message":"Invalid Signature abc. String to sign - \'canary\'."}}'
    })
    t.equal((await upload()).json().code, 'credentials_rejected')
    const doubted = await app.inject('/readyz')
    t.match([doubted.statusCode, doubted.json()], [200, {
      status: 'degraded', environments: [{ verified: false, reason: /credentials_rejected/ }]
    }])
    t.notMatch(doubted.body, /canary/)
    upstream.script({ status: 401, body: '{"error":{"message":"api_secret mismatch"}}' })
    t.equal((await app.inject('/resources')).json().code, 'credentials_rejected')
    t.equal(
      (await app.inject('/readyz')).statusCode, 503, 'what was asked with the credentials themselves does'
    )
    upstream.script({})
    t.equal((await upload()).statusCode, 200)
    t.match((await app.inject('/readyz')).json(), { status: 'ready' })
  })
})

t.test('Cloudinary that refuses by quota, fails or is away leaves it ready to serve', async (t) => {
  const upstream = await startFaultUpstream(t)
  const answers = [
    [{ status: 420, body: '{"error":{"message":"Rate Limit Exceeded"}}' }, 'ready', {
      name: 'e0', verified: true, reason: undefined
    }],
    [{ status: 429, body: '' }, 'ready', { name: 'e0', verified: true, reason: undefined }],
    [{ status: 503, body: '' }, 'degraded', { name: 'e0', verified: false, reason: /^upstream_failed: / }],
    [{ act: 'reset' }, 'degraded', { name: 'e0', verified: false, reason: /^upstream_failed: .*\(/ }],
    [{ status: 404, body: '<h1>nginx</h1>' }, 'degraded', {
      name: 'e0', verified: false, reason: /^not_found: /
    }]
  ] as const
  for (const [step, status, verdict] of answers) {
    upstream.script(step)
    const app = await build(t, upstream.url, ['abcd'])
    await app.proveCredentials()
    const ready = await app.inject('/readyz')
    t.match(
      [ready.statusCode, ready.json()], [200, { status, environments: [verdict] }], JSON.stringify(step)
    )
    t.equal((await app.inject('/url?public_id=a')).statusCode, 200)
  }
  t.equal(upstream.seen.length, answers.length, 'one call each')
})

/** The plugin alone, on a clock that the test holds. */
async function startHeld (t: Test) {
  const clouds = ['demo', 'other'].map((cloudName) => ({ cloudName, apiKey: '1234', apiSecret: 'abcd' }))
  const sandbox = await startSandbox({ clouds })
  t.teardown(() => sandbox.close())
  const { upstream, upload } = testConfig([])
  const time = new HeldTime()
  const app = fastify({ return503OnClosing: false })
  t.teardown(() => app.close())
  await app.register(errorHandler, { docs: '/e' })
  await app.register(credentialProofs, { now: time.now, later: time.later })
  const { onTry, onReplaced } = app
  const environments = clouds.map(({ cloudName }) => environmentAt(sandbox.url, {
    name: cloudName, cloudName
  }))
  await app.register(cloudinary, {
    environments, defaultEnvironment: 'demo', client: { upstream, upload, onTry }, onReplaced
  })
  await app.register(health)
  return { app, sandbox, time }
}

t.test('503 as soon as the process shuts down', async (t) => {
  const { app } = await startHeld(t)
  let url = ''
  let during: number | undefined
  app.addHook('preClose', async () => { during = (await fetch(`${url}/readyz`)).status })
  url = await app.listen({ port: 0, host: '127.0.0.1' })
  await app.close()
  t.equal(during, 503)
})

t.test('without its Redis it is degraded, and says so to whoever may know', { skip: NO_REDIS }, async (t) => {
  const port = await freePort()
  const redis = await startRedis(t, port)
  const app = await build(t, 'http://127.0.0.1:9', ['abcd'], {
    redisUrl: new Secret(`redis://127.0.0.1:${port}`)
  })
  t.match((await app.inject('/readyz')).json(), { status: 'ready', redis: 'up' })
  await killRedis(redis)
  await app.rateStore.take('a', { requests: 1, perSeconds: 1 })
  const answer = await app.inject('/readyz')
  t.match([answer.statusCode, answer.json()], [200, { status: 'degraded', redis: 'down' }])
  const stranger = await app.inject({ url: '/readyz', headers: { origin: 'https://page.example' } })
  t.match(stranger.json(), { status: 'degraded', redis: undefined, environments: undefined })
})

t.test('an hour of probes every two seconds: a few calls for each environment', async (t) => {
  const { app, sandbox, time } = await startHeld(t)
  await app.proveCredentials()
  for (let seconds = 2; seconds <= 3600; seconds += 2) {
    await time.runTo(seconds * 1000, app.proveCredentials)
    const ready = await app.inject('/readyz')
    if (ready.statusCode !== 200) t.fail(ready.body)
  }
  t.equal(sandbox.requests.length, 6, 'three for each')
})
