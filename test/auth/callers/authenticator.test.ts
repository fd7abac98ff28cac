import { exportSPKI, generateKeyPair, SignJWT } from 'jose'
import t from 'tap'
import { Authenticator, type AuthenticatorOptions } from '../../../src/auth/callers/authenticator.ts'
import { JwtVerifier } from '../../../src/auth/callers/jwt.ts'
import { RemoteKeySet, StaticKey, type KeySource } from '../../../src/auth/callers/key-set.ts'
import { digestOf } from '../../../src/auth/policy/keys.ts'
import { Policy } from '../../../src/auth/policy/policy.ts'

const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
const pem = await exportSPKI(publicKey)
const verifier = (keys: KeySource = new StaticKey(pem)) => new JwtVerifier({ keys, issuer: 'i', audience: 'a' })
const tokenFor = (claims: Record<string, unknown>, issuer = 'i') =>
  new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: 'x' }).setIssuer(issuer).setAudience('a').setExpirationTime('1 minute').sign(privateKey)

const SIMPLE = [{ caller: 'simple', digest: digestOf('simple-key') }]
const digest = (key: string) => `sha256:${digestOf(key).toString('hex')}`
const make = (options: Partial<AuthenticatorOptions> = {}) => new Authenticator({ keys: () => SIMPLE, ...options })
const bearer = (token: string) => ['Authorization', `Bearer ${token}`]

t.test('a key is told at once; without a policy it may do everything, with one that does not name it nothing', async (t) => {
  t.match(make().identify(bearer('simple-key')), { name: 'simple', permissions: { readOnly: false } })
  const policy = new Policy({ callers: { web: { keys: [digest('web-key')], read_only: true } } })
  const auth = make({ policy: () => policy })
  for (const optional of [false, true]) {
    t.throws(() => auth.identify(bearer('simple-key'), optional), {
      code: 'forbidden', message: /no rules for its caller/
    })
  }
  t.match(auth.identify(bearer('web-key')), { name: 'web', permissions: { readOnly: true } })
})

t.test('a policy rules over a simple key of the same name, and may change at any time', async (t) => {
  let policy = new Policy({ callers: { simple: { read_only: true } } })
  const auth = make({ policy: () => policy })
  t.match(auth.identify(bearer('simple-key')), { permissions: { readOnly: true } })
  t.throws(() => auth.identify(bearer('new-key')), { code: 'unauthorized' })
  policy = new Policy({ callers: { fresh: { keys: [digest('new-key')] } } })
  t.match(auth.identify(bearer('new-key')), { name: 'fresh' })
  t.throws(
    () => auth.identify(bearer('simple-key')), { code: 'forbidden' },
    'rules that were taken out leave nothing'
  )
})

t.test('keys of the configuration may change at any time, beside those of a policy', async (t) => {
  let keys = SIMPLE
  const policy = new Policy({ callers: { web: { keys: [digest('web-key')] }, simple: {} } })
  for (const auth of [make({ keys: () => keys }), make({ keys: () => keys, policy: () => policy })]) {
    keys = SIMPLE
    t.match(auth.identify(bearer('simple-key')), { name: 'simple' })
    keys = [{ caller: 'simple', digest: digestOf('next-key') }]
    t.throws(() => auth.identify(bearer('simple-key')), { code: 'unauthorized' })
    t.match(auth.identify(bearer('next-key')), { name: 'simple' })
  }
})

t.test('401 with a challenge', async (t) => {
  const auth = make()
  t.throws(() => auth.identify([]), { code: 'unauthorized', headers: { 'www-authenticate': 'Bearer realm="cloudinary-gateway"' } })
  t.throws(() => auth.identify(bearer('wrong')), { code: 'unauthorized', headers: { 'www-authenticate': /error="invalid_token"/ } })
  t.throws(() => auth.identify(['Authorization', 'Basic x']), { code: 'unauthorized', message: /must read/ })
  t.throws(() => auth.identify(bearer('a.b.c')), { code: 'unauthorized', message: /not known/ }, 'without a verifier a token is a key like others')
  t.equal(auth.identify([], true), undefined, 'a route that needs no key')
  t.throws(() => auth.identify(bearer('wrong'), true), { code: 'unauthorized' }, 'but a wrong one is told')
})

t.test('tokens', async (t) => {
  const token = await tokenFor({ sub: '7', role: 'editor' })
  const policy = new Policy({
    callers: { editors: { jwt: { claims: { role: 'editor' } }, folder: 'users/{sub}' }, simple: {} }
  })
  const auth = make({ jwt: verifier(), policy: () => policy })
  t.match(await auth.identify(bearer(token)), { name: 'editors/7', permissions: { folder: 'users/7' } })
  t.equal(await auth.identify(bearer(token)), await auth.identify(bearer(token)), 'made once for each token')
  t.match(await auth.identify(bearer(token)), { scope: /^token:.*"i","7"/, claims: { role: 'editor' } })
  t.match(await auth.identify(bearer('simple-key')), { name: 'simple' }, 'keys work beside them')
  await t.rejects(Promise.resolve(auth.identify(bearer(await tokenFor({ sub: '7' })))), { code: 'forbidden', message: /no caller/ })
  await t.rejects(Promise.resolve(auth.identify(bearer(await tokenFor({}, 'other')))), { code: 'unauthorized', message: /issuer/ })
  t.throws(() => auth.identify(bearer('a.b')), { code: 'unauthorized' })
  t.throws(() => make({ jwt: verifier() }).identify(bearer(token)), { code: 'unauthorized' }, 'no policy, no token')
})

t.test('503 when tokens cannot be checked, and other failures as they are', async (t) => {
  const token = await tokenFor({ sub: '7' })
  const policy = () => new Policy({ callers: { everybody: { jwt: { claims: {} } } } })
  const unavailable = make({ policy, jwt: verifier(new RemoteKeySet({ fetch: async () => { throw new Error('down') } })) })
  await t.rejects(Promise.resolve(unavailable.identify(bearer(token))), { code: 'auth_unavailable', statusCode: 503, retryable: true, headers: { 'retry-after': '5' } })
  const broken = make({ policy, jwt: verifier({ find: async () => { throw new RangeError('bug') }, isLive: () => true }) })
  await t.rejects(Promise.resolve(broken.identify(bearer(token))), RangeError)
})
