import { rename, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import fastify from 'fastify'
import { exportJWK, exportSPKI, generateKeyPair, SignJWT } from 'jose'
import t, { type Test } from 'tap'
import { digestOf } from '../../../src/auth/policy/keys.ts'
import authentication, { type AuthenticationOptions, type AuthSettings } from '../../../src/plugins/access/authentication.ts'
import errorHandler from '../../../src/plugins/http/error-handler.ts'

const NOBODY: AuthSettings = { mode: 'keys', keys: [], policyFile: undefined, jwksUrl: undefined, jwtPublicKey: undefined, issuer: undefined, audience: undefined }
const KEYS: AuthSettings = { ...NOBODY, keys: [{ caller: 'web', digest: digestOf('web-key') }] }
const LOOPBACK: AuthSettings = { ...NOBODY, mode: 'loopback' }
const key = { authorization: 'Bearer web-key' }

async function start (
  t: Test, auth: AuthSettings, options: Partial<AuthenticationOptions> = {}, log: string[] = []
) {
  const app = fastify({
    logger: {
      level: 'warn',
      stream: { write: (line: string) => { log.push((JSON.parse(line) as { msg: string }).msg) } }
    }
  })
  t.teardown(() => app.close())
  await app.register(errorHandler, { docs: '/docs/errors' })
  app.get('/open', async () => 'open')
  await app.register(async (guarded) => {
    await guarded.register(authentication, { auth, environments: ['production'], ...options })
    guarded.get('/me', async ({ caller }) => caller)
    guarded.post('/upload', async ({ caller }) => caller)
    guarded.post('/direct-upload', { config: { action: 'directUpload' } }, async ({ caller }) => ({ name: caller.name, actions: [...caller.permissions.actions ?? []] }))
    guarded.get('/reload', async () => guarded.reloadPolicy())
    app.decorate('replaceKeys', guarded.replaceKeys)
    app.decorate('hasSeveralCallers', guarded.hasSeveralCallers)
  })
  return app
}

t.test('keys', async (t) => {
  const app = await start(t, KEYS)
  t.test('200 for a known key, whose caller is named', async (t) => {
    t.match((await app.inject({ url: '/me', headers: key })).json(), { name: 'web', permissions: { readOnly: false } })
  })
  t.test('401 with a challenge for everything else', async (t) => {
    const missing = await app.inject('/me')
    t.match(missing.json(), { status: 401, code: 'unauthorized' })
    t.equal(missing.headers['www-authenticate'], 'Bearer realm="cloudinary-gateway"')
    t.equal(missing.headers['cache-control'], 'no-store')
    for (const authorization of ['Bearer', 'Bearer ', 'bearer x y', 'Basic !!', 'Bearer wrong', 'Bearer web-kez', `Bearer ${'x'.repeat(9000)}`]) {
      t.match((await app.inject({ url: '/me', headers: { authorization } })).json(), { status: 401, code: 'unauthorized' }, authorization.slice(0, 30))
    }
  })
  t.test('the scope above stays open', async (t) => {
    t.equal((await app.inject('/open')).statusCode, 200)
  })
  t.test('a direct upload needs no key, but a wrong one is told', async (t) => {
    t.same((await app.inject({ method: 'POST', url: '/direct-upload' })).json(), { name: 'anonymous', actions: ['directUpload'] })
    t.match((await app.inject({ method: 'POST', url: '/direct-upload', headers: key })).json(), { name: 'web' })
    t.equal((await app.inject({ method: 'POST', url: '/direct-upload', headers: { authorization: 'Bearer wrong' } })).statusCode, 401)
  })
  t.test('reloading does nothing without a policy', async (t) => {
    t.equal((await app.inject({ url: '/reload', headers: key })).statusCode, 200)
  })
})

t.test('other keys: the requests to come are held to them, one that runs goes on', async (t) => {
  const app = await start(t, KEYS)
  const status = async (name: string) => (await app.inject({ url: '/me', headers: { authorization: `Bearer ${name}` } })).statusCode
  const body = new Readable({ read () {} })
  const running = app.inject({ method: 'POST', url: '/upload', headers: { ...key, 'content-type': 'application/json' }, payload: body })
  t.equal(await status('web-key'), 200)
  t.same(await app.replaceKeys({ keys: [{ caller: 'web', digest: digestOf('next-key') }], jwtPublicKey: undefined }), { changed: ['GATEWAY_KEYS'], reason: undefined })
  t.same([await status('web-key'), await status('next-key')], [401, 200])
  body.push('{}')
  body.push(null)
  t.match((await running).json(), { name: 'web' })
  t.same(await app.replaceKeys({ keys: [{ caller: 'web', digest: digestOf('next-key') }], jwtPublicKey: undefined }), { changed: [], reason: undefined })
})

t.test('401 on a socket: two headers are refused, and an announced body is not read', async (t) => {
  const app = await start(t, KEYS)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo // a TCP server has an address with a port
  const talk = (text: string, body?: Readable) => new Promise<string>((resolve, reject) => {
    let answer = ''
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(text)
      body?.pipe(socket)
    })
    socket.on('data', (data) => { answer += String(data) }).on('error', () => resolve(answer)).on('close', () => resolve(answer))
    socket.setTimeout(60_000, () => reject(new Error('the connection stays open')))
  })
  t.match(await talk('GET /me HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nAuthorization: Bearer web-key\r\nAuthorization: Bearer web-key\r\n\r\n'), /^HTTP\/1\.1 401 .*not several/s)
  const answer = await talk('POST /upload HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 300000000\r\n\r\n', Readable.from((function * () {
    for (;;) yield Buffer.alloc(65_536)
  })()))
  t.match(answer, /^HTTP\/1\.1 401 /)
  t.match(answer, /connection: close/i)
})

t.test('without keys everybody may do everything, but pages of others may not', async (t) => {
  const app = await start(t, LOOPBACK, { corsOrigins: ['https://shop.example'] })
  t.match((await app.inject({ url: '/me', headers: { host: 'localhost:80' } })).json(), { name: 'anonymous', permissions: { readOnly: false } })
  t.equal((await app.inject({ url: '/me', headers: { host: 'localhost', origin: 'https://shop.example' } })).statusCode, 200)
  t.equal((await app.inject({ url: '/me', headers: { host: 'localhost', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' } })).statusCode, 403)
  t.match((await app.inject({ method: 'POST', url: '/upload', headers: { host: 'localhost', origin: 'https://evil.com' } })).json(), { status: 403, code: 'forbidden', detail: /CORS_ORIGINS/ })
  t.match((await app.inject({ url: '/me', headers: { host: 'evil.com' } })).json(), { status: 403, code: 'forbidden', detail: /"evil\.com"/ })
  const open = await start(t, { ...LOOPBACK, mode: 'none' })
  t.equal((await open.inject({ url: '/me', headers: { host: 'gateway.example.com' } })).statusCode, 200)
  t.equal((await open.inject({ url: '/me', headers: { host: 'gateway.example.com', origin: 'https://evil.com' } })).statusCode, 403)
})

t.test('tokens', async (t) => {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
  const token = async (issuer = 'https://idp.example/') => `Bearer ${await new SignJWT({ sub: '7' }).setProtectedHeader({ alg: 'ES256', kid: 'k' }).setIssuer(issuer).setAudience('gateway').setExpirationTime('1 minute').sign(privateKey)}`
  const policyFile = join(t.testdir({ 'policy.yaml': 'callers: { tokens: { jwt: { claims: {} } } }' }), 'policy.yaml')
  const claims = { issuer: 'https://idp.example/', audience: 'gateway', policyFile }

  t.test('200 and 401 with a key from the configuration', async (t) => {
    const app = await start(t, { ...NOBODY, ...claims, jwtPublicKey: await exportSPKI(publicKey) })
    t.match((await app.inject({ url: '/me', headers: { authorization: await token() } })).json(), { name: 'tokens/7', claims: { sub: '7' } })
    t.match((await app.inject({ url: '/me', headers: { authorization: await token('other') } })).json(), { status: 401, detail: /issuer/ })
  })
  t.test('401 with the key before, once there is another one: for tokens that were good already too', async (t) => {
    const app = await start(t, { ...NOBODY, ...claims, jwtPublicKey: await exportSPKI(publicKey) })
    const headers = { authorization: await token() }
    t.equal((await app.inject({ url: '/me', headers })).statusCode, 200)
    const other = await exportSPKI((await generateKeyPair('ES256', { extractable: true })).publicKey)
    t.same(await app.replaceKeys({ keys: [], jwtPublicKey: other }), { changed: ['AUTH_PUBLIC_KEY'], reason: undefined })
    t.equal((await app.inject({ url: '/me', headers })).statusCode, 401)
  })
  t.test('200 with a key set; 503 when it cannot be had', async (t) => {
    let up = false
    const jwks = createServer(async (_request, response) => { response.writeHead(up ? 200 : 500).end(JSON.stringify({ keys: [{ ...await exportJWK(publicKey), kid: 'k', alg: 'ES256' }] })) })
    await new Promise<void>((resolve) => jwks.listen(0, '127.0.0.1', resolve))
    t.teardown(() => jwks.close())
    let nowMs = 1_000_000
    const app = await start(t, { ...NOBODY, ...claims, jwksUrl: `http://127.0.0.1:${(jwks.address() as AddressInfo).port}/` }, { clock: () => nowMs })
    const headers = { authorization: await token() }
    t.match(await app.inject({ url: '/me', headers }), { statusCode: 503, headers: { 'retry-after': '5' } })
    up = true
    nowMs += 6_000
    t.match((await app.inject({ url: '/me', headers })).json(), { name: 'tokens/7' })
  })
  t.test('no start without an issuer and an audience', async (t) => {
    for (const half of [{ audience: undefined }, { issuer: undefined }]) {
      await t.rejects(start(t, { ...NOBODY, ...claims, ...half, jwtPublicKey: await exportSPKI(publicKey) }), { message: /issuer and an audience/ })
    }
  })
})

t.test('a policy file, reloaded while requests come in', async (t) => {
  const path = join(t.testdir({ 'policy.yaml': `callers: { cms: { keys: ['sha256:${digestOf('cms-key').toString('hex')}'], read_only: true } }` }), 'policy.yaml')
  const outcomes: string[] = []
  const app = await start(t, { ...KEYS, policyFile: path }, { policyPollMs: 10, onPolicyReload: (outcome) => outcomes.push(outcome) })
  const me = async (name: string) => (await app.inject({ url: '/me', headers: { authorization: `Bearer ${name}` } })).json()
  t.match(await me('cms-key'), { name: 'cms', permissions: { readOnly: true } })
  t.match(await me('web-key'), {
    status: 403, code: 'forbidden', detail: /no rules/
  }, 'a key that the policy does not name')
  await writeFile(path, 'callers: { cms: { keyz: [] } }')
  while (outcomes.length < 1) await sleep(5)
  t.same(outcomes, ['failed'])
  t.match(await me('cms-key'), { name: 'cms' }, 'the policy before stays in force')
  // In one step, as every good editor does: a file that is half written is not valid either.
  await writeFile(`${path}.next`, `callers: { cms: { keys: ['sha256:${digestOf('next-key').toString('hex')}'] } }`)
  await rename(`${path}.next`, path)
  while (outcomes.length < 2) {
    await app.inject({ url: '/reload', headers: { authorization: 'Bearer cms-key' } })
  }
  t.same(outcomes, ['failed', 'loaded'])
  t.match(await me('next-key'), { name: 'cms', permissions: { readOnly: false } })
  t.match(await me('cms-key'), { status: 401 })
})

t.test('keys that come with rules in the policy file are never without them', async (t) => {
  const path = join(t.testdir({ 'policy.yaml': 'callers: { web: { read_only: true } }' }), 'policy.yaml')
  const outcomes: string[] = []
  const app = await start(t, { ...KEYS, policyFile: path }, { policyPollMs: 3_600_000, onPolicyReload: (outcome) => outcomes.push(outcome) })
  const me = async (name: string) => (await app.inject({ url: '/me', headers: { authorization: `Bearer ${name}` } })).json()
  t.match(await me('web-key'), { name: 'web', permissions: { readOnly: true } })
  const keys = [{ caller: 'web', digest: digestOf('next-key') }, { caller: 'cms', digest: digestOf('cms-key') }]
  await writeFile(path, 'callers: { web: { read_only: true }, cms: { read_only: true } }')
  const replaced = app.replaceKeys({ keys, jwtPublicKey: undefined })
  const early = await me('cms-key')
  t.match(early, early.status === 403 ? {} : { permissions: { readOnly: true } })
  t.same(await replaced, { changed: ['GATEWAY_KEYS'], reason: undefined })
  t.match([await me('cms-key'), await me('next-key')], [{ name: 'cms', permissions: { readOnly: true } }, { name: 'web', permissions: { readOnly: true } }])
  t.match(await me('web-key'), { status: 401 })
  t.same(outcomes, ['loaded'])
  t.match(await app.replaceKeys({ keys: keys.slice(0, 1), jwtPublicKey: undefined }), { changed: ['GATEWAY_KEYS'], reason: /no key is left for "cms"/ })
  t.match(await me('cms-key'), { status: 401 })
})

t.test('no start with a policy that cannot be used', async (t) => {
  const path = join(t.testdir({ 'policy.yaml': 'callers: { web: { environments: [nowhere] } }' }), 'policy.yaml')
  await t.rejects(start(t, { ...KEYS, policyFile: path }), { name: 'PolicyError', message: /nowhere/ })
  const unmet = join(t.testdir({ 'p.yaml': 'callers: { members: { jwt: { claims: {} } }, webb: {} }' }), 'p.yaml')
  await t.rejects(start(t, { ...KEYS, policyFile: unmet }), { message: /members\/jwt: has no effect.*\n.*webb: can never be met.*did you mean "web"/ })
  const silent = await start(t, { ...KEYS, policyFile: join(t.testdir({ 'p.yaml': 'callers: { web: {} }' }), 'p.yaml') })
  await silent.close()
})

t.test('a warning names the keys that may do nothing: at the start, and when these are others', async (t) => {
  const path = join(t.testdir({ 'policy.yaml': 'callers: { web: {} }' }), 'policy.yaml')
  const log: string[] = []
  const keyOf = (caller: string) => ({ caller, digest: digestOf(`${caller}-key`) })
  const app = await start(
    t, { ...KEYS, keys: ['web', 'cms', 'shop'].map(keyOf), policyFile: path }, { policyPollMs: 3_600_000 },
    log
  )
  const nothing = (names: string) => `keys of ${names} may do nothing: the policy has no rules for them`
  t.same(log.splice(0), [nothing('"cms", "shop"')])
  const status = async (name: string) =>
    (await app.inject({ url: '/me', headers: { authorization: `Bearer ${name}-key` } })).statusCode
  t.same(await Promise.all(['web', 'cms', 'shop'].map(status)), [200, 403, 403])
  t.equal((await app.inject({
    method: 'POST', url: '/direct-upload', headers: { authorization: 'Bearer cms-key' }
  })).statusCode, 403)
  await writeFile(path, 'callers: { web: {}, cms: {} }')
  await app.inject({ url: '/reload', headers: key })
  t.same(log.splice(0), [nothing('"shop"')])
  await app.replaceKeys({ keys: ['web', 'cms', 'shop'].map(keyOf), jwtPublicKey: undefined })
  t.same(log, [], 'nothing new')
  await app.replaceKeys({ keys: ['web', 'cms', 'blog'].map(keyOf), jwtPublicKey: undefined })
  t.same(log, [nothing('"blog"')])
  t.same(await Promise.all(['web', 'cms', 'blog'].map(status)), [200, 200, 403])
})

t.test('tells whether several callers can come', async (t) => {
  const policyFile = (text: string): string => join(t.testdir({ 'p.yaml': text }), 'p.yaml')
  const keyIn = (caller: string): string =>
    `${caller}: { keys: ['sha256:${digestOf(`${caller}-key`).toString('hex')}'] }`
  const web2 = { caller: 'web', digest: digestOf('web-key-2') }
  const cms = { caller: 'cms', digest: digestOf('cms-key') }
  const severalIn = async (auth: AuthSettings): Promise<boolean> => (await start(t, auth)).hasSeveralCallers()
  t.equal(await severalIn(LOOPBACK), false)
  t.equal(await severalIn(KEYS), false)
  t.equal(await severalIn({ ...KEYS, keys: [...KEYS.keys, web2] }), false, 'two keys of one caller')
  t.equal(await severalIn({ ...KEYS, keys: [...KEYS.keys, cms] }), true)
  t.equal(await severalIn({ ...NOBODY, policyFile: policyFile(`callers: { ${keyIn('cms')} }`) }), false)
  t.equal(await severalIn({ ...KEYS, policyFile: policyFile(`callers: { ${keyIn('cms')}, web: {} }`) }), true)
  const { publicKey } = await generateKeyPair('ES256', { extractable: true })
  const tokens = { jwtPublicKey: await exportSPKI(publicKey), issuer: 'iss', audience: 'aud' }
  t.equal(await severalIn({
    ...NOBODY, ...tokens, policyFile: policyFile('callers: { all: { jwt: { claims: {} } } }')
  }), true, 'each token has its own')
  const app = await start(t, KEYS)
  await app.replaceKeys({ keys: [...KEYS.keys, cms], jwtPublicKey: undefined })
  t.equal(app.hasSeveralCallers(), true, 'as the keys are now')
})
