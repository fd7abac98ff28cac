import { Type } from '@sinclair/typebox'
import fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import type { Action } from '../../../src/auth/policy/actions.ts'
import { digestOf } from '../../../src/auth/policy/keys.ts'
import type { ClientOptions } from '../../../src/cloudinary/client.ts'
import authentication from '../../../src/plugins/access/authentication.ts'
import authorization from '../../../src/plugins/access/authorization.ts'
import environmentChoice from '../../../src/plugins/access/environment-choice.ts'
import routeActions from '../../../src/plugins/access/route-actions.ts'
import cloudinary from '../../../src/plugins/actions/cloudinary.ts'
import errorHandler from '../../../src/plugins/http/error-handler.ts'
import type { CloudinaryEnvironment } from '../../../src/schemas/environment.ts'
import { Secret } from '../../../src/secret.ts'
import { startFaultUpstream } from '../../support/fault-upstream.ts'
import { startGatewayAt, testConfig } from '../../support/gateway.ts'

const NOW_MS = 1_700_000_000_000

const environment = (name: string, sandbox = false): CloudinaryEnvironment => ({
  name,
  cloudName: 'demo',
  apiKey: '1234',
  apiSecret: new Secret('abcd'),
  uploadPrefix: 'http://127.0.0.1:9',
  signatureAlgorithm: 'sha1',
  signatureVersion: 2,
  delivery: { secure: true, private_cdn: false, cdn_subdomain: false, long_url_signature: false, force_version: true },
  sandbox
})

const digest = (key: string) => `'sha256:${digestOf(key).toString('hex')}'`
const POLICY = `
callers:
  staging: { keys: [${digest('staging')}], environments: [staging] }
  urls: { keys: [${digest('urls')}], actions: [getUrl] }
  reader: { keys: [${digest('reader')}], read_only: true }
  keeper: { keys: [${digest('keeper')}], delete: { allow: false } }
  brand: { keys: [${digest('brand')}], delete: { protected: ['brand/**'] } }
  jailed: { keys: [${digest('jailed')}], folder: users/1 }
  hooks: { keys: [${digest('hooks')}], sign: { notification_hosts: [hooks.example.com] } }
  short: { keys: [${digest('short')}], sign: { validity_seconds: 60 } }
  placed: { keys: [${digest('placed')}], sign: { folder: ['users/1/*'] } }
  mortal: { keys: [${digest('mortal')}], signed_urls: { validity_seconds: 60 } }
  all: { keys: [${digest('all')}] }
`
const routes: Array<[method: 'GET' | 'POST' | 'PATCH' | 'DELETE', url: string, action: Action]> = [
  ['POST', '/upload', 'uploadResource'], ['GET', '/url', 'getUrl'], ['POST', '/url', 'getUrl'], ['GET', '/resources', 'getAllResources'], ['GET', '/resources/*', 'getResourceById'],
  ['PATCH', '/resources/*', 'updateResource'], ['DELETE', '/resources/*', 'deleteResource'], ['GET', '/signed-url', 'getSignedUrl'], ['POST', '/signed-url', 'getSignedUrl'],
  ['POST', '/signature', 'generateSignature'], ['POST', '/direct-upload', 'directUpload'], ['POST', '/signature/explain', 'explainSignature']
]
const CHANGING = ['uploadResource', 'updateResource', 'deleteResource', 'generateSignature']

let handled = 0

/** No request gets as far as these. */
const client: ClientOptions = {
  upstream: { connectTimeoutMs: 100, headersTimeoutMs: 100, uploadHeadersTimeoutMs: 100, bodyTimeoutMs: 100, maxAnswerBytes: 1024 },
  upload: testConfig([]).upload
}

async function start (t: Test): Promise<FastifyInstance> {
  const app = fastify()
  t.teardown(() => app.close())
  await app.register(errorHandler, { docs: '/docs/errors' })
  await app.register(cloudinary, { environments: [environment('production'), environment('staging'), environment('sandbox', true)], defaultEnvironment: 'production', client })
  await app.register(async (guarded) => {
    await guarded.register(routeActions)
    await guarded.register(authentication, {
      auth: { mode: 'keys', keys: [], policyFile: `${t.testdir({ 'policy.yaml': POLICY })}/policy.yaml`, jwksUrl: undefined, jwtPublicKey: undefined, issuer: undefined, audience: undefined },
      environments: ['production', 'staging']
    })
    await guarded.register(environmentChoice)
    await guarded.register(authorization, { now: () => NOW_MS })
    guarded.get('/environments', async () => 'all')
    for (const [method, url, action] of routes) {
      guarded.route({
        method,
        url,
        config: { action },
        schema: url.endsWith('*') ? { params: Type.Object({ '*': Type.String() }) } : {},
        handler: async (request) => {
          handled++
          if (action === 'directUpload') {
            request.permitSigned({ parameters: {}, fileUrl: (request.body as { file?: string }).file })
          }
          if (action !== 'generateSignature') return { query: request.query }
          return request.permit({ action: 'generateSignature', parameters: request.body as Record<string, string> }) // what the test sends
        }
      })
    }
  })
  return app
}

t.test('authorization', async (t) => {
  const app = await start(t)
  const call = (key: string, method: 'GET' | 'POST' | 'PATCH' | 'DELETE', url: string, payload?: object, headers: Record<string, string> = {}) =>
    app.inject({ method, url, headers: { authorization: `Bearer ${key}`, ...headers }, ...(payload && { payload }) })
  const status = async (...input: Parameters<typeof call>) => (await call(...input)).statusCode
  const path = (url: string) => url.replace('*', 'a')

  t.test('a caller without restrictions does everything', async (t) => {
    for (const [method, url, action] of routes) t.equal(await status('all', method, path(url), method === 'POST' ? {} : undefined), 200, action)
  })
  t.test('403 for an environment that is not the caller\'s, wherever it is named', async (t) => {
    handled = 0
    for (const [method, url, action] of routes) {
      const unnamed = await call('staging', method, path(url), method === 'POST' ? {} : undefined)
      t.match(unnamed.json(), {
        status: 403, code: 'forbidden', detail: /may not use the default environment/
      }, action)
      t.notMatch(unnamed.body, 'production', 'which one that is, is not told')
      t.equal(await status('staging', method, `${path(url)}?environment=production`), 403)
      t.equal(await status('staging', method, path(url), undefined, { 'x-environment': 'production' }), 403)
    }
    t.equal(handled, 0, 'nothing was done')
    t.equal(await status('staging', 'GET', '/url?public_id=a&environment=staging'), 200)
    t.equal(await status('staging', 'GET', '/environments'), 200, 'what is no action is for every caller')
  })
  t.test('403 for an action that is not the caller\'s', async (t) => {
    for (const [method, url, action] of routes) t.equal(await status('urls', method, path(url), method === 'POST' ? {} : undefined), action === 'getUrl' ? 200 : 403, action)
  })
  t.test('403 for every change by a caller that only reads', async (t) => {
    for (const [method, url, action] of routes) {
      const changes = CHANGING.includes(action) || action === 'directUpload'
      t.equal(await status('reader', method, path(url), method === 'POST' ? {} : undefined), changes ? 403 : 200, action)
    }
  })
  t.test('403 for deleting', async (t) => {
    t.equal(await status('keeper', 'DELETE', '/resources/a'), 403)
    t.equal(await status('keeper', 'PATCH', '/resources/a'), 200)
    t.match((await call('brand', 'DELETE', '/resources/brand/logo')).json(), { status: 403, errors: [{ pointer: '/public_id' }] })
    t.equal(await status('brand', 'DELETE', '/resources/brands'), 200)
  })
  t.test('403 for assets outside the caller\'s folder', async (t) => {
    for (const [method, url] of [['GET', '/resources/'], ['PATCH', '/resources/'], ['DELETE', '/resources/']] as const) {
      t.equal(await status('jailed', method, `${url}users/1/a`), 200)
      t.equal(await status('jailed', method, `${url}users%2F1%2Fa`), 200)
      for (const id of ['users/2/a', 'users/1', 'users/10/a', 'users/1/%2e%2e/2', 'users/1%2f..%2f2', 'users/1/%252e%252e/2', 'users/1/a%5C..', 'users%2F1%2F%2Fa', 'users/1/e%CC%81', 'users/1/a%2F']) t.equal(await status('jailed', method, url + id), 403, `${method} ${id}`)
    }
    for (const url of ['/url', '/signed-url']) {
      t.equal(await status('jailed', 'GET', `${url}?public_id=users/1/a`), 200)
      t.equal(await status('jailed', 'GET', `${url}?public_id=users/2/a`), 403)
      t.equal(await status('jailed', 'POST', url, { public_id: 'users/2/a' }), 403)
      t.equal(await status('jailed', 'POST', `${url}?public_id=users/1/a`, { public_id: 'users/2/a' }), 403, 'both places count')
    }
    t.equal(await status('jailed', 'POST', '/url', { public_id: 'users/1/a', transformation: { width: 10, raw_transformation: 'l_text:Arial_10:l' } }), 200)
    t.equal(await status('jailed', 'GET', '/url?public_id=users/1/a&width=10&crop=fill'), 200)
    t.match((await call('jailed', 'POST', '/url', { public_id: 'users/1/a', transformation: [{ raw_transformation: 'e_blur/l_users:2:a' }] })).json(), { status: 403, errors: [{ pointer: '/transformation' }] })
    t.equal(await status('jailed', 'GET', '/url?public_id=users/1/a&raw_transformation=u_other'), 403)
    t.match((await call('jailed', 'POST', '/signed-url', { public_id: 'users/1/a', transformation: { overlay: 'users:2:a' } })).json(), { status: 403, errors: [{ pointer: '/transformation' }] })
    t.equal(await status('jailed', 'PATCH', '/resources/users/1/a', { asset_folder: 'users/1/b', tags: ['x'] }), 200)
    t.match((await call('jailed', 'PATCH', '/resources/users/1/a', { asset_folder: 'users/2' })).json(), { status: 403, errors: [{ pointer: '/asset_folder' }] })
  })
  t.test('422 for a move out of the folders that an upload may name', async (t) => {
    t.match((await call('placed', 'PATCH', '/resources/a', { asset_folder: 'users/2' })).json(), {
      status: 422, code: 'param_not_allowed', errors: [{ pointer: '/asset_folder' }]
    })
    t.equal(await status('placed', 'PATCH', '/resources/a', { asset_folder: 'users/1/b' }), 200)
    t.equal(
      await status('short', 'PATCH', '/resources/a', { asset_folder: 'users/2' }), 200,
      'a caller without rules about places'
    )
  })
  t.test('403 for a link that never expires, where links must', async (t) => {
    for (const asked of [
      { type: 'private' }, { type: 'authenticated', sign_url: true }, { sign_url: true }
    ]) {
      t.match((await call('mortal', 'POST', '/url', { public_id: 'a', ...asked })).json(), {
        status: 403, errors: [{ pointer: '/sign_url' }]
      }, JSON.stringify(asked))
      t.equal(await status('all', 'POST', '/url', { public_id: 'a', ...asked }), 200)
    }
    t.equal(await status('mortal', 'GET', '/url?public_id=a&type=private'), 403)
    for (const asked of [{}, { sign_url: false }, { type: 'private', sign_url: false }]) {
      t.equal(
        await status('mortal', 'POST', '/url', { public_id: 'a', ...asked }), 200, 'nothing private is opened'
      )
    }
  })
  t.test('lists are kept inside the folder', async (t) => {
    t.same((await call('jailed', 'GET', '/resources')).json(), { query: { prefix: 'users/1/' } })
    t.same((await call('jailed', 'GET', '/resources?prefix=users/1/b&max_results=5')).json(), { query: { prefix: 'users/1/b', max_results: '5' } })
    t.equal(await status('jailed', 'GET', '/resources?prefix=users/10'), 403)
    t.equal(await status('jailed', 'GET', '/resources?public_ids=users/1/a&public_ids=users/1/b'), 200)
    t.match((await call('jailed', 'GET', '/resources?public_ids=users/1/a&public_ids=users/2/b')).json(), { status: 403, errors: [{ pointer: '/public_ids/1' }] })
    t.match((await call('jailed', 'GET', '/resources?public_ids=users/1/a&prefix=users/2/')).json(), { status: 403, errors: [{ pointer: '/prefix' }] })
    t.same((await call('jailed', 'GET', '/resources?tag=a')).json(), { query: { tag: 'a' } }, 'a filter knows no prefix: its pages are filtered')
    t.match((await call('jailed', 'GET', '/resources?start_at=2026-01-01')).json(), { status: 403, errors: [{ pointer: '/start_at' }] })
  })
  t.test('signatures: what comes back is what may be signed', async (t) => {
    t.same((await call('short', 'POST', '/signature', { tags: 'a' })).json().parameters, { tags: 'a', timestamp: String(NOW_MS / 1000 - 3540), return_delete_token: 'false' })
    t.same((await call('jailed', 'POST', '/signature', { context: 'a=b' })).json().parameters, { context: 'a=b', folder: 'users/1', async: 'false' })
    t.match((await call('jailed', 'POST', '/signature', { folder: 'users/2' })).json(), { status: 403, errors: [{ pointer: '/folder' }] })
    t.match((await call('short', 'POST', '/signature', { quux: '1', eval: 'x' })).json(), { status: 422, code: 'param_not_allowed', errors: [{ pointer: '/quux' }, { pointer: '/eval' }] })
  })
  t.test('422 for a bucket that comes with a signature', async (t) => {
    t.match((await call('all', 'POST', '/direct-upload', { file: 's3://backups/a' })).json(), {
      status: 422, code: 'url_not_allowed', errors: [{ pointer: '/file' }]
    })
    t.equal(await status('all', 'POST', '/direct-upload', { file: 'https://example.com/a' }), 200)
  })
  t.test('422 for a notification to where Cloudinary cannot reach', async (t) => {
    t.match((await call('all', 'PATCH', '/resources/a', { notification_url: 'http://169.254.169.254/' })).json(), { status: 422, code: 'url_not_allowed', errors: [{ pointer: '/notification_url' }] })
    t.equal(await status('all', 'PATCH', '/resources/a', { notification_url: 'https://hooks.example.com/' }), 200)
    t.match((await call('hooks', 'PATCH', '/resources/a', { notification_url: 'https://elsewhere.example.com/' })).json(), { status: 422, errors: [{ pointer: '/notification_url' }] })
    t.equal(await status('hooks', 'PATCH', '/resources/a', { notification_url: 'https://hooks.example.com/' }), 200)
    for (const [query, body] of [['?notification_url=https://elsewhere.example.com/', undefined], ['', { notification_url: 'poll://jobs' }]] as const) {
      t.match((await call('hooks', 'DELETE', `/resources/a${query}`, body)).json(), { status: 422, errors: [{ pointer: '/notification_url' }] })
      t.equal(await status('all', 'DELETE', `/resources/a${query}`, body), 200)
    }
    t.equal(await status('all', 'PATCH', '/resources/a?environment=sandbox', { notification_url: 'http://127.0.0.1:3000/' }), 200, 'the sandbox reaches what this machine reaches')
  })
})

t.test('updates are held to what uploads may set; assets are judged on the public ID that their ID resolves to', async (t) => {
  const upstream = await startFaultUpstream(t)
  const policyFile = `${t.testdir({ 'policy.yaml': POLICY.replace(', staging', '').replace('[staging]', '[production]') })}/policy.yaml`
  const { app } = await startGatewayAt(t, upstream.url, { auth: { mode: 'keys', policyFile } })
  await app.inject('/readyz')
  const call = (key: string, method: 'GET' | 'PATCH' | 'DELETE', url: string, payload?: object) =>
    app.inject({ method, url, headers: { authorization: `Bearer ${key}` }, ...(payload && { payload }) })
  const id = '0'.repeat(32)
  const resolvesTo = (publicId: string): void => upstream.script({ body: JSON.stringify({ public_id: publicId, resource_type: 'image', type: 'upload' }) })

  t.match((await call('hooks', 'PATCH', '/resources/a', { headers: 'X-A: b' })).json(), { status: 422, code: 'param_not_allowed', errors: [{ pointer: '/headers' }] })
  t.equal((await call('hooks', 'PATCH', '/resources/a', { ocr: 'adv_ocr' })).statusCode, 200)
  t.equal((await call('all', 'PATCH', '/resources/a', { headers: 'X-A: b' })).statusCode, 200)

  resolvesTo('users/1/a')
  t.equal((await call('jailed', 'GET', `/assets/${id}`)).statusCode, 200)
  resolvesTo('users/2/a')
  t.match((await call('jailed', 'GET', `/assets/${id}`)).json(), { status: 404, code: 'not_found' })
  resolvesTo('brand/logo')
  t.match((await call('brand', 'DELETE', `/assets/${id}`)).json(), { status: 403, errors: [{ pointer: '/public_id' }] })
  upstream.script(...Array.from({ length: 3 }, () => ({ status: 404, body: '{"error":{"message":"no"}}' })), { body: '{"public_id":"users/1/a"}' })
  t.match((await call('jailed', 'GET', '/resources/users/1/a.jpg?diagnose=true')).json(), { status: 404, did_you_mean: { public_id: 'users/1/a' } })
  const asked = upstream.seen.length
  t.equal((await call('keeper', 'DELETE', `/assets/${id}`)).statusCode, 403)
  t.equal((await call('reader', 'PATCH', `/assets/${id}`, { tags: ['a'] })).statusCode, 403)
  t.equal(upstream.seen.length, asked, 'what a caller may not do at all is not looked up')
})

t.test('the real clock is used where none is given', async (t) => {
  const app = fastify()
  t.teardown(() => app.close())
  app.register(async (scope) => {
    await scope.register(routeActions)
    await scope.register(cloudinary, { environments: [environment('production')], defaultEnvironment: 'production', client })
    await scope.register(authentication, { auth: { mode: 'none', keys: [], policyFile: undefined, jwksUrl: undefined, jwtPublicKey: undefined, issuer: undefined, audience: undefined }, environments: [] })
    await scope.register(environmentChoice)
    await scope.register(authorization)
    scope.get('/', { config: { action: 'generateSignature' } }, async (request) => request.permit({ action: 'generateSignature', parameters: { timestamp: String(Math.floor(Date.now() / 1000)) } }))
  })
  t.equal((await app.inject('/')).statusCode, 200)
})
