import t from 'tap'
import { responseSignature, signatureFits, stringsToSign } from '../../../src/sandbox/api/signature.ts'
import { KNOWN_PARAMETERS, type SignedCall } from '../../../src/sandbox/api/known-parameters.ts'
import { Fields } from '../../../src/sandbox/api/fields.ts'

const fieldsOf = (values: Record<string, unknown>): Fields => {
  const fields = new Fields()
  fields.assign(values)
  return fields
}

// The published examples; secret `abcd`.
const EXAMPLES: [Record<string, unknown>, string, string, SignedCall?][] = [
  [{ timestamp: 1700000000 }, '565e337b7f63b66286d82fccb51ae468584c7d5d', 'SHA-1'],
  [{ timestamp: 1700000000 }, '29886ed878035abc09e29f7e8ce19b01d9f3caa3ad0851d5d5c2aaa5ab812369', 'SHA-256'],
  [{ timestamp: 1315060510, public_id: 'sample_image', eager: 'w_400,h_300,c_pad|w_260,h_200,c_crop' }, 'bfd09f95f331f558cbd1320e67aa8d488770583e', 'eager'],
  [{ context: 'alt=x\\|y', overwrite: '1', public_id: 'folder/my pic', tags: 'a,b', timestamp: 1700000000, folder: '', eager: '' }, '8d4130036c3324d95c4587297add4129f05ba0a1', 'empty values do not count'],
  [{ notification_url: 'https://ex.com/cb?a=1&b=2', public_id: 'p', timestamp: 1700000000 }, '2fa16e88c02ad7808b3c1f47d86abef8ce72da3f', 'version 2'],
  [{ notification_url: 'https://ex.com/cb?a=1&b=2', public_id: 'p', timestamp: 1700000000 }, '7e5a01372206b844d94ddf55e16c73c2ba0e3a46', 'version 1'],
  [{ public_id: 'écran/日本', timestamp: 1700000000 }, '6d56f632f4642f143b7b290ed222c274dd03e908', 'UTF-8'],
  [{ command: 'add', public_ids: ['dog', 'lion'], tag: 'animal', timestamp: 1700000000 }, '7472869ae7e72e763288834321498cc5b0006a32', 'an array counts once', 'tags']
]

t.test('published examples', async (t) => {
  for (const [values, signature, title, call = 'upload'] of EXAMPLES) {
    const strings = stringsToSign(fieldsOf({ ...values, api_key: '1234', signature, file: 'x', cloud_name: 'demo', resource_type: 'image' }), KNOWN_PARAMETERS[call])
    t.ok(signatureFits(signature, strings, 'abcd'), title)
    t.notOk(signatureFits(signature, strings, 'abce'), `${title}: another secret does not fit`)
  }
})

t.test('a parameter that the vendor does not know is not signed', async (t) => {
  t.equal(stringsToSign(fieldsOf({ timestamp: '1', max_bytes: '5', public_id: 'p' }), KNOWN_PARAMETERS.upload).v1, 'public_id=p&timestamp=1')
})

t.test('what only an upload knows is no part of what other calls check', async (t) => {
  const fields = fieldsOf({ timestamp: '1', public_id: 'p', unique_filename: 'true', use_filename: '1', allowed_formats: 'png', source: 'uw' })
  t.equal(stringsToSign(fields, KNOWN_PARAMETERS.upload).v1, 'allowed_formats=png&public_id=p&source=uw&timestamp=1&unique_filename=true&use_filename=1')
  for (const call of ['destroy', 'explicit', 'explode', 'download'] as const) t.equal(stringsToSign(fields, KNOWN_PARAMETERS[call]).v1, 'public_id=p&timestamp=1', call)
  for (const call of ['rename', 'tags', 'context', 'metadata', 'generate_archive', 'download_backup', 'resource', 'update', 'delete_resources', 'resources_by_context'] as const) t.equal(stringsToSign(fields, KNOWN_PARAMETERS[call]).v1, 'timestamp=1', call)
})

t.test('signature of an answer: version 1, whatever the ID holds', async (t) => {
  t.equal(responseSignature('b8sjhoslj8cq8ovoa0ma', 1555337587, 'abcd'), '73e6af4d17245daa6f148bb984ccfaa1a277dd78')
  t.equal(responseSignature('a&b', 1, 'abcd'), '22f9044c9a7a64c6ab084600f196276bb0a53dd9')
})
