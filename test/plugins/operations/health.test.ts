import fastify from 'fastify'
import t from 'tap'
import cloudinary from '../../../src/plugins/actions/cloudinary.ts'
import errorHandler from '../../../src/plugins/http/error-handler.ts'
import credentialProofs from '../../../src/plugins/operations/credential-proofs.ts'
import health from '../../../src/plugins/operations/health.ts'
import { startSandbox } from '../../../src/sandbox/index.ts'
import { Secret } from '../../../src/secret.ts'
import { environmentAt, testConfig } from '../../support/gateway.ts'

t.test('/healthz, /readyz', async (t) => {
  const sandbox = await startSandbox()
  t.teardown(() => sandbox.close())
  const start = async (secrets: string[]) => {
    const { upstream, upload } = testConfig([])
    const app = fastify({ return503OnClosing: false })
    const environments = secrets.map((secret, index) => environmentAt(sandbox.url, { name: `e${index}`, apiSecret: new Secret(secret) }))
    await app.register(errorHandler, { docs: '/e' })
    await app.register(cloudinary, { environments, defaultEnvironment: 'e0', client: { upstream, upload } })
    await app.register(credentialProofs)
    await app.register(health)
    app.get('/anything', async () => 'served')
    t.teardown(() => app.close())
    return app
  }

  t.test('200 ok: alive, whatever Cloudinary says', async (t) => {
    const app = await start(['wrong'])
    t.match(await app.inject('/healthz'), { statusCode: 200, body: '{"status":"ok"}' })
  })

  t.test('200 ready, 200 degraded, 503 not_ready, each with the verdicts', async (t) => {
    const ready = await (await start(['abcd', 'abcd'])).inject('/readyz')
    t.match([ready.statusCode, ready.json()], [200, { status: 'ready', environments: [{ name: 'e0', verified: true }, { name: 'e1', verified: true }] }])
    const degraded = await (await start(['abcd', 'wrong'])).inject('/readyz')
    t.match([degraded.statusCode, degraded.json()], [200, { status: 'degraded', environments: [{ verified: true }, { name: 'e1', verified: false, reason: /credentials_rejected/ }] }])
    const none = await (await start(['wrong'])).inject('/readyz')
    t.match([none.statusCode, none.json()], [503, { status: 'not_ready' }])
    t.notMatch(none.body + degraded.body, /abcd|wrong/)
  })

  t.test('503 once it drains, while everything else is still answered', async (t) => {
    const app = await start(['abcd'])
    app.drain()
    t.match(await app.inject('/readyz'), { statusCode: 503, body: '{"status":"not_ready","environments":[]}' })
    t.match(await app.inject('/healthz'), { statusCode: 200 })
    t.match(await app.inject('/anything'), { statusCode: 200, body: 'served' })
  })

  t.test('what is answered while it drains ends its connection', async (t) => {
    const app = await start(['abcd'])
    t.equal((await app.inject('/anything')).headers.connection, 'keep-alive')
    app.drain()
    t.equal((await app.inject('/anything')).headers.connection, 'close')
  })

  t.test('503 as soon as the process shuts down', async (t) => {
    const app = await start(['abcd'])
    let url = ''
    let during: number | undefined
    app.addHook('preClose', async () => { during = (await fetch(`${url}/readyz`)).status })
    url = await app.listen({ port: 0, host: '127.0.0.1' })
    await app.close()
    t.equal(during, 503)
  })
})
