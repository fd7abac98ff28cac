import t from 'tap'
import { checkCallerSignature } from '../../../src/cloudinary/explain/caller-signature.ts'
import { IssuedSignatures } from '../../../src/cloudinary/explain/issued-signatures.ts'
import { signParameters } from '../../../src/cloudinary/wire/signature.ts'
import { environmentAt } from '../../support/gateway.ts'

const environment = environmentAt('http://127.0.0.1:1')
const nowSeconds = 1_700_000_000
const sign = (fields: Record<string, string>, algorithm: 'sha1' | 'sha256' = 'sha1'): Record<string, string> =>
  ({ ...fields, signature: signParameters(fields, { apiSecret: environment.apiSecret, algorithm, version: 2 }) })
const check = (fields: Record<string, string>, issued?: IssuedSignatures) => (): unknown =>
  checkCallerSignature({ environment, fields, nowSeconds, ...(issued && { issued }) })

t.test('a signature that fits is taken, with SHA-1 and SHA-256, up to an hour old', async (t) => {
  t.doesNotThrow(check(sign({ timestamp: '1700000000', folder: 'a&b' })))
  t.doesNotThrow(check(sign({ timestamp: '1700000000' }, 'sha256')))
  t.doesNotThrow(check({ ...sign({ timestamp: String(nowSeconds - 3600) }), api_key: '1234' }))
})

t.test('400 for a timestamp that is none, in milliseconds, or in the future; each says so', async (t) => {
  const messages = [
    [undefined, /is missing/], ['', /is missing/], ['soon', /whole seconds/], ['1700000000000', /looks like milliseconds; it must be seconds: 1700000000/],
    [String(nowSeconds + 301), /lies 301 seconds in the future/]
  ] as const
  for (const [timestamp, message] of messages) {
    t.throws(check(sign(timestamp === undefined ? {} : { timestamp })), { code: 'invalid_request', errors: [{ pointer: '/timestamp', message }] })
  }
  t.throws(check({}), { code: 'invalid_request', errors: [{ pointer: '/timestamp' }, { pointer: '/signature' }] })
})

t.test('401 for a signature that is too old', async (t) => {
  t.throws(check(sign({ timestamp: String(nowSeconds - 3601) })), { code: 'signature_expired', message: /3601 seconds old/ })
})

t.test('401 for the key of another environment', async (t) => {
  t.throws(check({ ...sign({ timestamp: '1700000000' }), api_key: '9999' }), { code: 'signature_mismatch', errors: [{ pointer: '/api_key' }] })
})

t.test('400 for the cloud of another environment', async (t) => {
  const proof = { environment, fields: sign({ timestamp: '1700000000' }), nowSeconds }
  t.doesNotThrow(() => checkCallerSignature({ ...proof, cloudName: 'demo' }))
  t.throws(() => checkCallerSignature({ ...proof, cloudName: 'other' }), { code: 'invalid_request', errors: [{ pointer: '/cloud_name', message: /the environment "production"/ }] })
})

t.test('a stranger is told the same whatever does not fit, and no name; one that fits is taken', async (t) => {
  const good = sign({ timestamp: '1700000000' })
  const issued = new IssuedSignatures()
  issued.remember(good.signature ?? '', {
    environment: 'production', fields: { timestamp: '1700000000' }, owner: ''
  })
  const checkAs = (fields: Record<string, string>, cloudName?: string) => (): unknown => checkCallerSignature({ environment, fields, nowSeconds, cloudName, issued, stranger: true })
  t.doesNotThrow(checkAs({ ...good, api_key: '1234' }, 'demo'))
  const wrong = { timestamp: '1700000000', signature: 'a'.repeat(40) }
  const refusals = [checkAs(wrong), checkAs({ ...good, api_key: '9999' }), checkAs(good, 'other'), checkAs({ ...wrong, api_key: '9999' })].map((attempt) => t.throws(attempt) as Error)
  t.match(refusals[0], { code: 'signature_mismatch', message: /such as that of another environment/ })
  t.equal(new Set(refusals.map((error) => JSON.stringify([error, error.message]))).size, 1)
  t.notMatch(refusals[0]?.message, /production|demo|1234/)
})

t.test('a stranger with a bare signature does not get its form; one whose form differs in one field is told which', async (t) => {
  const issued = new IssuedSignatures()
  const form = { timestamp: '1700000000', folder: 'users/1', public_id: 'incoming/hidden' }
  const { signature = '' } = sign(form)
  issued.remember(signature, { environment: 'production', fields: form, owner: '' })
  const checkAs = (fields: Record<string, string>) => (): unknown => checkCallerSignature({ environment, fields: { ...fields, signature }, nowSeconds, issued, stranger: true })
  for (const timestamp of ['1700000000', '1700000001']) {
    const error = t.throws(checkAs({ timestamp })) as Error
    t.match(error.message, /public_id was signed but not sent/)
    t.notMatch(JSON.stringify(error) + error.message, /hidden|users/)
  }
  t.throws(checkAs({ ...form, folder: 'users/2' }), { message: 'folder was signed as "users/1" but sent as "users/2".' })
})

t.test('401 that names the field which differs, when this process signed', async (t) => {
  const issued = new IssuedSignatures()
  const signed = sign({ timestamp: '1700000000', folder: 'users/1' })
  issued.remember(signed.signature ?? '', {
    environment: 'production', fields: { timestamp: '1700000000', folder: 'users/1' }, owner: ''
  })
  t.throws(check({ ...signed, folder: 'users/2' }, issued), { code: 'signature_mismatch', message: /users\/1.*users\/2/, errors: [{ pointer: '/folder' }] })
})

t.test('the first form that the signature fits is returned, of as many as a bounded work allows', async (t) => {
  const signed = { timestamp: '1700000000', folder: 'a', async: 'false' }
  const { signature = '' } = sign(signed)
  const fields = { timestamp: '1700000000', folder: 'a', signature }
  const checkForms = (forms: Iterable<Record<string, string>>, sent: Record<string, string> = fields) => checkCallerSignature({ environment, fields: sent, forms, nowSeconds })
  t.equal(checkForms([fields, signed]), signed)
  t.same(checkCallerSignature({ environment, fields: { ...signed, signature }, nowSeconds }), { ...signed, signature }, 'by default as they came')
  t.throws(() => checkForms([fields, { ...signed, async: 'true' }]), { code: 'signature_mismatch' })
  t.throws(() => checkForms([signed], { ...fields, api_key: '9999' }), { errors: [{ pointer: '/api_key' }] })
  t.throws(() => checkCallerSignature({ environment, fields: { ...fields, api_key: '9999' }, forms: [signed], nowSeconds, stranger: true }), { code: 'signature_mismatch' })
  let tried = 0
  const endless = function * (length: number): Generator<Record<string, string>> {
    // Once more for the explanation, which has its own bound.
    for (let index = 0; index < 500; index++) {
      tried++
      yield { ...fields, folder: `${index}`, eager: 'x'.repeat(length) }
    }
  }
  const large = { [Symbol.iterator]: () => endless(2_000_000) }
  t.throws(() => checkForms(large), { code: 'signature_mismatch' })
  t.ok(tried < 20, `${tried} large forms`)
  tried = 0
  t.throws(() => checkForms({ [Symbol.iterator]: () => endless(10) }), { code: 'signature_mismatch' })
  t.ok(tried >= 500, `${tried} small forms`)
})

t.test('401 with the advice to send the whole `fields` where one may be missing, and only there', async (t) => {
  const issued = new IssuedSignatures()
  const form = { timestamp: '1700000000', folder: 'users/1', public_id: 'a' }
  const { signature = '' } = sign(form)
  issued.remember(signature, { environment: 'production', fields: form, owner: '' })
  const whole = { message: /the form must send the whole `fields` of that answer/, members: { advice: /whole `fields`/ } }
  t.match(t.throws(check({ timestamp: '1700000000', public_id: 'a', signature }, issued)), whole)
  t.match(t.throws(check({ timestamp: '1700000000', public_id: 'a', signature })), whole, 'another process signed')
  const changed = t.throws(check({ ...form, public_id: 'b', signature }, issued)) as Error
  t.notMatch(JSON.stringify([changed, changed.message]), /whole/)
})

t.test('401 for a signature that nobody can explain, without the secret', async (t) => {
  const error = t.throws(check({ timestamp: '1700000000', signature: 'a'.repeat(40) })) as Error
  t.match(error, { code: 'signature_mismatch', errors: [{ pointer: /^\// }] })
  t.notMatch(JSON.stringify(error) + error.message, 'abcd')
})
