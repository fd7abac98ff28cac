import { createHash, randomBytes } from 'node:crypto'
import { connect, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createServer } from 'node:tls'
import t, { type Test } from 'tap'
import { digestOf } from '../../src/auth/policy/keys.ts'
import { Transport } from '../../src/cloudinary/upstream/transport.ts'
import { Secret } from '../../src/secret.ts'
import { Authority, NO_OPENSSL } from '../support/authority.ts'
import { startFaultUpstream } from '../support/fault-upstream.ts'
import { testConfig } from '../support/gateway.ts'
import { startGatewayProcess } from '../support/gateway-process.ts'
import { startNameProxy } from '../support/name-proxy.ts'
import { NO_TINYPROXY, startTinyproxy } from '../support/tinyproxy.ts'

const KEY = 'a-key-of-this-test'
const PASSWORD = 'pr0xy.canary'
/** Well formed, and signed by nobody. */
const TOKEN = ['{"alg":"RS256","kid":"a"}', '{"iss":"https://id.test","aud":"gateway","exp":9999999999}', 'x']
  .map((part) => Buffer.from(part).toString('base64url')).join('.')

/** Speaks TLS in front of a server that does not. Returns its port. */
async function startTls (
  t: Test, certificate: { key: string, cert: string }, target: string
): Promise<number> {
  const server = createServer(certificate, (socket) => {
    const inner = connect(Number(new URL(target).port), '127.0.0.1')
    for (const [one, other] of [[socket, inner], [inner, socket]] as const) {
      one.on('error', () => {})
      one.once('close', () => { other.destroy() })
    }
    socket.pipe(inner).pipe(socket)
  })
  server.on('tlsClientError', () => {})
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => { server.close() })
  return (server.address() as AddressInfo).port // it listens on TCP
}

t.test('through a real proxy: Admin calls, uploads and the key set, each environment in its own way', {
  skip: NO_OPENSSL || NO_TINYPROXY
}, async (t) => {
  const folder = t.testdir({
    shared: {},
    own: {},
    ca: {},
    'policy.yaml': `callers:\n  web: { keys: ['sha256:${digestOf(KEY).toString('hex')}'] }\n  token: { jwt: { claims: {} } }\n`
  })
  const authority = new Authority(join(folder, 'ca'))
  const upstream = await startFaultUpstream(t)
  const port = await startTls(t, authority.issue('media', 'media.test'), upstream.url)
  const idPort = await startTls(t, authority.issue('id', 'id.test'), upstream.url)
  const localPort = await startTls(t, authority.issue('local', 'localhost'), upstream.url)
  // Names that only the proxy can resolve.
  const refusals: number[] = []
  const resolver = await startNameProxy(t, {
    refuse: () => refusals.shift(),
    names: { 'media.test': port, 'id.test': idPort, 'plain.test': Number(new URL(upstream.url).port) }
  })
  const shared = await startTinyproxy(t, {
    folder: join(folder, 'shared'), user: { name: 'gateway', password: PASSWORD }, next: resolver.port
  })
  const own = await startTinyproxy(t, { folder: join(folder, 'own') })
  const securePort = await startTls(t, authority.issue('proxy', 'localhost'), resolver.url)
  const user = `gateway:${PASSWORD.replace('.', '%2E')}@`
  const gateway = await startGatewayProcess(t, {
    NODE_EXTRA_CA_CERTS: authority.certificate,
    HTTPS_PROXY: `http://${user}${shared.address}`,
    HTTP_PROXY: 'http://127.0.0.1:1',
    NO_PROXY: 'exempt.test',
    CLOUDINARY_URL: 'cloudinary://123456789012345:abcdefgh@demo?upload_prefix=https://media.test',
    CLOUDINARY_URL_LOCAL: `cloudinary://123456789012345:abcdefgh@local?upload_prefix=https://localhost:${localPort}`,
    CLOUDINARY_URL_OWN: `cloudinary://123456789012345:abcdefgh@own?upload_prefix=https://localhost:${localPort}&api_proxy=http://${own.address}`,
    CLOUDINARY_URL_REFUSED: 'cloudinary://123456789012345:abcdefgh@refused?upload_prefix=https://media.test',
    CLOUDINARY_REFUSED_API_PROXY: `http://gateway:wr0ng-canary@${shared.address}`,
    CLOUDINARY_URL_SECURE: `cloudinary://123456789012345:abcdefgh@secure?upload_prefix=https://media.test&api_proxy=https://localhost:${securePort}`,
    CLOUDINARY_URL_PLAIN: `cloudinary://123456789012345:abcdefgh@plain?upload_prefix=http://plain.test&api_proxy=https://localhost:${securePort}`,
    ALLOW_INSECURE_UPSTREAM: 'true',
    CLOUDINARY_URL_EXEMPT: 'cloudinary://123456789012345:abcdefgh@exempt?upload_prefix=https://api.exempt.test',
    POLICY_FILE: join(folder, 'policy.yaml'),
    AUTH_JWKS_URL: 'https://id.test/keys',
    AUTH_ISSUER: 'https://id.test',
    AUTH_AUDIENCE: 'gateway',
    UPLOAD_VERIFY: 'md5'
  })
  const call = async (environment: string, path = '/resources', options: RequestInit = {}) => {
    const answer = await fetch(gateway.url + path, {
      ...options,
      headers: { authorization: `Bearer ${KEY}`, 'x-environment': environment, ...options.headers }
    })
    return {
      status: answer.status,
      attempts: answer.headers.get('x-upload-attempts'),
      body: await answer.json() as Record<string,
      unknown>
    }
  }
  for (const environment of ['production', 'local', 'own', 'secure', 'plain']) {
    t.match(await call(environment), { status: 200 }, environment)
  }
  t.match(await call('refused'), {
    status: 502,
    body: {
      code: 'upstream_failed',
      detail: /proxy between .* refused the connection \(40[17]/,
      upstream: undefined
    }
  }
  )
  t.match(
    await call('exempt'),
    { status: 502, body: { detail: 'Cloudinary cannot be reached.' } },
    'nobody but the proxy could resolve it'
  )

  const file = randomBytes(60_000_000)
  const stored = await call('production', '/upload?resource_type=raw', {
    method: 'POST', body: file, headers: { 'content-type': 'application/octet-stream' }
  })
  const md5 = createHash('md5').update(file).digest('hex')
  t.match(stored, { status: 200, body: { bytes: file.length, etag: md5 } })
  t.equal(upstream.seen.at(-1)?.file?.md5, md5)
  t.equal(
    (await call('production', '/resources', { headers: { authorization: `Bearer ${TOKEN}` } })).status,
    503,
    'what came is no key set'
  )

  refusals.push(502)
  const again = await call('secure', '/upload?resource_type=raw', {
    method: 'POST', body: 'small', headers: { 'content-type': 'application/octet-stream' }
  })
  t.match(again, { status: 200, attempts: '2' }, 'nothing was sent, so the upload is tried again')
  t.match(upstream.seen.filter(({ url }) => url === '/v1_1/secure/raw/upload'), [{ end: 'complete' }])

  const [asked, ofOwn] = [shared.requests(), own.requests()]
  t.same(
    [...new Set(asked)].sort(), ['CONNECT id.test:443', 'CONNECT media.test:443'], 'nothing else goes there'
  )
  t.same([...new Set(ofOwn)], [`CONNECT localhost:${localPort}`])
  const came = upstream.seen.map(({ url }) => url.replace(/\?.*/, ''))
  for (
    const path of [
      '/v1_1/demo/raw/upload',
      '/v1_1/local/resources/image/upload',
      '/v1_1/plain/resources/image/upload',
      '/keys'
    ]
  ) t.ok(came.includes(path), path)
  t.notOk(came.some((path) => path.includes('refused')))
  const lines = gateway.log()
  t.match(lines, `"msg":"proxies: exempt without a proxy, local without a proxy, own through ${own.address}, plain through localhost:${securePort}, ` +
    `production through ${shared.address}, refused through ${shared.address}, secure through localhost:${securePort}, AUTH_JWKS_URL through ${shared.address}"`)
  for (
    const canary of [PASSWORD, 'wr0ng-canary', Buffer.from(`gateway:${PASSWORD}`).toString('base64')]
  ) t.notMatch(lines, canary)
})

t.test('a plain origin through a real proxy: its refusal is not taken for Cloudinary\'s', {
  skip: NO_TINYPROXY
}, async (t) => {
  const upstream = await startFaultUpstream(t)
  const resolver = await startNameProxy(t, { names: { 'media.test': Number(new URL(upstream.url).port) } })
  const proxy = await startTinyproxy(t, {
    folder: t.testdir(), user: { name: 'gateway', password: PASSWORD }, next: resolver.port
  })
  const get = {
    method: 'GET', path: '/v1_1/demo/ping', headers: {}, lane: 'json', signal: AbortSignal.timeout(10_000)
  } as const
  const send = async (user: string) => {
    const url = new Secret(`http://${user}${proxy.address}`)
    const transport = new Transport({
      origin: 'http://media.test', limits: testConfig([]).upstream, proxy: { address: proxy.address, url }
    })
    t.teardown(() => transport.close())
    return transport.send(get)
  }
  t.equal((await send(`gateway:${PASSWORD}@`)).status, 200)
  for (const user of ['', 'gateway:wrong@']) {
    await t.rejects(send(user), { name: 'TransportError', fault: 'proxy', isFinal: true })
  }
  t.same(proxy.requests(), Array.from({ length: 3 }, () => 'GET http://media.test/v1_1/demo/ping'))
  t.equal(upstream.seen.length, 1)
})
