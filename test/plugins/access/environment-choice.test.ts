import fastify from 'fastify'
import t from 'tap'
import { ANYBODY, DIRECT_UPLOADER } from '../../../src/auth/callers/authenticator.ts'
import { EVERYTHING } from '../../../src/auth/policy/permissions.ts'
import environmentChoice from '../../../src/plugins/access/environment-choice.ts'
import cloudinary from '../../../src/plugins/actions/cloudinary.ts'
import errorHandler from '../../../src/plugins/http/error-handler.ts'
import { environmentAt, testConfig, startGateway } from '../../support/gateway.ts'

t.test('the environment of a request: header, query or the default one', async (t) => {
  const { upstream, upload } = testConfig([])
  const environments = ['staging', 'production'].map((name) => environmentAt('http://127.0.0.1:9', { name }))
  const app = fastify()
  t.teardown(() => app.close())
  await app.register(errorHandler, { docs: '/e' })
  await app.register(cloudinary, { environments, defaultEnvironment: 'production', client: { upstream, upload } })
  app.addHook('onRequest', async (request) => {
    const bound = request.headers['x-bound']?.toString()
    request.caller = bound === undefined
      ? ANYBODY
      : { name: 'web', permissions: { ...EVERYTHING, environments: new Set([bound]) } }
  })
  await app.register(environmentChoice)
  app.get('/asked', async ({ environmentAsked }) => environmentAsked)
  app.get('/chosen', {
    config: { action: 'getUrl' }
  }, async ({ cloudinary: { environment }, query }) => ({ name: environment.name, query }))
  app.get('/free', async ({ cloudinary: { environment } }) => ({ name: environment.name }))
  const chosen = async (url: string, headers = {}) => (await app.inject({ url, headers })).json()

  t.equal((await app.inject({ url: '/asked', headers: { 'x-environment': 'Staging' } })).body, 'staging')
  t.equal((await app.inject('/asked')).body, 'production')
  t.same(await chosen('/chosen'), { name: 'production', query: {} })
  t.match(await chosen('/chosen', { 'x-environment': 'Staging' }), { name: 'staging' })
  t.same(await chosen('/chosen?environment=staging&x=1'), { name: 'staging', query: { x: '1' } }, 'the name is taken out of the query')
  t.match(await chosen('/chosen?environment=staging', { 'x-environment': 'staging' }), { name: 'staging' })
  t.match(await chosen('/chosen?environment=staging', { 'x-environment': 'production' }), { status: 400, errors: [{ pointer: '/environment', message: /differs/ }] })
  t.match(await chosen('/chosen?environment=a&environment=b'), { status: 400, errors: [{ pointer: '/environment', message: 'must be given once' }] })
  t.match(await chosen('/chosen?environment=stagging'), { status: 400, errors: [{ message: /did you mean "staging"/ }] })
  const bound = async (url: string, headers = {}) => chosen(url, { 'x-bound': 'production', ...headers })
  t.match(await bound('/chosen'), { name: 'production' })
  t.match(await bound('/chosen', { 'x-bound': 'staging' }), {
    status: 403, detail: 'This caller may not use the default environment; /environments lists them.'
  })
  t.match(await bound('/free?environment=staging'), { name: 'staging' }, 'a route that is for every caller')
  for (const name of ['staging', 'absent', 'stagging']) {
    const { instance: _, request_id: _id, ...answer } = await bound(`/chosen?environment=${name}`)
    const { instance: _2, request_id: _id2, ...other } = await bound(
      '/chosen', { 'x-environment': 'nowhere' }
    )
    t.match(answer, { status: 403, code: 'forbidden', errors: [{ pointer: '/environment' }] })
    t.same(
      JSON.parse(JSON.stringify(answer).replaceAll(name, 'nowhere')), other,
      'one that is forbidden looks like one that is absent'
    )
  }
  t.match(await bound('/chosen?environment=prodution'), {
    status: 403,
    detail: 'This caller may not use the environment "prodution"; did you mean "production"? /environments lists them.'
  })
  for (const blank of ['', '%20', '%09']) t.match(await chosen(`/chosen?environment=${blank}`), { status: 400, errors: [{ pointer: '/environment', message: 'is blank: leave it out, or name one' }] })
  t.match(await chosen('/chosen', { 'x-environment': '' }), { status: 400, errors: [{ pointer: '/environment', message: /^is blank/ }] })
  t.match(await chosen('/chosen', { 'x-environment': 'elsewhere' }), { status: 400, errors: [{ message: /no such environment; \/environments/ }] })
})

t.test('400 to a header that misses X-Environment, and others pass', async (t) => {
  const { app, sandbox } = await startGateway(t)
  await sandbox.add('cats/tom')
  const before = sandbox.requests.length
  const misspelt = [
    'X-Enviroment', 'X-Env', 'X_Environment', 'X-Environments', 'Environment', 'X-Cloudinary-Environment', 'X-Envrionment', 'X-Enviornment', 'X-Environement',
    'X-Evironment', 'Env', 'X-Environment-Name', 'X-Cloudinary-Env', 'XEnvironment', 'x.environment', 'X-Environnement'
  ]
  for (const name of misspelt) {
    const answer = await app.inject({ method: 'DELETE', url: '/resources/cats/tom', headers: { [name]: 'staging' } })
    t.match(answer.json(), { status: 400, errors: [{ pointer: `/${name.toLowerCase()}`, message: 'is not read; did you mean "X-Environment"?' }] }, name)
  }
  t.equal(sandbox.requests.length, before, 'nothing was asked of the default account')
  const others = {
    'x-envoy-expected-rq-timeout-ms': '1',
    'x-envoy-attempt-count': '1',
    'x-ms-client-environment-id': 'a',
    'x-forwarded-for': '10.0.0.1',
    'x-forwarded-proto': 'https',
    'x-real-ip': '10.0.0.1',
    'x-request-id': 'a',
    'x-requested-with': 'XMLHttpRequest',
    via: '1.1 a',
    traceparent: '00-a-b-01',
    'x-amzn-trace-id': 'Root=1',
    'cf-ray': 'a',
    'x-b3-traceid': 'a',
    'x-original-url': '/a',
    'x-correlation-id': 'a',
    'sec-fetch-mode': 'cors',
    'x-client-environs': 'a',
    'x-environment': 'production'
  }
  t.equal((await app.inject({ url: '/resources/cats/tom', headers: others })).statusCode, 200)
})

t.test('a stranger is not told that there is no such environment: it gets one that no signature fits', async (t) => {
  const { upstream, upload } = testConfig([])
  const app = fastify()
  t.teardown(() => app.close())
  await app.register(errorHandler, { docs: '/e' })
  const own = environmentAt('http://127.0.0.1:9')
  await app.register(cloudinary, { environments: [own], defaultEnvironment: 'production', client: { upstream, upload } })
  app.addHook('onRequest', async (request) => { request.caller = DIRECT_UPLOADER })
  await app.register(environmentChoice)
  app.get('/chosen', async ({ cloudinary: { environment: { apiSecret, ...rest } } }) => ({ rest, real: apiSecret.reveal() === own.apiSecret.reveal() }))
  const chosen = async (name: string) => (await app.inject({ url: '/chosen', headers: { 'x-environment': name } })).json()
  const { apiSecret: _, ...rest } = own
  t.same(await chosen('production'), { rest, real: true })
  t.same(await chosen('productio'), { rest, real: false })
})
