import { Readable } from 'node:stream'
import t from 'tap'
import { provesItself } from '../../../src/cloudinary/upload/early-proof.ts'
import { GatewayError } from '../../../src/errors.ts'

t.test('provesItself', async (t) => {
  const sealed: object[] = []
  const seal = (parameters: object) => {
    sealed.push(parameters)
    if (Object.hasOwn(parameters, 'folder')) throw new GatewayError('signature_mismatch', 'It does not fit')
    return {}
  }
  const file = { stream: Readable.from([]), filename: 'a', stop: () => {} }
  const proves = (parameters: object, isLate: boolean, canWait = true, sent: typeof file | string = file): boolean => {
    const late = isLate ? async () => ({}) : undefined
    return provesItself({ resourceType: 'auto', file: sent, parameters, late, seal, vouched: 'caller' }, () => canWait)
  }
  const signed = { signature: 'a' }

  t.test('true when the signature fits, whether or not fields may follow the file', async (t) => {
    t.equal(proves(signed, false), true)
    t.equal(proves(signed, true, false), true)
    t.same(sealed.splice(0), [signed, signed])
  })

  t.test('false when the signature may still come, and nothing is judged', async (t) => {
    t.equal(proves({}, true), false)
    t.equal(proves({}, true, false, 'https://example.com/a'), false, 'an address has no bytes to hold')
    t.same(sealed, [])
  })

  t.test('400 when the file is too large to wait for it', async (t) => {
    t.throws(() => proves({}, true, false), { code: 'invalid_request', message: /signature: must stand before a file/ })
  })

  t.test('what does not fit is told; that fields after the file were not looked at, only where there may be some', async (t) => {
    const wrong = { ...signed, folder: 'x' }
    t.throws(() => proves(wrong, false), { code: 'signature_mismatch', message: 'It does not fit' })
    t.throws(() => proves(wrong, true), { code: 'signature_mismatch', message: /^It does not fit\. Fields after the file/ })
  })
})
