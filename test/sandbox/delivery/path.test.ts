import t from 'tap'
import cloudinary from 'cloudinary'
import { parseDeliveryPath } from '../../../src/sandbox/delivery/path.ts'
import { signatureFitsPath } from '../../../src/sandbox/delivery/signature.ts'

t.test('a delivery path is taken apart', async (t) => {
  const cases: [string, object][] = [
    ['/demo/image/upload/sample.jpg', { cloud: 'demo', resourceType: 'image', type: 'upload', components: [], publicId: 'sample', extension: 'jpg' }],
    ['/demo/image/upload/c_fill,w_300/e_sepia:50/v12/a/b.jpg', { components: ['c_fill,w_300', 'e_sepia:50'], version: 12, publicId: 'a/b', extension: 'jpg' }],
    ['/demo/image/upload/c_fill,w_300/a/b', { components: ['c_fill,w_300'], publicId: 'a/b', extension: undefined }],
    ['/demo/image/upload/s--lGdq5NKO--/sample.jpg', { signature: 'lGdq5NKO', publicId: 'sample' }],
    ['/demo/image/upload/s--ZpqZj1Oc4nbeNu4FrlHDZCbYtTcdr4st--/sample.jpg', { signature: 'ZpqZj1Oc4nbeNu4FrlHDZCbYtTcdr4st' }],
    ['/demo/raw/upload/v1/docs/a.b.pdf', { resourceType: 'raw', publicId: 'docs/a.b.pdf', extension: undefined }],
    ['/demo/image/upload/my%20pic%20%C3%A9.jpg?_a=BAM', { publicId: 'my pic é' }],
    ['/demo/image/upload/a%2Fb.jpg', { publicId: 'a/b' }],
    ['/demo/image/upload/v1.2/x', { components: [], publicId: 'v1.2/x' }],
    ['/demo/image/upload/photo.final', { publicId: 'photo.final', extension: undefined }],
    ['/demo/image/upload/w_100', { components: [], publicId: 'w_100' }],
    ['/demo/image/upload/v1/v2', { publicId: 'v2', version: 1 }],
    ['/demo/images/test/hello.jpg', { resourceType: 'image', type: 'upload', publicId: 'test', extension: 'jpg' }],
    ['/demo/files/test/hello.pdf', { resourceType: 'raw', publicId: 'test.pdf' }],
    ['/demo/iu/test.jpg', { resourceType: 'image', type: 'upload', publicId: 'test' }],
    ['/demo/image/upload//w_100//v1//a//b.jpg', { components: ['w_100'], publicId: 'a/b' }],
    ['/demo/image/upload/l_text:Arial_18:Hi%252C%20you%252Fme/v1/a', { components: ['l_text:Arial_18:Hi%2C you%2Fme'], publicId: 'a' }]
  ]
  for (const [path, expected] of cases) t.match(parseDeliveryPath(path), expected, path)
})

t.test('what is no delivery path, and what is one that cannot be read', async (t) => {
  t.equal(parseDeliveryPath('/demo/other/upload/x'), undefined)
  t.equal(parseDeliveryPath('/demo/image/upload'), undefined)
  const refused: [string, string][] = [
    ['/demo/image/upload/auto/v1/x.jpg', 'Invalid transformation component - auto'],
    ['/demo/image/upload/w_100,raw/v1/x.jpg', 'Invalid transformation component - raw'],
    ['/demo/image/upload/%E0%A4%A', 'Invalid URL'],
    ['/demo/image/upload/%2e%2e/x', 'Invalid public ID'],
    ['/demo/image/upload/..%2fx', 'Invalid public ID'],
    ['/demo/image/upload/a%00b', 'Invalid public ID'],
    ['/demo/image/upload/' + 'a'.repeat(9000), 'Invalid URL']
  ]
  for (const [path, message] of refused) t.throws(() => parseDeliveryPath(path), { status: 400, message }, path.slice(0, 60))
})

t.test('signatures of the vendor\'s published URLs fit, and a changed one does not', async (t) => {
  const signed = [
    '/demo/image/upload/s--lGdq5NKO--/sample.jpg',
    '/demo/image/upload/s--ZpqZj1Oc--/sample.jpg',
    '/demo/image/upload/s--ZpqZj1Oc4nbeNu4FrlHDZCbYtTcdr4st--/sample.jpg',
    '/demo/image/upload/s--gXeltJKN--/c_crop,h_20,w_10/v1234/image.jpg',
    '/demo/image/authenticated/s--yKcj8rrN--/c_scale,w_300/e_sepia/sample.png',
    '/demo/image/upload/s--vZIU6yIC--/v1/folder/test.jpg',
    '/demo/raw/private/s--h0YkxWyi--/doc.pdf',
    '/demo/image/upload/s--PXz3_Aap--/my%20pic%20%C3%A9.jpg',
    '/demo/images/s--1TMilNWq--/test/hello.jpg'
  ]
  for (const path of signed) {
    t.ok(fits(path), path)
    t.notOk(fits(path.replace(/s--(.)/, (_, first: string) => `s--${first === 'A' ? 'B' : 'A'}`)), `${path}, changed`)
  }
  t.notOk(fits('/demo/image/authenticated/s--yKcj8rrN--/c_scale,w_301/e_sepia/sample.png'), 'the transformation is covered')
})

t.test('URLs that the official package signs fit, whatever the public ID', async (t) => {
  const ids = ['a b', 'it\'s(1)!*~', 'a:b,c', 'äöü/ß', 'x+y', 'a%20b', 'av1/x', '日本/語', 'a&b', 'a?b#c', 'dir/sub.dir/img']
  for (const id of ids) {
    for (const longUrlSignature of [false, true]) {
      const url = cloudinary.v2.url(id, { cloud_name: 'demo', api_secret: 'abcd', sign_url: true, long_url_signature: longUrlSignature, format: 'png', transformation: [{ width: 10, crop: 'scale' }, { effect: 'sepia' }], urlAnalytics: false })
      t.ok(fits(new URL(url).pathname), url)
    }
  }
})

function fits (path: string): boolean {
  const { signature = '', signedTexts = [] } = parseDeliveryPath(path) ?? {}
  return signatureFitsPath(signature, signedTexts, 'abcd')
}
