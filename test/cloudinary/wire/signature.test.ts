import fc from 'fast-check'
import t from 'tap'
import {
  algorithmOf, sameDigest, signerTest, signParameters, stringToSign, verifyParameters
} from '../../../src/cloudinary/wire/signature.ts'
import { Secret } from '../../../src/secret.ts'

const sha1 = { apiSecret: 'abcd', algorithm: 'sha1', version: 2 } as const

t.test('published and computed examples of upload signatures', async (t) => {
  const eager = { eager: 'w_400,h_300,c_pad|w_260,h_200,c_crop', public_id: 'sample_image', timestamp: '1315060510' }
  const address = { notification_url: 'https://ex.com/cb?a=1&b=2', public_id: 'p', timestamp: '1700000000' }
  const examples = [
    [{ timestamp: '1700000000' }, '565e337b7f63b66286d82fccb51ae468584c7d5d', '29886ed878035abc09e29f7e8ce19b01d9f3caa3ad0851d5d5c2aaa5ab812369'],
    [eager, 'bfd09f95f331f558cbd1320e67aa8d488770583e', 'cc927e1290f9e3ae4c1a741eda21a4630b4ce80f9ce0bc0296337d25cf40f91e'],
    [{ tags: 'a,b', context: 'alt=x\\|y', eager: '', folder: '', overwrite: '1', public_id: 'folder/my pic', timestamp: '1700000000' }, '8d4130036c3324d95c4587297add4129f05ba0a1'],
    [address, '2fa16e88c02ad7808b3c1f47d86abef8ce72da3f'],
    [{ public_id: 'écran/日本', timestamp: '1700000000' }, '6d56f632f4642f143b7b290ed222c274dd03e908'],
    [{ tag: 'animal', public_ids: 'dog,lion', command: 'add', timestamp: '1700000000' }, '7472869ae7e72e763288834321498cc5b0006a32']
  ] as const
  for (const [parameters, short, long] of examples) {
    t.equal(signParameters(parameters, sha1), short)
    if (long !== undefined) t.equal(signParameters(parameters, { ...sha1, algorithm: 'sha256' }), long)
  }
  t.equal(signParameters(address, { ...sha1, version: 1 }), '7e5a01372206b844d94ddf55e16c73c2ba0e3a46')
  t.equal(stringToSign(address, 2), 'notification_url=https://ex.com/cb?a=1%26b=2&public_id=p&timestamp=1700000000')
})

t.test('pairs stand in the order of their names, by code unit, however many there are', async (t) => {
  const inOrder = (parameters: object): string => Object.keys(parameters).sort().map((name) => `${name}=x`).join('&')
  fc.assert(fc.property(fc.dictionary(fc.stringMatching(/^[^&]{1,3}$/), fc.constant('x'), { maxKeys: 40 }), (parameters) => stringToSign(parameters, 2) === inOrder(parameters)))
  const many = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`n${(index * 7) % 40}`, 'x']))
  t.equal(stringToSign(many, 2), inOrder(many))
})

t.test('what travels beside the parameters is not signed, and neither is what is empty', async (t) => {
  const beside = { file: 'x', cloud_name: 'demo', resource_type: 'image', api_key: '1234', signature: 'f00' }
  t.equal(stringToSign({ ...beside, timestamp: '1', folder: '' }, 2), 'timestamp=1')
  t.equal(stringToSign({}, 2), '')
})

t.test('one value cannot pose as two parameters in version 2', async (t) => {
  t.equal(stringToSign({ folder: 'a&public_id=b' }, 2), 'folder=a%26public_id=b')
  t.equal(stringToSign({ folder: 'a&public_id=b' }, 1), 'folder=a&public_id=b')
  t.equal(stringToSign({ 'a&b': 'c' }, 2), 'a%26b=c')
})

t.test('a signature is understood by its length and both versions', async (t) => {
  const parameters = { notification_url: 'https://ex.com/?a=1&b=2', timestamp: '1' }
  const secret = new Secret('abcd')
  for (const algorithm of ['sha1', 'sha256'] as const) {
    for (const version of [1, 2] as const) {
      const signature = signParameters(parameters, { apiSecret: secret, algorithm, version })
      t.strictSame(verifyParameters(parameters, signature, secret), { algorithm, version })
      t.equal(verifyParameters({ ...parameters, folder: 'x' }, signature, secret), undefined, 'another field')
      t.equal(verifyParameters(parameters, signature, 'other'), undefined, 'another secret')
    }
  }
  t.equal(verifyParameters(parameters, 'zz', secret), undefined, 'no hex digits')
})

t.test('of many secrets the one that signed is known, for short texts and long ones, in both versions', async (t) => {
  for (const length of [1, 10_000]) {
    const parameters = { context: 'a&'.repeat(length), timestamp: '1' }
    for (const algorithm of ['sha1', 'sha256'] as const) {
      for (const version of [1, 2] as const) {
        const isSigner = signerTest(parameters, signParameters(parameters, {
          apiSecret: 'third', algorithm, version
        }))
        t.strictSame(
          ['first', 'second', 'third', 'thir'].map((secret) => isSigner(new Secret(secret))),
          [false, false, true, false]
        )
      }
    }
  }
  t.equal(signerTest({}, 'zz')(new Secret('abcd')), false, 'no hex digits')
})

t.test('digests', async (t) => {
  t.equal(algorithmOf('a'.repeat(40)), 'sha1')
  t.equal(algorithmOf('a'.repeat(64)), 'sha256')
  t.equal(algorithmOf('A'.repeat(40)), undefined, 'capitals are not what Cloudinary writes')
  t.equal(algorithmOf('a'.repeat(41)), undefined)
  t.ok(sameDigest('abc', 'abc'))
  t.notOk(sameDigest('abc', 'abd'))
  t.notOk(sameDigest('abc', 'abcd'))
})
