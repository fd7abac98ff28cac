import t from 'tap'
import { deliveryUrl, type DeliveryUrlOptions } from '../../../src/cloudinary/wire/delivery-url.ts'
import type { DeliveryOptions } from '../../../src/schemas/environment.ts'
import { Secret } from '../../../src/secret.ts'

const DELIVERY: DeliveryOptions = { secure: true, private_cdn: false, cdn_subdomain: false, long_url_signature: false, force_version: true }

function build (options: DeliveryUrlOptions, delivery: Partial<DeliveryOptions> = {}, signatureAlgorithm: 'sha1' | 'sha256' = 'sha1'): string {
  return deliveryUrl({ cloudName: 'demo', apiSecret: new Secret('abcd'), signatureAlgorithm, delivery: { ...DELIVERY, ...delivery } }, options).url
}
const tail = (url: string): string => url.replace('https://res.cloudinary.com/demo/', '')

t.test('computed examples of signed URLs', async (t) => {
  const signed = { sign_url: true, public_id: 'sample', format: 'jpg' } as const
  t.equal(tail(build(signed)), 'image/upload/s--lGdq5NKO--/sample.jpg')
  t.equal(tail(build(signed, {}, 'sha256')), 'image/upload/s--ZpqZj1Oc--/sample.jpg')
  t.equal(tail(build(signed, { long_url_signature: true })), 'image/upload/s--ZpqZj1Oc4nbeNu4FrlHDZCbYtTcdr4st--/sample.jpg')
  t.equal(tail(build({ ...signed, public_id: 'image', version: 1234, transformation: { crop: 'crop', width: 10, height: 20 } })),
    'image/upload/s--gXeltJKN--/c_crop,h_20,w_10/v1234/image.jpg')
  t.equal(tail(build({ ...signed, type: 'authenticated', format: 'png', transformation: [{ crop: 'scale', width: 300 }, { effect: 'sepia' }] })),
    'image/authenticated/s--yKcj8rrN--/c_scale,w_300/e_sepia/sample.png')
  t.equal(tail(build({ ...signed, public_id: 'folder/test' })), 'image/upload/s--vZIU6yIC--/v1/folder/test.jpg')
  t.equal(tail(build({ sign_url: true, public_id: 'doc.pdf', resource_type: 'raw', type: 'private' })), 'raw/private/s--h0YkxWyi--/doc.pdf')
  t.equal(tail(build({ sign_url: true, public_id: 'http://google.com/path/to/image.png', type: 'fetch' })),
    'image/fetch/s--FwKMFcv6--/http://google.com/path/to/image.png')
  t.equal(tail(build({ ...signed, public_id: 'my pic é' })), 'image/upload/s--PXz3_Aap--/my%20pic%20%C3%A9.jpg')
  t.equal(build({ ...signed, public_id: 'test', url_suffix: 'hello' }, { private_cdn: true }),
    'https://demo-res.cloudinary.com/images/s--1TMilNWq--/test/hello.jpg')
})

t.test('versions', async (t) => {
  t.equal(tail(build({ public_id: 'a/b' })), 'image/upload/v1/a/b', 'folders get a v1 that means nothing')
  t.equal(tail(build({ public_id: 'a//b' })), 'image/upload/v1/a/b')
  t.equal(tail(build({ public_id: 'a/b' }, { force_version: false })), 'image/upload/a/b')
  t.equal(tail(build({ public_id: 'v12/b' })), 'image/upload/v12/b')
  t.equal(tail(build({ public_id: 'a', version: '99' })), 'image/upload/v99/a')
})

t.test('IDs of every sort', async (t) => {
  const ids: ReadonlyArray<readonly [string, string]> = [
    ['a & b?c.jpg', 'a%20%26%20b%3Fc.jpg'], ["it's(1)!*~.jpg", "it's(1)!*~.jpg"], ['a:b,c.jpg', 'a:b%2Cc.jpg'], ['a#b', 'a%23b'], ['50%', '50%25'],
    ['a%20b', 'a%20b'], ['a%2520b', 'a%2520b'], ['a%2Fb', 'v1/a/b'], ['caf%C3%A9', 'caf%C3%A9'], ['écran/日本', 'v1/%C3%A9cran/%E6%97%A5%E6%9C%AC'], ['😀', '%F0%9F%98%80']
  ]
  for (const [id, path] of ids) t.equal(tail(build({ public_id: id })), `image/upload/${path}`)
  t.throws(() => build({ public_id: 'a\ud800' }), { errors: [{ pointer: '/public_id' }] })
})

t.test('an ID is decoded once; what decodes to no public ID, or not at all, is taken as it is', async (t) => {
  for (const id of ['100%', 'a%2', 'a%zz', '50% off', '%ED%A0%80', '%ff']) t.equal(tail(build({ public_id: id })), `image/upload/${encodeURIComponent(id)}`, id)
  for (const id of ['%2e%2e', '%2E', 'a%00b', 'a%0A', '%20a', 'a%2F', '%2Fa', 'a%2F%2Fb', 'a%2F..%2Fb', 'https%3A%2F%2Fexample.com']) t.equal(tail(build({ public_id: id })), `image/upload/${encodeURIComponent(id)}`, id)
  t.equal(tail(build({ public_id: '%2e%2e/a' })), 'image/upload/v1/%252e%252e/a')
  t.equal(tail(build({ public_id: 'http://test.com/a%20b', type: 'fetch' })), 'image/fetch/http://test.com/a%2520b', 'whether it is a remote address is decided before')
  t.equal(tail(build({ public_id: 'http%3A/test.com', type: 'upload' })), 'image/upload/http:/test.com')
  t.equal(build({ public_id: 'a%20b', sign_url: true }), build({ public_id: 'a b', sign_url: true }), 'signed as it stands in the URL')
})

t.test('hosts', async (t) => {
  const sample = { public_id: 'sample', format: 'jpg' } as const
  const host = (delivery: Partial<DeliveryOptions>) => build(sample, delivery).replace('/image/upload/sample.jpg', '')
  t.equal(host({}), 'https://res.cloudinary.com/demo')
  t.equal(host({ cdn_subdomain: true }), 'https://res-4.cloudinary.com/demo')
  t.equal(host({ cdn_subdomain: true, secure_cdn_subdomain: false }), 'https://res.cloudinary.com/demo')
  t.equal(host({ private_cdn: true }), 'https://demo-res.cloudinary.com')
  t.equal(host({ private_cdn: true, cdn_subdomain: true }), 'https://demo-res.cloudinary.com')
  t.equal(host({ private_cdn: true, secure_cdn_subdomain: true }), 'https://demo-res-4.cloudinary.com')
  t.equal(host({ secure_distribution: 'localhost:3000' }), 'https://localhost:3000/demo')
  t.equal(host({ secure: false }), 'http://res.cloudinary.com/demo')
  t.equal(host({ secure: false, cdn_subdomain: true }), 'http://res-4.cloudinary.com/demo')
  t.equal(host({ secure: false, private_cdn: true }), 'http://demo-res.cloudinary.com')
  t.equal(host({ secure: false, cname: 'localhost:3000' }), 'http://localhost:3000/demo')
  t.equal(host({ secure: false, cname: 'localhost:3000', cdn_subdomain: true }), 'http://a4.localhost:3000/demo')
  t.equal(host({ secure: false, cname: 'localhost:3000', private_cdn: true }), 'http://localhost:3000')
  t.equal(build({ ...sample, secure: false }), 'http://res.cloudinary.com/demo/image/upload/sample.jpg', 'the request decides over the environment')
})

t.test('remote pictures, suffixes and roots', async (t) => {
  t.equal(tail(build({ public_id: 'http://test.com/a b?x=1&y=2', type: 'fetch' })), 'image/fetch/http://test.com/a%20b%3Fx%3D1%26y%3D2')
  t.equal(tail(build({ public_id: "http://test.com/it's", type: 'fetch', format: 'png' })), 'image/fetch/f_png/http://test.com/it%27s')
  t.equal(tail(build({ public_id: 'http://test.com/a', type: 'fetch', format: 'png', transformation: 'w_10' })), 'image/fetch/w_10/f_png/http://test.com/a')
  t.equal(tail(build({ public_id: 'a', use_root_path: true })), 'a')
  t.equal(tail(build({ public_id: 'a', resource_type: 'video', url_suffix: 'b' })), 'videos/a/b')
  t.throws(() => build({ public_id: 'a', type: 'private', use_root_path: true }), { errors: [{ pointer: '/use_root_path' }] })
  t.equal(tail(build({ public_id: 'a', url_suffix: 'grey cat é' })), 'images/a/grey%20cat%20%C3%A9')
  for (const suffix of ['b.c', 'b/c', 'b\ud800']) t.throws(() => build({ public_id: 'a', url_suffix: suffix }), { errors: [{ pointer: '/url_suffix' }] }, suffix)
  t.throws(() => build({ public_id: 'a', resource_type: 'raw', type: 'private', url_suffix: 'b' }), { errors: [{ pointer: '/url_suffix' }] })
})

t.test('transformations keep their own percent signs; what no URL may hold is encoded', async (t) => {
  t.equal(tail(build({ public_id: 'a', transformation: { raw_transformation: 'l_text:Arial_20:Hi%252C 日|' } })), 'image/upload/l_text:Arial_20:Hi%252C%20%E6%97%A5%7C/a')
  t.throws(() => build({ public_id: 'a', transformation: { width: -1 } }), { errors: [{ pointer: '/transformation/width' }] })
})
