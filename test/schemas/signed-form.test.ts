import { Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import t from 'tap'
import { SignedForm, signatureSettings } from '../../src/schemas/signed-form.ts'
import { SIGNABLE_PARAMETER_NAMES } from '../../src/schemas/upload-parameters.ts'

t.test('a signature is asked for with what is signed and the kind of asset', async (t) => {
  t.same(Object.keys(signatureSettings).sort(), [...SIGNABLE_PARAMETER_NAMES, 'resource_type'].sort())
  t.same(Value.Default(Type.Object(signatureSettings), {}), { resource_type: 'auto' })
})

t.test('a form has every member that a page needs', async (t) => {
  t.same(SignedForm.required?.slice().sort(), [
    'api_key', 'cloud_name', 'expires_at', 'fields', 'resource_type', 'signature', 'timestamp', 'upload_url'
  ])
})
