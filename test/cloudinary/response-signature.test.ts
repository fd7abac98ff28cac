import t from 'tap'
import { responseSignature, verifyResponseSignature } from '../../src/cloudinary/response-signature.ts'
import { Secret } from '../../src/secret.ts'

t.test('computed examples of the signature inside an upload answer', async (t) => {
  t.equal(responseSignature('b8sjhoslj8cq8ovoa0ma', 1555337587, 'abcd'), '73e6af4d17245daa6f148bb984ccfaa1a277dd78')
  t.equal(responseSignature('a&b', '1', 'abcd'), '22f9044c9a7a64c6ab084600f196276bb0a53dd9', 'version 1: the ampersand stays')
})

t.test('an answer is believed only with the signature of its own ID and version', async (t) => {
  const secret = new Secret('abcd')
  for (const algorithm of ['sha1', 'sha256'] as const) {
    const signature = responseSignature('cats/tom', 12, secret, algorithm)
    t.ok(verifyResponseSignature('cats/tom', 12, signature, secret))
    t.notOk(verifyResponseSignature('cats/tom', 13, signature, secret))
    t.notOk(verifyResponseSignature('cats/tim', 12, signature, secret))
  }
  t.notOk(verifyResponseSignature('cats/tom', 12, 'no signature', secret))
})
