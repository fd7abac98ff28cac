import t from 'tap'
import { privateDownloadUrl } from '../../../src/cloudinary/wire/download-url.ts'
import { Secret } from '../../../src/secret.ts'

const environment = {
  cloudName: 'demo', apiKey: '1234', apiSecret: new Secret('abcd'), uploadPrefix: 'https://api.cloudinary.com', signatureAlgorithm: 'sha1', signatureVersion: 2
} as const
const NOW = 1_700_000_000

t.test('computed example of a private download URL', async (t) => {
  t.equal(privateDownloadUrl(environment, { public_id: 'img/1', format: 'jpg', type: 'private', attachment: true, expires_at: NOW + 3600 }, NOW),
    'https://api.cloudinary.com/v1_1/demo/image/download?timestamp=1700000000&public_id=img%2F1&format=jpg&type=private&attachment=true' +
    '&expires_at=1700003600&signature=b6d83c40079355e03f7a88e4b7f90e9f58705cdd&api_key=1234')
})

t.test('other kinds, a file name and a derived file', async (t) => {
  const url = new URL(privateDownloadUrl(environment, {
    public_id: 'a b', resource_type: 'raw', attachment: false, target_filename: 'c&d.txt', transformation: { width: 10 }
  }, NOW))
  t.equal(url.pathname, '/v1_1/demo/raw/download')
  const { signature, ...query } = Object.fromEntries(url.searchParams)
  t.strictSame(query, { timestamp: '1700000000', public_id: 'a b', attachment: 'false', target_filename: 'c&d.txt', transformation: 'w_10', api_key: '1234' })
  t.match(signature, /^[0-9a-f]{40}$/)
})

t.test('the root that callers reach, when it is not ours', async (t) => {
  const behindPort = { ...environment, uploadPrefix: 'http://127.0.0.1:8081', publicUploadPrefix: 'http://pc.local:9000' }
  t.match(privateDownloadUrl(behindPort, { public_id: 'a' }, NOW), /^http:\/\/pc\.local:9000\/v1_1\/demo\/image\/download\?/)
})

t.test('400: half of a Unicode character', async (t) => {
  t.throws(() => privateDownloadUrl(environment, { public_id: 'a\ud800' }, NOW), { errors: [{ pointer: '/public_id' }] })
  t.throws(() => privateDownloadUrl(environment, { public_id: 'a', target_filename: '\ud800' }, NOW), { errors: [{ pointer: '/target_filename' }] })
})

t.test('a public ID that version 1 of the signature could not tell from more parameters is refused', async (t) => {
  const smuggling = { public_id: 'audio/x&public_ids=users/2/secret' }
  t.throws(() => privateDownloadUrl({ ...environment, signatureVersion: 1 }, smuggling, NOW), { code: 'invalid_request', errors: [{ pointer: '/public_id', message: /public_ids=/ }] })
  const others = { public_id: 'a', target_filename: 'b&public_ids=c', transformation: 'l_text:Arial_20:a&prefixes=b' }
  t.throws(() => privateDownloadUrl({ ...environment, signatureVersion: 1 }, others, NOW), { errors: [{ pointer: '/target_filename' }, { pointer: '/transformation' }] })
  t.match(privateDownloadUrl({ ...environment, signatureVersion: 2 }, smuggling, NOW), /public_id=audio%2Fx%26public_ids%3D/)
  t.doesNotThrow(() => privateDownloadUrl({ ...environment, signatureVersion: 1 }, { public_id: 'salt&pepper' }, NOW))
})
