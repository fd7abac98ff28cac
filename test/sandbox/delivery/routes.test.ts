import t, { type Test } from 'tap'
import sharp from 'sharp'
import { addAsset } from '../../../src/sandbox/add-asset.ts'
import { buildSandbox } from '../../../src/sandbox/index.ts'
import { openGallery } from '../../support/gallery.ts'

const { sandbox, photo, get } = await openGallery()
t.teardown(() => sandbox.close())

async function own (t: Test) {
  const { app, context } = await buildSandbox()
  t.teardown(() => app.close())
  const add = async (publicId: string, { file, ...fields }: { file: Buffer, [field: string]: unknown }) => {
    return addAsset(context, publicId, { file, ...fields })
  }
  return { app, sandbox: { add, context } }
}

t.test('200: an original comes byte for byte, with the headers of the live service', async (t) => {
  const asset = await sandbox.add('originals/photo', { file: photo, filename: 'photo.jpg' })
  for (const path of ['/demo/image/upload/originals/photo', '/demo/image/upload/v1/originals/photo.jpg', '/demo/image/upload/v99/originals/photo.jpeg?_a=BAM', '/demo/image/upload/fl_attachment/v1/originals/photo.jpg']) {
    const { status, body, headers } = await get(path)
    t.equal(status, 200, path)
    t.ok(body.equals(photo), path)
    t.equal(headers.get('etag'), `"${asset.etag}"`)
  }
  const { headers } = await get('/demo/image/upload/originals/photo')
  t.match(Object.fromEntries(headers), {
    'content-type': 'image/jpeg',
    'content-length': String(photo.length),
    'cache-control': 'public, no-transform, immutable, max-age=2592000',
    'accept-ranges': 'bytes',
    'access-control-allow-origin': '*',
    'timing-allow-origin': '*',
    'x-content-type-options': 'nosniff',
    'x-request-id': /^[0-9a-f]{32}$/,
    'server-timing': /owidth=1000,oheight=600/
  })
  const attachment = await get('/demo/image/upload/fl_attachment/originals/photo')
  t.equal(attachment.headers.get('content-disposition'), 'attachment; filename="photo.jpg"')
  const named = await get('/demo/image/upload/fl_attachment:my%252Efile,w_10/originals/photo.png')
  t.equal(named.headers.get('content-disposition'), 'attachment; filename="my.file.png"')
})

t.test('206, 304, 416 and HEAD', async (t) => {
  const { etag } = await sandbox.add('ranges', { file: photo })
  const path = '/demo/image/upload/ranges'
  const part = await get(path, { range: 'bytes=10-19' })
  t.equal(part.status, 206)
  t.ok(part.body.equals(photo.subarray(10, 20)))
  t.equal(part.headers.get('content-range'), `bytes 10-19/${photo.length}`)
  t.ok((await get(path, { range: 'bytes=-5' })).body.equals(photo.subarray(-5)))
  t.ok((await get(path, { range: 'bytes=100-' })).body.equals(photo.subarray(100)))
  t.equal((await get(path, { range: `bytes=${photo.length}-` })).status, 416)
  t.equal((await get(path, { range: 'bytes=0-1', 'if-range': '"other"' })).status, 200)
  t.equal((await get(path, { range: 'bytes=0-1', 'if-range': `"${etag}"` })).status, 206)
  const unchanged = await get(path, { 'if-none-match': `W/"${etag}", "x"` })
  t.match(unchanged, { status: 304, body: Buffer.alloc(0) })
  t.equal((await get(path, { 'if-modified-since': 'Tue, 14 Nov 2023 22:13:20 GMT' })).status, 304)
  t.equal((await get(path, { 'if-modified-since': 'Tue, 14 Nov 2023 22:13:19 GMT' })).status, 200)
  const head = await get(path, {}, 'HEAD')
  t.equal(head.status, 200)
  t.equal(head.headers.get('content-length'), String(photo.length))
  t.equal(head.body.length, 0)
})

t.test('large originals are streamed, with ranges', async (t) => {
  const bytes = Buffer.alloc(1_000_000, 'abcdefghij')
  await sandbox.add('large.bin', { resource_type: 'raw', file: bytes })
  t.ok((await get('/demo/raw/upload/large.bin')).body.equals(bytes))
  t.ok((await get('/demo/raw/upload/large.bin', { range: 'bytes=5-400000' })).body.equals(bytes.subarray(5, 400_001)))
})

t.test('200: a derived asset is made once, recorded and served again', async (t) => {
  const { sandbox, app } = await own(t)
  await sandbox.add('derived', { file: photo })
  const first = await app.inject('/demo/image/upload/w_200,c_fill,h_200/v1/derived.png')
  const again = await app.inject('/demo/image/upload/c_fill,h_200,w_200/derived.png')
  t.equal(first.headers['etag'], again.headers['etag'], 'the order of keys makes no difference')
  const made = [...sandbox.context.store.cloud('demo').derived.all()]
  t.match(made, [
    { transformation: 'c_fill,h_200,w_200/png', format: 'png', width: 200, height: 200, id: /^[0-9a-f]{32}$/ }
  ])
  t.equal(made.length, 1)
})

t.test('f_auto follows Accept, says Vary, and keeps one derived asset per format', async (t) => {
  await sandbox.add('auto', { file: photo })
  const path = '/demo/image/upload/c_scale,w_100/f_auto,q_auto/v1/auto'
  const types = []
  for (const accept of ['image/avif,image/webp,*/*', 'image/webp,*/*', '*/*', 'image/avif']) {
    const { headers } = await get(path, { accept })
    t.equal(headers.get('vary'), 'Accept')
    t.match(headers.get('cache-control'), /^private/)
    types.push(headers.get('content-type'))
  }
  t.same(types, ['image/avif', 'image/webp', 'image/jpeg', 'image/avif'])
  await sandbox.add('clear', { file: await sharp({ create: { width: 9, height: 9, channels: 4, background: '#0000' } }).webp().toBuffer() })
  t.equal((await get('/demo/image/upload/f_auto/clear')).headers.get('content-type'), 'image/png', 'see-through and no modern format')
})

t.test('400, 401 and 404: an empty body, the reason in a header', async (t) => {
  const asset = await sandbox.add('errors', { file: photo })
  const cases: [string, number, string][] = [
    ['/demo/image/upload/missing/x.jpg', 404, 'Resource not found - missing/x'],
    ['/demo/image/upload/w_abc/v1/errors.jpg', 400, 'Invalid width in transformation: abc'],
    ['/demo/image/upload/auto/v1/errors.jpg', 400, 'Invalid transformation component - auto'],
    ['/demo/image/upload/t_nope/v1/errors.jpg', 400, 'Unknown transformation nope'],
    ['/demo/image/upload/l_nope/v1/errors.jpg', 404, 'Resource not found - nope'],
    ['/demo/image/upload/v1/errors.psd', 400, 'The sandbox does not imitate conversion to psd'],
    ['/demo/image/upload/w_30000,h_30000,c_scale/v1/errors.jpg', 400, 'Maximum image size is 25.00 Megapixels. Requested 900.00 Megapixels'],
    ['/demo/image/list/tag.json', 401, 'deny or ACL failure'],
    ['/other/image/upload/errors.jpg', 401, 'cloud_name other is disabled'],
    ['/demo/image/upload/s--AAAAAAAA--/errors.jpg', 401, 'deny or ACL failure'],
    ['/demo/image/upload/%C3%A9/%E2%82%AC', 404, 'Resource not found - %C3%A9/%E2%82%AC']
  ]
  for (const [path, status, error] of cases) {
    const answer = await get(path)
    t.match(answer, { status, error }, path)
    t.equal(answer.body.length, 0)
    t.equal(answer.headers.get('access-control-allow-origin'), '*')
  }
  t.ok(asset.etag)
})

t.test('what is taken without effect stands in a header of our own', async (t) => {
  await sandbox.add('ignored', { file: photo })
  const { status, headers } = await get('/demo/image/upload/c_thumb,g_face,w_20/cs_srgb/ignored.jpg')
  t.equal(status, 200)
  t.equal(headers.get('x-sandbox-ignored'), 'g_face, cs_srgb')
})

t.test('d_: a missing asset is shown as another, and is still missing', async (t) => {
  await sandbox.add('avatars/nobody', { file: photo })
  const { status, body, error } = await get('/demo/image/upload/d_avatars:nobody.png,w_40/v1/gone.jpg')
  t.match({ status, error }, { status: 404, error: 'Resource not found - gone' })
  t.equal((await sharp(body).metadata()).width, 40)
})

t.test('named transformations: expanded, echoed by name, made anew when they change', async (t) => {
  const { app, sandbox } = await own(t)
  await sandbox.add('named', { file: photo })
  const store = sandbox.context.store.cloud('demo')
  await store.putDocument('transformation', 'small', { transformation: 'c_scale,w_50' })
  const width = async (path: string) => (await sharp((await app.inject(path)).rawPayload).metadata()).width
  t.equal(await width('/demo/image/upload/t_small/named.jpg'), 50)
  await store.putDocument('transformation', 'small', { transformation: 'c_scale,w_60' })
  t.equal(await width('/demo/image/upload/t_small/named.jpg'), 60)
  t.same([...store.derived.all()].map(({ transformation }) => transformation), ['t_small'])
})

t.test('fl_getinfo answers with sizes instead of an image', async (t) => {
  await sandbox.add('info', { file: photo })
  const { body } = await get('/demo/image/upload/fl_getinfo,w_100/info.jpg')
  t.match(JSON.parse(String(body)), { input: { width: 1000, height: 600, bytes: photo.length }, output: { width: 100, height: 60 } })
})
