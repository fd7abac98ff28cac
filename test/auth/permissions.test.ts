import t from 'tap'
import { EVERYTHING, permissionsOf, requireAction } from '../../src/auth/permissions.ts'

t.test('rules become permissions, claims put in', async (t) => {
  t.same(permissionsOf({}, {}), EVERYTHING, 'no rules, no restrictions')
  const permissions = permissionsOf({
    environments: ['staging'], actions: ['getUrl'], folder: 'users/{sub}', read_only: true, delete: { allow: false, protected: ['brand/**'] }, rate: { requests: 5, per_seconds: 2 }, sign: { allow: ['tags'] }
  }, { sub: '7' })
  t.match(permissions, { folder: 'users/7', readOnly: true, mayDelete: false, rate: { requests: 5, perSeconds: 2 } })
  t.same([...permissions.environments ?? [], ...permissions.actions ?? []], ['staging', 'getUrl'])
  t.equal(permissions.protected[0]?.matches('brand/logo'), true)
  t.equal(permissions.signing?.allow.has('tags'), true)
})

t.test('403 with the reason', async (t) => {
  t.doesNotThrow(() => requireAction(EVERYTHING, 'deleteResource', 'production', false))
  t.throws(() => requireAction({ ...EVERYTHING, environments: new Set(['staging']) }, 'getUrl', 'production', true), { code: 'forbidden', message: /environment "production"/ })
  t.throws(() => requireAction({ ...EVERYTHING, actions: new Set(['getUrl'] as const) }, 'getSignedUrl', 'production', true), { code: 'forbidden', message: /getSignedUrl/ })
  t.throws(() => requireAction({ ...EVERYTHING, readOnly: true }, 'updateResource', 'production', false), { code: 'forbidden', message: /only read/ })
  t.doesNotThrow(() => requireAction({ ...EVERYTHING, readOnly: true }, 'getUrl', 'production', true))
  t.throws(() => requireAction({ ...EVERYTHING, mayDelete: false }, 'deleteResource', 'production', false), { code: 'forbidden', message: /delete/ })
})
