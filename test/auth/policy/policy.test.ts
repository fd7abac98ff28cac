import t from 'tap'
import { digestOf } from '../../../src/auth/policy/keys.ts'
import { Policy, policyFaults, tokenName, tokenScope } from '../../../src/auth/policy/policy.ts'
import type { CallerRules } from '../../../src/auth/policy/policy-schema.ts'

const digest = (key: string) => `sha256:${digestOf(key).toString('hex')}`
const faults = (callers: Record<string, CallerRules>) => policyFaults({ callers }, ['production', 'staging']).map(({ path, message }) => `${path.slice(1).join('.')}: ${message}`)

t.test('every fault that a schema cannot tell is named', async (t) => {
  t.same(faults({
    web: {
      keys: [digest('a'), digest('b'), digest('a').toUpperCase().replace('SHA', 'sha')],
      environments: ['production', 'prod'],
      folder: 'users/*',
      delete: { protected: ['a', '/b'] },
      sign: {
        allow: ['folder', 'taggs'],
        require: ['quux'],
        force: {
          timestamp: 1,
          made_up: 'x',
          tags: [],
          type: '',
          allowed_formats: ['', ' '],
          moderation: ',',
          context: ['', 'a=b'],
          folder: 'a{',
          overwrite: true
        },
        folder: ['a//b'],
        public_id: ['{'],
        notification_hosts: ['https://x'],
        formats: ['.jpg', 'png']
      }
    },
    cms: { keys: [digest('b')], folder: 'users/{sub}' },
    fine: { jwt: { claims: {} }, folder: 'users/{sub}', sign: { allow: ['tags'], force: { tags: '{sub}' } } },
    plain: {},
    slash: { folder: '/a' },
    size: { jwt: { claims: {} }, folder: 'w_{sub}/a' }
  }), [
    'web.folder: must be one folder, without *',
    'web.delete.protected.1: must not be empty, begin or end with a blank or a slash, or hold an empty segment or a backslash',
    'web.sign.allow.1: "taggs" is not a parameter that can be signed; did you mean "tags"?',
    'web.sign.require.0: "quux" is not a parameter that can be signed',
    'web.sign.force.timestamp: is not a parameter that can be forced',
    'web.sign.force.made_up: is not a parameter that can be forced',
    'web.sign.force.tags: must not be empty',
    'web.sign.force.type: must not be empty',
    'web.sign.force.allowed_formats: must not be empty',
    'web.sign.force.moderation: must not be empty',
    'web.sign.force.folder.0: has a brace that is not part of a {claim}',
    'web.sign.folder.0: must not be empty, begin or end with a blank or a slash, or hold an empty segment or a backslash',
    'web.sign.public_id.0: has a brace that is not part of a {claim}',
    'web.sign.notification_hosts.0: must read like hooks.example.com, *.example.com or hooks.example.com:8443/path',
    'web.sign.formats.0: must be a file extension such as png',
    'web.environments.1: there is no environment "prod"',
    'web.keys.2: is also a key of web',
    'cms: uses claims, but only callers with jwt have them',
    'cms.keys.0: is also a key of web',
    'slash.folder: must not be empty, begin or end with a blank or a slash, or hold an empty segment or a backslash',
    'size.folder: must not begin like a transformation (w_64), a version (v1) or a layer (video, text): put a plain segment before it'
  ])
})

t.test('a caller that can never come is named', async (t) => {
  const unmet = (callers: Record<string, CallerRules>, keyNames: string[], tokens: boolean) =>
    policyFaults({ callers }, [], { keyNames, tokens }).map(({ path, message }) => `${path.slice(1).join('.')}: ${message}`)
  const callers = { webb: { read_only: true }, cms: { keys: [digest('a')] }, report: {}, empty: { keys: [] }, members: { jwt: { claims: {} } }, both: { keys: [digest('b')], jwt: { claims: {} } } }
  t.same(unmet(callers, ['web', 'report'], true), [
    'webb: can never be met: it has no keys and no jwt, and GATEWAY_KEYS has no key of "webb"; did you mean "web"?',
    'empty: can never be met: it has no keys and no jwt, and GATEWAY_KEYS has no key of "empty"'
  ])
  t.same(unmet(callers, ['webb', 'report', 'empty'], false), ['members.jwt: has no effect without AUTH_JWKS_URL or AUTH_PUBLIC_KEY', 'both.jwt: has no effect without AUTH_JWKS_URL or AUTH_PUBLIC_KEY'])
})

t.test('of the callers in force, those whom nobody can be', async (t) => {
  const policy = new Policy({ callers: { web: {}, cms: { keys: [digest('a')] }, report: {}, empty: { keys: [] }, members: { jwt: { claims: {} } } } })
  t.same(policy.unmet(['web']), ['report', 'empty'])
  t.same(policy.unmet(['web', 'report', 'empty', 'other']), [])
})

t.test('callers by key', async (t) => {
  const policy = new Policy({ callers: { web: { keys: [digest('a'), digest('b')], read_only: true }, nobody: {} } })
  t.same(policy.keys, [{ caller: 'web', digest: digestOf('a') }, { caller: 'web', digest: digestOf('b') }])
  t.match(policy.byName('web'), { name: 'web', permissions: { readOnly: true } })
  t.equal(policy.byName('web'), policy.byName('web'), 'made once')
  t.equal(policy.byName('other'), undefined)
  t.same(new Policy({ callers: { web: { keys: ['nonsense'] } } }).keys, [])
})

t.test('callers by claims: the first that fits', async (t) => {
  const policy = new Policy({
    callers: {
      keyed: { keys: [digest('a')] },
      staff: { jwt: { claims: { role: 'staff', level: 3 } } },
      listed: { jwt: { claims: { groups: 'editors' } } },
      scoped: { jwt: { claims: { scope: 'media:write' } } },
      members: { jwt: { claims: { member: true } }, folder: 'users/{sub}' }
    }
  })
  const nameOf = (claims: Record<string, unknown>) => policy.byClaims(claims)?.name
  t.equal(nameOf({ role: 'staff', level: 3 }), 'staff')
  t.equal(nameOf({ role: 'staff', level: '3' }), undefined, 'a text is not a number')
  t.equal(nameOf({ groups: ['x', 'editors'] }), 'listed')
  t.equal(nameOf({ groups: 'editors' }), 'listed')
  t.equal(nameOf({ scope: 'openid media:write' }), 'scoped')
  t.equal(nameOf({ scope: 'openid media:writes' }), undefined)
  t.equal(nameOf({ scope: ['media:write'] }), 'scoped')
  t.equal(nameOf({}), undefined, 'inherited members do not count')
  const claims = { sub: '7', member: true }
  t.match(policy.byClaims(claims), { name: 'members/7', claims, permissions: { folder: 'users/7' } })
  t.equal(policy.byClaims(claims), policy.byClaims(claims), 'made once for each token')
  t.throws(() => policy.byClaims({ member: true, sub: '../8' }), { code: 'forbidden' })
})

t.test('a name that holds no line ends, whatever the subject', async (t) => {
  t.equal(tokenName('web', { sub: 'a b\n{"level":60}' }), 'web/a_b___level_:60_')
  t.equal(tokenName('web', { sub: 'x'.repeat(500) }).length, 'web/'.length + 128)
  for (const sub of ['', 7, undefined]) t.equal(tokenName('web', { sub }), 'web')
})

t.test('the scope tells every holder from every other, and outlives a renewal', async (t) => {
  const scopes = [
    tokenScope('web', { iss: 'i', sub: 'a/b' }), tokenScope('web', { iss: 'i', sub: 'a_b' }), tokenScope('web', { iss: 'j', sub: 'a_b' }), tokenScope('cms', { iss: 'i', sub: 'a_b' }),
    tokenScope('web', { iss: 'i', sub: 'x'.repeat(200) }), tokenScope('web', { iss: 'i', sub: `${'x'.repeat(199)}y` }),
    tokenScope('web', { iss: 'i', client_id: 'a' }), tokenScope('web', { iss: 'i', client_id: 'b' }), tokenScope('web', { iss: 'i', sub: '' }), tokenScope('web', { iss: 'i', sub: 7 })
  ]
  t.equal(new Set(scopes).size, scopes.length)
  t.equal(tokenScope('web', { iss: 'i', sub: '7', exp: 1 }), tokenScope('web', { sub: '7', iss: 'i', exp: 2, email: 'new@example.com' }))
  t.equal(tokenScope('web', { client_id: 'a', iss: 'i', exp: 1, jti: 'x', iat: 0 }), tokenScope('web', { iss: 'i', client_id: 'a', exp: 2, jti: 'y', nbf: 3 }))
})

t.test('half of a character is no text to force', async (t) => {
  t.match(
    faults({ web: { keys: [digest('a')], sign: { force: { tags: ['a', '\udc00'], folder: '\ud800' } } } }),
    [/force\.tags\.1: holds half/, /force\.folder\.0: holds half/]
  )
})

t.test('names of keys that no rule speaks of', async (t) => {
  const policy = new Policy({ callers: { web: {}, cms: { keys: [digest('a')] } } })
  t.same(policy.unnamed(['web', 'cms']), [])
  t.same(policy.unnamed(['web', 'other', 'more']), ['other', 'more'])
})

t.test('rules that leave no room for single_use are faults', async (t) => {
  const faults = policyFaults(
    { callers: { web: { sign: { single_use: true, force: { overwrite: true }, require: ['public_id'] } } } },
    []
  )
  t.same(faults.map(({ path }) => path.join('/')), [
    'callers/web/sign/force/overwrite', 'callers/web/sign/require/0'
  ])
})
