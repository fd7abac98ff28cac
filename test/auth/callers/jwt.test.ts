import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { base64url, CompactEncrypt, CompactSign, exportJWK, exportSPKI, generateKeyPair, SignJWT, UnsecuredJWT, type JWTPayload } from 'jose'
import t from 'tap'
import { JwtVerifier } from '../../../src/auth/callers/jwt.ts'
import { KeySetUnavailable, RemoteKeySet, ReplaceableKey, StaticKey, type KeySource } from '../../../src/auth/callers/key-set.ts'

const NOW = 1_700_000_000
const ISSUER = 'https://idp.example.com/'
const AUDIENCE = 'cloudinary-gateway'
const good = { iss: ISSUER, aud: AUDIENCE, sub: '7', iat: NOW, nbf: NOW, exp: NOW + 600 }

const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true })
const jwk = { ...await exportJWK(publicKey), kid: 'one', alg: 'RS256' }
const pem = await exportSPKI(publicKey)

const sign = (claims: Record<string, unknown>, header: Record<string, unknown> = {}, key = privateKey) =>
  new CompactSign(new TextEncoder().encode(JSON.stringify(claims))).setProtectedHeader({ alg: 'RS256', kid: 'one', ...header }).sign(key)

function verifier (nowSeconds: { value: number } = { value: NOW }, keys: KeySource = new RemoteKeySet({ fetch: async () => JSON.stringify({ keys: [jwk] }), now: () => nowSeconds.value * 1000 })) {
  return new JwtVerifier({ keys, issuer: ISSUER, audience: AUDIENCE, now: () => nowSeconds.value * 1000 })
}

const refused = { name: 'TokenRefused' }

t.test('a good token gives its claims', async (t) => {
  const jwt = verifier()
  const token = await sign(good)
  const claims = await jwt.verify(token)
  t.match(claims, good)
  t.equal(await jwt.verify(token), claims, 'remembered')
  t.match(await jwt.verify(await sign({ ...good, aud: ['other', AUDIENCE] })), { sub: '7' })
  const { nbf: _none, ...withoutNbf } = good
  t.match(await jwt.verify(await sign(withoutNbf)), { sub: '7' }, 'many providers send no nbf')
  t.match(await verifier({ value: NOW }, new StaticKey(pem)).verify(token), { sub: '7' })
})

t.test('401: no signature, or one that a public key can make', async (t) => {
  const jwt = verifier()
  const [head, body] = (await sign(good)).split('.')
  const none = new UnsecuredJWT(good as JWTPayload).encode()
  for (const token of [none, `${none}x`, `${head}.${body}.`, `${head}.${body}.AAAA`]) await t.rejects(jwt.verify(token), refused)
  for (const alg of ['none', 'None', 'NONE']) await t.rejects(jwt.verify(`${base64url.encode(JSON.stringify({ alg }))}.${body}.AAAA`), refused, alg)
  const confused = await new SignJWT(good as JWTPayload).setProtectedHeader({ alg: 'HS256', kid: 'one' }).sign(new TextEncoder().encode(pem))
  await t.rejects(jwt.verify(confused), refused, 'HMAC with the public PEM as its key')
  await t.rejects(verifier({ value: NOW }, new StaticKey(pem)).verify(confused), refused)
})

t.test('401: keys that the token itself brings, and none is fetched', async (t) => {
  let connections = 0
  const server = createServer((_request, response) => { response.end(JSON.stringify({ keys: [] })) }).on('connection', () => { connections++ })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/` // a TCP server has an address with a port
  const other = await generateKeyPair('RS256', { extractable: true })
  const itsKey = { ...await exportJWK(other.publicKey), kid: 'evil' }
  for (const header of [{ jku: url, kid: 'evil' }, { x5u: url, kid: 'evil' }, { jwk: itsKey, kid: 'evil' }, { jku: url }, { jwk: itsKey }]) {
    await t.rejects(verifier().verify(await sign(good, header, other.privateKey)), refused, Object.keys(header).join())
  }
  t.equal(connections, 0)
})

t.test('401: odd key ids', async (t) => {
  for (const kid of ['../../etc/passwd', "' OR 1=1 --", 'x'.repeat(5000), '', { a: 1 }, 7, null, ['one']]) {
    await t.rejects(verifier().verify(await forged({ alg: 'RS256', kid }, good)), refused, JSON.stringify(kid).slice(0, 30))
  }
})

/** Signs by hand, since `jose` refuses to write some headers. */
async function forged (header: object, claims: unknown): Promise<string> {
  const input = `${base64url.encode(JSON.stringify(header))}.${base64url.encode(typeof claims === 'string' ? claims : JSON.stringify(claims))}`
  const signature = await crypto.subtle.sign('RSASSA-PKCS1-v1_5', privateKey, new TextEncoder().encode(input))
  return `${input}.${base64url.encode(new Uint8Array(signature))}`
}

t.test('401: time', async (t) => {
  const verify = async (claims: object) => verifier().verify(await forged({ alg: 'RS256', kid: 'one' }, { ...good, ...claims }))
  for (const claims of [{ exp: NOW - 4 }, { nbf: NOW + 5 }]) t.match(await verify(claims), { sub: '7' }, `within the tolerance: ${JSON.stringify(claims)}`)
  await t.rejects(verify({ exp: NOW - 6 }), { ...refused, message: /run out/ })
  await t.rejects(verify({ nbf: NOW + 6 }), { ...refused, message: /not valid yet/ })
  for (const exp of [undefined, null, 'abc', '1e308', -1, 0, 1e15, 1e308]) await t.rejects(verify({ exp }), { ...refused, message: /run out/ }, String(exp))
  await t.rejects(verify({ nbf: 'x' }), refused)
})

t.test('401: issuer and audience', async (t) => {
  const verify = async (claims: object) => verifier().verify(await sign({ ...good, ...claims }))
  for (const iss of [undefined, 'https://evil.example.com/', ISSUER.slice(0, -1), '', [ISSUER]]) await t.rejects(verify({ iss }), { ...refused, message: /issuer/ }, String(iss))
  for (const aud of [undefined, 'other', [], ['other'], '', `${AUDIENCE}x`]) await t.rejects(verify({ aud }), { ...refused, message: /audience/ }, String(aud))
})

t.test('401: encrypted tokens, unencoded payloads, members named twice, no JSON', async (t) => {
  const encrypted = await new CompactEncrypt(new TextEncoder().encode('{}')).setProtectedHeader({ alg: 'RSA-OAEP', enc: 'A128GCM' }).encrypt((await generateKeyPair('RSA-OAEP', { extractable: true })).publicKey)
  await t.rejects(verifier().verify(encrypted), refused)
  await t.rejects(verifier().verify(await forged({ alg: 'RS256', kid: 'one', b64: false, crit: ['b64'] }, good)), refused)
  await t.rejects(verifier().verify(await forged({ alg: 'RS256', kid: 'one', crit: ['made_up'], made_up: 1 }, good)), refused)
  await t.rejects(verifier().verify(await forged({ alg: 'RS256', kid: 'one' }, `${JSON.stringify(good).slice(0, -1)},"sub":"8"}`)), { ...refused, message: /twice/ })
  await t.rejects(verifier().verify(await forged({ alg: 'RS256', kid: 'one' }, '"text"')), refused)
  await t.rejects(verifier().verify('no.json.here'), { ...refused, message: /JSON/ })
})

t.test('a remembered token runs out, and dies with its key', async (t) => {
  const clock = { value: NOW }
  let keys = [jwk]
  const jwt = verifier(clock, new RemoteKeySet({ fetch: async () => JSON.stringify({ keys }), now: () => clock.value * 1000 }))
  const token = await sign({ ...good, exp: NOW + 60 })
  await jwt.verify(token)
  clock.value = NOW + 64
  t.match(await jwt.verify(token), { sub: '7' })
  clock.value = NOW + 66
  await t.rejects(jwt.verify(token), { message: /run out/ })

  const long = await sign({ ...good, exp: NOW + 86_400 })
  t.match(await jwt.verify(long), { sub: '7' })
  keys = [{ ...await exportJWK((await generateKeyPair('RS256', { extractable: true })).publicKey), kid: 'two', alg: 'RS256' }]
  clock.value += 31
  t.match(await jwt.verify(long), { sub: '7' }, 'nobody knows yet')
  await t.rejects(jwt.verify(await sign(good, { kid: 'two' })), refused, 'a token of the new key brings the new set')
  await t.rejects(jwt.verify(long), refused)
})

t.test('401: a remembered token, once the key of the configuration is another one', async (t) => {
  const keys = new ReplaceableKey(pem)
  const jwt = verifier({ value: NOW }, keys)
  const token = await sign(good)
  await jwt.verify(token)
  t.ok(jwt.remembered(token))
  const other = await generateKeyPair('RS256', { extractable: true })
  const otherPem = await exportSPKI(other.publicKey)
  keys.replace(otherPem)
  t.equal(jwt.remembered(token), undefined)
  await t.rejects(jwt.verify(token), refused)
  t.match(await jwt.verify(await sign(good, {}, other.privateKey)), { sub: '7' })
})

t.test('a token whose key is replaced while it is verified is good for that request alone', async (t) => {
  const keys = new ReplaceableKey(pem)
  const otherPem = await exportSPKI((await generateKeyPair('RS256', { extractable: true })).publicKey)
  const jwt = verifier({ value: NOW }, {
    find: (header, input) => {
      const found = keys.find(header, input)
      keys.replace(otherPem)
      return found
    },
    isLive: (fingerprint) => keys.isLive(fingerprint)
  })
  const token = await sign(good)
  t.match(await jwt.verify(token), { sub: '7' })
  t.equal(jwt.remembered(token), undefined)
  await t.rejects(jwt.verify(token), refused)
})

t.test('the keys are out of reach: that is not the caller\'s fault', async (t) => {
  const keys = new RemoteKeySet({ fetch: async () => { throw new Error('down') } })
  await t.rejects(verifier({ value: NOW }, keys).verify(await sign(good)), KeySetUnavailable)
})

t.test('the real clock is used where none is given', async (t) => {
  const jwt = new JwtVerifier({ keys: new StaticKey(pem), issuer: ISSUER, audience: AUDIENCE })
  await t.rejects(jwt.verify(await sign(good)), { message: /run out/ })
  t.match(await jwt.verify(await sign({ ...good, exp: Math.floor(Date.now() / 1000) + 60 })), { sub: '7' })
})

t.test('a verified token is remembered for five minutes by a clock that nobody sets', async (t) => {
  let spentMs = 1
  let checks = 0
  const keys: KeySource = {
    find: (header, input) => {
      checks++
      return new StaticKey(pem).find(header, input)
    },
    isLive: () => true
  }
  const options = { keys, issuer: ISSUER, audience: AUDIENCE, clock: () => spentMs }
  const clock = { value: NOW }
  const jwt = new JwtVerifier({ ...options, now: () => clock.value * 1000 })
  const token = await sign(good)
  await jwt.verify(token)
  clock.value -= 3600
  t.match(jwt.remembered(token), { sub: '7' }, 'a clock that is set back changes nothing')
  clock.value = NOW
  spentMs += 300_000
  t.ok(jwt.remembered(token))
  spentMs++
  t.equal(jwt.remembered(token), undefined)
  await jwt.verify(token)
  t.equal(checks, 2)
})

t.test('tokens with many claims are forgotten sooner', async (t) => {
  const jwt = new JwtVerifier({
    keys: new StaticKey(pem), issuer: ISSUER, audience: AUDIENCE, now: () => NOW * 1000, maxBytes: 20_000
  })
  const [small, large] = [await sign(good), await sign({ ...good, groups: 'g'.repeat(3_000) })]
  await jwt.verify(small)
  await jwt.verify(large)
  t.same([small, large].map((token) => jwt.remembered(token) !== undefined), [false, true])
  await jwt.verify(await sign({ ...good, groups: 'g'.repeat(6_000) }))
  t.ok(jwt.remembered(large), 'one that is larger than the whole memory pushes out none')
})

t.test('the least recently used token is forgotten first, and verified again', async (t) => {
  const jwt = new JwtVerifier({
    keys: new StaticKey(pem), issuer: ISSUER, audience: AUDIENCE, now: () => NOW * 1000, maxEntries: 2
  })
  const [a, b, c] = await Promise.all(['a', 'b', 'c'].map((sub) => sign({ ...good, sub })))
  for (const token of [a, b, a, c]) await jwt.verify(String(token))
  t.strictSame([a, b, c].map((token) => jwt.remembered(String(token))?.['sub']), ['a', undefined, 'c'])
  t.match(await jwt.verify(String(b)), { sub: 'b' })
})
