import { Value } from '@sinclair/typebox/value'
import t from 'tap'
import { PolicyDocument } from '../../../src/auth/policy/policy-schema.ts'

const fits = (caller: unknown) => Value.Check(PolicyDocument, { callers: { web: caller } })

t.test('what a caller may be made of', async (t) => {
  t.equal(fits({}), true)
  t.equal(fits({ keys: [`sha256:${'0'.repeat(64)}`], environments: ['production'], actions: ['getUrl'], folder: 'a', read_only: true, delete: { allow: false, protected: ['x'] }, rate: { requests: 1, per_seconds: 1 } }), true)
  t.equal(fits({ jwt: { claims: { role: 'editor', level: 3, staff: true } }, sign: { force: { overwrite: false, tags: ['a'] }, validity_seconds: 60, resource_types: ['image', 'auto'] } }), true)
})

t.test('what it may not', async (t) => {
  for (const caller of [
    { key: [] }, { keys: [] }, { keys: ['secret'] }, { actions: ['delete'] }, { actions: ['getUrl', 'getUrl'] }, { environments: [] }, { folder: '' }, { rate: { requests: 0, per_seconds: 1 } },
    { rate: { requests: 1 } }, { jwt: {} }, { jwt: { claims: { a: null } } }, { sign: { validity_seconds: 3601 } }, { sign: { validity_seconds: 9 } }, { sign: { force: { a: { b: 1 } } } }, { delete: false }, null, []
  ]) t.equal(fits(caller), false, JSON.stringify(caller))
  for (const document of [{}, { callers: {} }, { callers: { 'a b': {} } }, { callers: { __proto__x: {} } }, { callers: { web: {} }, extra: 1 }, null]) t.equal(Value.Check(PolicyDocument, document), false, JSON.stringify(document))
})
