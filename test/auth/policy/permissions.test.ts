import t from 'tap'
import { EVERYTHING, mayUse, permissionsOf, requireAction } from '../../../src/auth/policy/permissions.ts'

t.test('rules become permissions, claims put in', async (t) => {
  t.same(permissionsOf({}, {}), EVERYTHING, 'no rules, no restrictions')
  const permissions = permissionsOf({
    environments: ['staging'],
    actions: ['getUrl'],
    folder: 'users/{sub}',
    read_only: true,
    delete: {
      allow: false, protected: ['brand/**']
    },
    rate: { requests: 5, per_seconds: 2 },
    signed_urls: { validity_seconds: 60 },
    sign: { allow: ['tags'] }
  }, { sub: '7' })
  t.match(permissions, {
    folder: 'users/7',
    readOnly: true,
    mayDelete: false,
    rate: { requests: 5, perSeconds: 2 },
    signedUrlSeconds: 60
  })
  t.same([...permissions.environments ?? [], ...permissions.actions ?? []], ['staging', 'getUrl'])
  t.equal(permissions.protected[0]?.matches('brand/logo'), true)
  t.equal(permissions.signing?.allow.has('tags'), true)
})

t.test('403 for a claim that makes the folder look like a transformation or a version', async (t) => {
  for (const sub of ['w_64', 'e_smith', '$a_1', 'v2']) t.throws(() => permissionsOf({ folder: '{sub}' }, { sub }), { code: 'forbidden', message: /must not begin like a transformation/ }, sub)
  for (const sub of ['user_1', 'smith']) t.equal(permissionsOf({ folder: '{sub}/a' }, { sub }).folder, `${sub}/a`)
  t.equal(permissionsOf({ folder: 'users/{sub}' }, { sub: 'w_64' }).folder, 'users/w_64')
})

t.test('a caller is bound to environments, or to none', async (t) => {
  t.equal(mayUse(EVERYTHING, 'production'), true)
  t.equal(mayUse({ ...EVERYTHING, environments: new Set(['staging']) }, 'staging'), true)
  t.equal(mayUse({ ...EVERYTHING, environments: new Set(['staging']) }, 'production'), false)
})

t.test('403 with the reason', async (t) => {
  t.doesNotThrow(() => requireAction(EVERYTHING, 'deleteResource', false))
  t.throws(
    () => requireAction({ ...EVERYTHING, actions: new Set(['getUrl'] as const) }, 'getSignedUrl', true),
    { code: 'forbidden', message: /getSignedUrl/ }
  )
  t.throws(() => requireAction({ ...EVERYTHING, readOnly: true }, 'updateResource', false), {
    code: 'forbidden', message: /only read/
  })
  t.doesNotThrow(() => requireAction({ ...EVERYTHING, readOnly: true }, 'getUrl', true))
  t.throws(() => requireAction({ ...EVERYTHING, mayDelete: false }, 'deleteResource', false), {
    code: 'forbidden', message: /delete/
  })
})
