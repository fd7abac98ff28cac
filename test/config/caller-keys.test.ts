import t from 'tap'
import { parseKeys, readCallers } from '../../src/config/caller-keys.ts'
import { readSettings } from '../../src/config/settings.ts'
import { Source } from '../../src/config/source.ts'

const A = 'a'.repeat(64)
const B = 'b'.repeat(64)

t.test('parseKeys', async (t) => {
  t.test('reads names and digests; a name may have several', async (t) => {
    const { keys, reasons } = parseKeys(`web=sha256:${A},cms=sha256:${B.toUpperCase()}\nweb=SHA256:${'c'.repeat(64)},`)
    t.same(reasons, [])
    t.same(keys.map(({ caller, digest }) => [caller, digest.toString('hex')]), [['web', A], ['cms', B], ['web', 'c'.repeat(64)]])
  })

  t.test('faults: an entry is named by its number, never shown', async (t) => {
    for (const entry of ['hunter2', `web=${A}`, 'web=sha256:abc', `=sha256:${A}`, `we b=sha256:${A}`, `web=md5:${A}`]) {
      const { reasons } = parseKeys(`ok=sha256:${B},${entry}`)
      t.match(reasons[0], /number 2/, entry)
      t.notMatch(reasons.join(), 'hunter2')
      t.notMatch(reasons.join(), A)
    }
    t.same(parseKeys(`web=sha256:${A},cms=sha256:${A}`).reasons, ['gives one key twice, to web and to cms'])
    t.same(parseKeys(' ,').reasons, ['holds no key'])
  })
})

t.test('readCallers', async (t) => {
  function read (variables: Record<string, string>) {
    const source = new Source(variables, (path) => {
      if (path === '/absent') throw Object.assign(new Error('no'), { code: 'ENOENT' })
      return 'callers: []'
    })
    const auth = readCallers(source, readSettings(source), () => undefined)
    return { auth, faults: source.faults }
  }
  const jwt = { AUTH_JWKS_URL: 'https://id.example/jwks', AUTH_ISSUER: 'https://id.example', AUTH_AUDIENCE: 'gateway', POLICY_FILE: '/policy.yaml' }

  t.test('loopback needs no keys; elsewhere they are needed, or AUTH=none', async (t) => {
    t.match(read({}), { auth: { mode: 'loopback', keys: [] }, faults: [] })
    t.match(read({ HOST: '::1' }), { auth: { mode: 'loopback' }, faults: [] })
    for (const HOST of ['0.0.0.0', '::', '10.0.0.1', 'gateway.example']) {
      t.match(read({ HOST }).faults, [{ name: 'HOST', reason: /no keys: set GATEWAY_KEYS/ }], HOST)
      t.match(read({ HOST, AUTH: 'none' }), { auth: { mode: 'none' }, faults: [] }, HOST)
      t.match(read({ HOST, GATEWAY_KEYS: `web=sha256:${A}` }), { auth: { mode: 'keys', keys: [{ caller: 'web' }] }, faults: [] }, HOST)
      t.match(read({ HOST, POLICY_FILE: '/policy.yaml' }), { auth: { mode: 'keys', policyFile: '/policy.yaml' }, faults: [] }, HOST)
      t.match(read({ HOST, ...jwt }), { auth: { mode: 'keys', jwksUrl: jwt.AUTH_JWKS_URL, issuer: jwt.AUTH_ISSUER, audience: 'gateway' }, faults: [] }, HOST)
    }
  })

  t.test('faults: contradictions', async (t) => {
    t.match(read({ AUTH: 'none', GATEWAY_KEYS: `web=sha256:${A}` }).faults, [{ name: 'AUTH', reason: /GATEWAY_KEYS is set/ }])
    t.match(read({ AUTH: 'keys', HOST: '0.0.0.0' }).faults, [{ name: 'AUTH', reason: /demands keys/ }])
    t.match(read({ AUTH: 'keys', GATEWAY_KEYS: `web=sha256:${A}` }), { auth: { mode: 'keys' }, faults: [] })
  })

  t.test('faults: bad keys, an absent policy; the address is not blamed for them', async (t) => {
    t.match(read({ HOST: '0.0.0.0', GATEWAY_KEYS: 'web' }).faults, [{ name: 'GATEWAY_KEYS', reason: /number 1/ }])
    const { faults } = read({ HOST: '0.0.0.0', POLICY_FILE: '/absent' })
    t.same(faults, [{ name: 'POLICY_FILE', reason: 'names a file that cannot be read (ENOENT)' }])
  })

  t.test('faults: a token source without issuer or audience, or two sources, or neither', async (t) => {
    t.match(read({ AUTH_JWKS_URL: jwt.AUTH_JWKS_URL, POLICY_FILE: '/policy.yaml' }).faults, [{ name: 'AUTH_ISSUER', reason: /missing/ }, { name: 'AUTH_AUDIENCE', reason: /missing/ }])
    const { POLICY_FILE, ...alone } = jwt
    t.match(read(alone).faults, [{ name: 'POLICY_FILE', reason: /is missing: AUTH_JWKS_URL needs it.*jwt: \{ claims: \{\} \}/ }], `without ${POLICY_FILE}`)
    t.match(read({ AUTH_ISSUER: 'x' }).faults, [{ name: 'AUTH_ISSUER', reason: /no effect/ }])
    t.match(read({ ...jwt, AUTH_PUBLIC_KEY: 'x' }).faults, [{ name: 'AUTH_PUBLIC_KEY' }, { name: 'AUTH_PUBLIC_KEY', reason: /together with AUTH_JWKS_URL/ }])
  })
})
