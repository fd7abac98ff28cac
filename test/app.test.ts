import { request } from 'node:http'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import pino from 'pino'
import t from 'tap'
import { buildApp } from '../src/app.ts'
import { digestOf } from '../src/auth/policy/keys.ts'
import { loadConfig } from '../src/config/config.ts'
import { Secret } from '../src/secret.ts'
import { environmentAt, startGateway, testConfig } from './support/gateway.ts'

t.test('what the framework refuses is a problem document like any other', async (t) => {
  const { app, url } = await startGateway(t)
  const cases: Array<[object, object]> = [
    [{ url: '/nowhere' }, { status: 404, code: 'route_not_found' }],
    [{ method: 'PUT', url: '/upload' }, { status: 405, code: 'method_not_allowed' }],
    [{ method: 'DELETE', url: '/resources' }, { status: 405, code: 'method_not_allowed' }],
    [{ url: '/resources/%zz' }, { status: 400, code: 'invalid_request' }],
    [{ method: 'POST', url: '/signature', payload: '{"a":', headers: { 'content-type': 'application/json' } }, { status: 400, code: 'invalid_request', detail: 'The body is not valid JSON.', advice: 'Correct what `detail` says and send the request again.' }],
    [{ method: 'POST', url: '/signature', payload: '{"folder":"a"}', headers: { 'content-type': 'text/plain' } }, { status: 415, code: 'unsupported_media_type', detail: 'This route takes application/json, named in Content-Type.' }],
    [{ method: 'PATCH', url: '/resources/a', payload: '{}' }, { status: 415, detail: /takes application\/json/ }],
    [{ method: 'DELETE', url: '/resources/a', payload: 'x', headers: { 'content-type': 'text/plain' } }, { status: 415, detail: 'This route takes application/json, named in Content-Type.' }],
    [{ method: 'POST', url: '/signature', payload: JSON.stringify({ folder: 'x'.repeat(2_000_000) }), headers: { 'content-type': 'application/json' } }, { status: 413, code: 'payload_too_large' }]
  ]
  for (const [call, expected] of cases) {
    const answer = await app.inject(call)
    t.match(answer.headers['content-type'], 'application/problem+json', JSON.stringify(call).slice(0, 60))
    t.match(answer.json(), expected)
    if (!('errors' in answer.json())) t.notMatch(answer.json().advice, /`errors`/, 'nothing to look up there')
  }
  t.match(await (await fetch(`${url}/upload`, { method: 'PUT' })).json(), { status: 405 })
  t.equal((await fetch(`${url}/url`, { method: 'DELETE' })).headers.get('allow'), 'GET, HEAD, POST')
})

t.test('CORS on a real socket: an origin is listed as a person types it, and one that is not is told so', async (t) => {
  const { corsOrigins } = loadConfig({ CORS_ORIGINS: 'https://WWW.Example.com' })
  const { url } = await startGateway(t, { corsOrigins })
  const preflight = (origin: string, path = '/signature') => fetch(url + path, { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'POST' } })
  const listed = await preflight('https://www.example.com')
  t.equal(listed.status, 204)
  t.equal(listed.headers.get('access-control-allow-origin'), 'https://www.example.com')
  for (const path of ['/signature', '/upload', '/resources/a', '/nowhere']) {
    const other = await preflight('https://shop.example', path)
    t.equal(other.headers.get('access-control-allow-origin'), null)
    t.match(await other.json(), { status: 403, code: 'origin_not_allowed', detail: /"https:\/\/shop\.example"/, advice: /`CORS_ORIGINS`/, instance: path })
  }
  const faulty = await new Promise<string | undefined>((resolve, reject) => {
    request(`${url}/signature`, { method: 'OPTIONS', headers: { origin: 'https://www.example.com', 'access-control-request-method': 'POST', expect: 'nonsense' } }, (answer) => {
      answer.resume().on('end', () => { resolve(answer.headers['content-type']) })
    }).on('error', reject).end()
  })
  t.match(faulty, 'application/problem+json', 'a preflight that is refused for another reason gets a problem too')
  const plain = await fetch(`${url}/signature`, { method: 'OPTIONS' })
  t.match(
    await plain.json(),
    { status: 405, code: 'method_not_allowed', detail: 'OPTIONS is not possible here; use POST.' },
    'what is no preflight'
  )
})

t.test('400 to a megabyte in one field that is to be explained: no signature is searched in it', async (t) => {
  const { app } = await startGateway(t)
  const payload = { fields: { folder: '&'.repeat(1_000_000) }, signature: '0'.repeat(40) }
  const told = (await app.inject({ method: 'POST', url: '/signature/explain', payload })).json()
  t.match(told, { status: 400, code: 'invalid_request', errors: [{ pointer: '/fields', message: 'must have at most 100000 characters together, has 1000006' }] })
})

t.test('a prefix stands before everything but health and readiness', async (t) => {
  const { app } = await startGateway(t, { routePrefix: '/media' })
  t.equal((await app.inject('/media/environments')).statusCode, 200)
  t.equal((await app.inject('/environments')).statusCode, 404)
  t.equal((await app.inject('/healthz')).statusCode, 200)
  t.match((await app.inject('/media/resources/none')).json(), {
    type: '/media/docs/errors/not_found', instance: '/media/resources/none'
  })
})

t.test('one log line per request in any kind of logger, without a secret in it; proxies are believed when named', async (t) => {
  const lines: string[] = []
  const stream = new Writable({ write (chunk: Buffer, _encoding, done) { lines.push(chunk.toString()); done() } })
  const config = testConfig([environmentAt('http://127.0.0.1:9')], { trustProxy: ['127.0.0.1'] })
  for (const logger of [pino({ level: 'trace' }, stream), { level: 'trace', stream }]) {
    lines.length = 0
    const app = await buildApp({ config, logger })
    t.equal(app.initialConfig.bodyLimit, config.jsonMaxBytes)
    await app.inject({ url: '/url?public_id=a', headers: { authorization: 'Bearer canary', 'x-forwarded-for': '203.0.113.9' } })
    await app.close()
    t.equal(lines.filter((line) => line.includes('"msg":"request"')).length, 1)
    t.notMatch(lines.join(''), /canary|abcd/)
  }
})

t.test('a gateway that cannot be built leaves nothing open: its process could not end', async (t) => {
  const closed: Array<Promise<unknown>> = []
  const redis = createServer((socket) => {
    closed.push(new Promise((resolve) => { socket.on('error', () => {}).on('close', resolve).resume() }))
  })
  t.teardown(() => redis.close())
  await new Promise<void>((resolve) => { redis.listen(0, '127.0.0.1', resolve) })
  const { port } = redis.address() as AddressInfo // it listens on TCP
  const config = testConfig([environmentAt('http://127.0.0.1:9')], {
    rates: { perAddress: { requests: 1, perSeconds: 1 } },
    redisUrl: new Secret(`redis://127.0.0.1:${port}`),
    auth: { mode: 'keys', policyFile: join(t.testdir({ 'policy.yaml': 'callers: 1' }), 'policy.yaml') }
  })
  await t.rejects(buildApp({ config }), { name: 'PolicyError' })
  t.not(closed.length, 0, 'there was something to close')
  await Promise.all(closed)
})

t.test('metrics and a policy file, each with and without the other', async (t) => {
  const digest = 'a'.repeat(64)
  const policyFile = join(t.testdir({ 'policy.yaml': `callers: { web: { keys: ['sha256:${digest}'] } }` }), 'policy.yaml')
  for (const metrics of [undefined, { host: '127.0.0.1', port: 0 }]) {
    for (const file of [undefined, policyFile]) {
      const app = await buildApp({ config: testConfig([environmentAt('http://127.0.0.1:9')], { metrics, auth: file === undefined ? {} : { mode: 'keys', policyFile: file } }) })
      t.teardown(() => app.close())
      t.equal((await app.inject('/resources')).statusCode, file === undefined ? 502 : 401)
      const text = await app.metrics?.text() ?? ''
      t.equal(text.includes('upstream_tries_total{environment="production",outcome="upstream_failed"}'), metrics !== undefined && file === undefined)
      t.equal(text.includes('reloads_total{what="policy"'), metrics !== undefined && file !== undefined)
    }
  }
})

t.test('what is refused before anything else is in the log too', async (t) => {
  const lines: string[] = []
  const logger = pino({ level: 'info' }, new Writable({ write (chunk: Buffer, _encoding, done) { lines.push(chunk.toString()); done() } }))
  const app = await buildApp({ config: testConfig([environmentAt('http://127.0.0.1:9')]), logger })
  t.teardown(() => app.close())
  const answer = await app.inject({ url: '/healthz', headers: { 'a b': 'c' } })
  t.match(answer, { statusCode: 400, headers: { 'x-request-id': String } })
  t.ok(lines.some((line) => line.includes('"status":400') && line.includes('"msg":"request"')))
})

t.test('rates on a real socket: strangers have one for each address, and what a caller may not do counts', async (t) => {
  const policyFile = join(t.testdir({ 'policy.yaml': `callers: { web: { keys: ['sha256:${digestOf('web').toString('hex')}'], actions: [getUrl] } }` }), 'policy.yaml')
  const { url } = await startGateway(t, { auth: { mode: 'keys', policyFile }, rates: { perCaller: { requests: 2, perSeconds: 600 } } })
  const status = (localAddress: string, method: string, path: string, headers = {}): Promise<number | undefined> => new Promise((resolve, reject) => {
    request(url + path, { method, localAddress, headers, agent: false }, (answer) => resolve(answer.resume().statusCode)).on('error', reject).end()
  })
  const statuses = async (addresses: string[], ...call: [string, string, object?]) => {
    const found = []
    for (const address of addresses) found.push(await status(address, ...call))
    return found
  }
  t.same(await statuses(['127.0.0.1', '127.0.0.1', '127.0.0.1', '127.0.0.2'], 'POST', '/direct-upload'), [415, 415, 429, 415])
  const headers = { authorization: 'Bearer web' }
  t.same(await statuses(['127.0.0.1'], 'GET', '/resources', headers), [403])
  t.same(await statuses(['127.0.0.2'], 'GET', '/url?public_id=a&environment=nowhere', headers), [400])
  t.same(await statuses(['127.0.0.3'], 'GET', '/url?public_id=a', headers), [429])
})

t.test('a signature without its form is worth nothing: who has no key learns no signed value from it', async (t) => {
  const { url } = await startGateway(t, { auth: { mode: 'keys', keys: [{ caller: 'web', digest: digestOf('web') }] } })
  const signed = await fetch(`${url}/signature`, {
    method: 'POST',
    headers: { authorization: 'Bearer web', 'content-type': 'application/json' },
    body: JSON.stringify({ public_id: 'secretname', folder: 'incoming' })
  })
  const { signature, timestamp } = await signed.json() as { signature: string, timestamp: number } // the route's answer
  for (const time of [timestamp, timestamp - 1]) {
    const form = new FormData()
    for (const [name, value] of Object.entries({ signature, timestamp: String(time) })) form.append(name, value)
    form.append('file', new Blob(['x']), 'x.txt')
    const answer = await (await fetch(`${url}/direct-upload`, { method: 'POST', body: form })).text()
    t.match(answer, /public_id was signed but not sent/)
    t.notMatch(answer, /secretname|incoming/)
  }
})

t.test('pages show pictures of environments that deliver over http, and name each origin once', async (t) => {
  const plain = environmentAt('http://127.0.0.1:9')
  const secure = { ...plain.delivery, secure: true, cname: 'images.example.com' }
  const { cname: _none, ...ofCloudinary } = plain.delivery
  const environments = [
    plain,
    { ...plain, name: 'copy' },
    { ...plain, name: 'secure', delivery: secure },
    { ...plain, name: 'cloudinary', delivery: ofCloudinary }
  ]
  const app = await buildApp({ config: testConfig(environments) })
  t.teardown(() => app.close())
  const policy = String((await app.inject('/docs/')).headers['content-security-policy'])
  const [, sources = ''] = /img-src ([^;]*)/.exec(policy) ?? []
  t.same(sources.split(' ').filter((source) => source.startsWith('http:')), ['http://127.0.0.1:9'])
})

t.test('browsers are sent to the public upload prefix, and the gateway goes to the inner one', async (t) => {
  const { sandbox } = await startGateway(t)
  const { environments } = loadConfig({
    CLOUDINARY_CLOUD_NAME: 'demo',
    CLOUDINARY_API_KEY: '1234',
    CLOUDINARY_API_SECRET: 'abcd',
    CLOUDINARY_UPLOAD_PREFIX: sandbox.url,
    CLOUDINARY_PUBLIC_UPLOAD_PREFIX: 'https://media.example.com/api/'
  })
  const app = await buildApp({ config: testConfig(environments) })
  t.teardown(() => app.close())
  const post = async (url: string, payload: object) => (await app.inject({ method: 'POST', url, payload })).json()
  const root = 'https://media.example.com/api/v1_1/demo/'
  t.equal((await post('/signature', {})).upload_url, `${root}auto/upload`)
  t.equal((await post('/signature/batch', { files: [{ name: 'a.gif', size: 1 }] })).items[0].upload_url, `${root}auto/upload`)
  t.ok((await post('/signed-url', { public_id: 'a' })).url.startsWith(`${root}image/download?`))
  const policy = String((await app.inject('/docs/')).headers['content-security-policy'])
  t.match(policy, /connect-src [^;]* https:\/\/media\.example\.com(?:[ ;]|$)/)
  t.notMatch(policy, new URL(sandbox.url).port)
  t.equal((await app.inject('/resources')).statusCode, 200)
})
