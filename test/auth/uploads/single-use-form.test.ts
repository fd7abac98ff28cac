import t from 'tap'
import { EVERYTHING, permissionsOf } from '../../../src/auth/policy/permissions.ts'
import { compileSigning } from '../../../src/auth/policy/signing-rules.ts'
import { formForOne, randomName, requireUnnamed } from '../../../src/auth/uploads/single-use-form.ts'
import { permitUpload } from '../../../src/auth/uploads/permit.ts'

t.test('names that nobody guesses and no two uploads share', async (t) => {
  const names = Array.from({ length: 1000 }, randomName)
  t.equal(new Set(names).size, 1000)
  t.ok(names.every((name) => /^[0-9a-f]{32}$/.test(name)))
})

t.test('a caller\'s own form, or name, is refused', async (t) => {
  const rules = compileSigning({ single_use: true }, {})
  t.throws(() => requireUnnamed({ parameters: { source: 'uw' }, exact: true }, rules), {
    code: 'param_not_allowed', errors: [{ pointer: '' }]
  })
  t.throws(() => requireUnnamed({ parameters: { public_id: 'a' } }, rules), {
    code: 'param_not_allowed', errors: [{ pointer: '/public_id' }]
  })
  t.doesNotThrow(() => requireUnnamed({ parameters: { tags: 'a' } }, rules))
})

t.test('one more form differs in its random part alone', async (t) => {
  let count = 0
  const permissions = permissionsOf({ sign: { single_use: true, public_id: ['users/1/pic-*'] } }, {})
  const { parameters, another } = permitUpload({
    action: 'generateSignature', parameters: { tags: 'a', timestamp: '1000' }
  }, {
    permissions, nowSeconds: 1000, signatureVersion: 2, sandbox: false, newName: () => `name${count++}`
  })
  t.match(parameters, { folder: 'users/1', public_id: 'pic-name0', overwrite: 'false', tags: 'a' })
  t.match(another?.(), { ...parameters, public_id: 'pic-name1' })
  t.match(another?.(), { ...parameters, public_id: 'pic-name2' })
  t.equal(parameters['public_id'], 'pic-name0')
})

t.test('where only a folder protects the name, it gets one, unless rules say where it lies', async (t) => {
  const asked = {
    parameters: { allowed_formats: 'gif', public_id: 'abcd', overwrite: 'false', timestamp: '1' },
    given: {},
    name: 'abcd',
    newName: () => 'efgh'
  }
  const { parameters, another } = formForOne(EVERYTHING, asked, (each) => each)
  t.match(parameters, { folder: 'ab', public_id: 'abcd' })
  t.match(another(), { folder: 'ab', public_id: 'efgh' })
  const placed = permissionsOf({ sign: { single_use: true, public_id: ['*'], formats: ['gif'] } }, {})
  t.throws(() => formForOne(placed, asked, (each) => each), {
    code: 'forbidden', errors: [{ pointer: '/folder', message: /allowed_formats/ }]
  })
  const given = { ...asked.parameters, metadata: 'a=b' }
  t.throws(() => formForOne(EVERYTHING, { ...asked, parameters: given, given }, (each) => each), {
    code: 'forbidden', errors: [{ pointer: '/metadata' }]
  }, 'no folder helps against what sorts behind it')
  t.match(
    formForOne(
      { ...EVERYTHING, folder: 'users/1' },
      { ...asked, parameters: { public_id: 'abcd', overwrite: 'false', timestamp: '1' } },
      (each) => each
    ).another(),
    { public_id: 'efgh' }
  )
})
