import { randomBytes, createHash } from 'node:crypto'
import { createServer } from 'node:http'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import sharp from 'sharp'
import t from 'tap'
import { startSandbox } from '../../src/sandbox/index.ts'
import { officialClient } from '../support/official-client.ts'

// The official client picks http or https when it is loaded, by what CLOUDINARY_URL says then.
const sandbox = await startSandbox({ allowPrivateFetch: true, minChunkBytes: 5 * 1024 * 1024 })
const cloudinary = await officialClient(t, sandbox)
const { uploader } = cloudinary

const folder = await mkdtemp(join(tmpdir(), 'sandbox-uploader-'))
t.teardown(async () => {
  await sandbox.close()
  await rm(folder, { recursive: true, force: true })
})

const png = await sharp({ create: { width: 24, height: 16, channels: 4, background: { r: 200, g: 40, b: 40, alpha: 0.5 } } }).png().toBuffer()
const picture = join(folder, 'my pic.png')
await writeFile(picture, png)
const md5 = (bytes: Buffer) => createHash('md5').update(bytes).digest('hex')

t.test('upload of a file: the facts of the image, an etag of its bytes and a signature that the client accepts', async (t) => {
  const answer = await uploader.upload(picture, { public_id: 'a/b c', tags: ['x', 'y'], context: { alt: 'a=b|c' } })
  t.match(answer, {
    public_id: 'a/b c',
    format: 'png',
    width: 24,
    height: 16,
    bytes: png.length,
    etag: md5(png),
    resource_type: 'image',
    type: 'upload',
    tags: ['x', 'y'],
    original_filename: 'my pic',
    placeholder: false,
    context: { custom: { alt: 'a=b|c' } }
  })
  t.match(answer.asset_id, /^[0-9a-f]{32}$/)
  t.match(answer.created_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
  // The client has it, its types do not.
  const utils = cloudinary.utils as typeof cloudinary.utils & { verify_api_response_signature: (id: string, version: number, signature: string) => boolean }
  t.ok(utils.verify_api_response_signature(answer.public_id, answer.version, answer.signature))
  t.notOk('overwritten' in answer)
})

t.test('overwriting: said in the answer; refused by overwrite=false', async (t) => {
  const first = await uploader.upload(picture, { public_id: 'twice' })
  t.match(await uploader.upload(picture, { public_id: 'twice' }), { overwritten: true, asset_id: first.asset_id })
  t.match(await uploader.upload('data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', { public_id: 'twice', overwrite: false }), { existing: true, etag: first.etag })
})

t.test('names: random, from the file, in folders', async (t) => {
  t.match((await uploader.upload(picture)).public_id, /^[a-z0-9]{20}$/)
  t.match((await uploader.upload(picture, { folder: 'f/g' })).public_id, /^f\/g\/[a-z0-9]{20}$/)
  t.match((await uploader.upload(picture, { use_filename: true })).public_id, /^my_pic_[a-z0-9]{6}$/)
  t.equal((await uploader.upload(picture, { use_filename: true, unique_filename: false })).public_id, 'my_pic')
  t.match(await uploader.upload(picture, { filename_override: 'other.jpg' }), { original_filename: 'other.jpg' })
  t.match(await uploader.upload(picture, { public_id: 'named', asset_folder: 'shown/here', display_name: 'Shown' }), { public_id: 'named', asset_folder: 'shown/here', display_name: 'Shown' })
})

t.test('data URI: no original file name; stream: the name is "file"; URL: the last segment', async (t) => {
  t.notOk('original_filename' in await uploader.upload(`data:image/png;base64,${png.toString('base64')}`))
  const streamed = await new Promise((resolve, reject) => {
    const target = uploader.upload_stream({ folder: 's' }, (error, result) => error ? reject(error) : resolve(result))
    Readable.from([png]).pipe(target)
  })
  t.match(streamed, { original_filename: 'file', etag: md5(png) })
  const origin = createServer((request, response) => { response.writeHead(request.url === '/dog.png' ? 200 : 404).end(request.url === '/dog.png' ? png : '') })
  await new Promise<void>((resolve) => { origin.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => origin.close())
  const { port } = origin.address() as AddressInfo // a TCP server
  t.match(await uploader.upload(`http://127.0.0.1:${port}/dog.png`), { original_filename: 'dog', etag: md5(png) })
  await t.rejects(uploader.upload(`http://127.0.0.1:${port}/cat.png`), { http_code: 400, message: `Error in loading http://127.0.0.1:${port}/cat.png - 404 Not Found` })
})

t.test('kinds: raw keeps everything, auto finds out, a wrong kind is refused', async (t) => {
  const text = join(folder, 'note.txt')
  await writeFile(text, 'hello')
  const raw = await uploader.upload(text, { resource_type: 'raw' })
  t.match(raw.public_id, /^[a-z0-9]{20}\.txt$/)
  t.notOk('width' in raw || 'format' in raw)
  t.match(await uploader.upload(text, { resource_type: 'auto' }), { resource_type: 'raw' })
  t.match(await uploader.upload(picture, { resource_type: 'auto' }), { resource_type: 'image' })
  await t.rejects(uploader.upload(text), { http_code: 400, message: 'Invalid image file' })
  await t.rejects(uploader.upload(picture, { resource_type: 'video' }), { http_code: 400, message: 'Unsupported video format or file' })
  const empty = join(folder, 'empty.png')
  await writeFile(empty, '')
  await t.rejects(uploader.upload(empty), { http_code: 400, message: 'Empty file' })
  await t.rejects(uploader.upload(picture, { allowed_formats: ['jpg'] }), { http_code: 400, message: 'Image file format png not allowed' })
  const tiff = `data:image/tiff;base64,${(await sharp(png).tiff().toBuffer()).toString('base64')}`
  for (const name of ['tif', 'TIFF']) t.match(await uploader.upload(tiff, { allowed_formats: [name] }), { format: 'tiff' }, name)
  const scan = join(folder, 'scan.jpeg')
  await writeFile(scan, 'no picture, but a file of that name')
  t.match(await uploader.upload(scan, { resource_type: 'raw', allowed_formats: ['jpeg'] }), { resource_type: 'raw' })
})

t.test('chunks: an unknown total, one asset, done: true', async (t) => {
  const bytes = randomBytes(12_000_000)
  const large = join(folder, 'big.bin')
  await writeFile(large, bytes)
  const answer = await new Promise((resolve, reject) => {
    uploader.upload_large(large, { resource_type: 'raw', chunk_size: 5_300_000, public_id: 'big.bin' }, (error, result) => error ? reject(error) : resolve(result))
  })
  t.match(answer, { done: true, bytes: 12_000_000, etag: md5(bytes), public_id: 'big.bin' })
  t.same(sandbox.requests.slice(-3).map(({ content_range: range }) => range), ['bytes 0-5299999/-1', 'bytes 5300000-10599999/-1', 'bytes 10600000-11999999/12000000'])
})

t.test('401: a wrong secret, with the string that was to be signed', async (t) => {
  await t.rejects(uploader.upload(picture, { api_secret: 'wrong', public_id: 'p' }), { http_code: 401, message: /^Invalid Signature [0-9a-f]{40}\. String to sign - 'public_id=p&timestamp=\d+'\.$/ })
  await t.rejects(uploader.upload(picture, { api_key: '9' }), { http_code: 401, message: 'Unknown API key 9' })
  await t.rejects(uploader.upload(picture, { cloud_name: 'nobody' }), { http_code: 401, message: 'Invalid cloud_name nobody' })
})

t.test('signatures: SHA-256 and both versions are accepted', async (t) => {
  for (const signature of ['sha1', 'sha256'] as const) {
    for (const version of [1, 2]) {
      t.match(await uploader.upload(picture, { signature_algorithm: signature, signature_version: version, notification_url: 'https://example.com/?a=1&b=2' } as object), { format: 'png' })
    }
  }
})

t.test('400: a timestamp that is more than an hour old', async (t) => {
  await t.rejects(uploader.upload(picture, { timestamp: 1_700_000_000 }), { http_code: 400, message: 'Stale request - reported time is 2023-11-14 22:13:20 +0000 which is more than 1 hour ago' })
})

t.test('unsigned uploads: only with a preset that allows it, and only with what may be sent', async (t) => {
  await cloudinary.api.create_upload_preset({ name: 'open', unsigned: true, folder: 'from-preset', tags: ['p'] })
  await cloudinary.api.create_upload_preset({ name: 'closed', unsigned: false })
  t.match(await uploader.unsigned_upload(picture, 'open', { tags: ['q'], folder: 'mine' }), { public_id: /^from-preset\/[a-z0-9]{20}$/, tags: ['p', 'q'] })
  await t.rejects(uploader.unsigned_upload(picture, 'closed'), { http_code: 400, message: 'Upload preset must be whitelisted for unsigned uploads' })
  await t.rejects(uploader.unsigned_upload(picture, 'none'), { http_code: 400, message: 'Upload preset not found' })
  await t.rejects(uploader.unsigned_upload(picture, 'open', { eager: [{ width: 10, crop: 'scale' }] }), { http_code: 400, message: /^Eager parameter is not allowed when using unsigned upload\. Only upload_preset,callback,/ })
})

t.test('rename, explicit, tags, context, destroy', async (t) => {
  await uploader.upload(picture, { public_id: 'one', tags: ['old'] })
  await uploader.upload(picture, { public_id: 'two' })
  await t.rejects(uploader.rename('one', 'two'), { http_code: 400, message: 'to_public_id two already exists' })
  await t.rejects(uploader.rename('absent', 'x'), { http_code: 404, message: 'Resource not found - absent' })
  t.match(await uploader.rename('one', 'three', { to_type: 'private' }), { public_id: 'three', type: 'private', tags: ['old'] })
  t.match(await uploader.explicit('three', { type: 'private', tags: 'new', context: 'k=v' }), { tags: ['new'], context: { custom: { k: 'v' } } })
  await t.rejects(uploader.explicit('three', { type: 'upload' }), { http_code: 404, message: 'Resource not found - three' })
  t.same((await uploader.add_tag('b,a', ['two', 'absent'])).public_ids, ['two'])
  t.same((await cloudinary.api.resource('two')).tags, ['a', 'b'])
  await uploader.remove_all_tags(['two'])
  t.notOk('tags' in await cloudinary.api.resource('two'))
  await uploader.add_context('k=v', ['two'])
  t.match(await cloudinary.api.resource('two'), { context: { custom: { k: 'v' } } })
  t.same(await uploader.destroy('two'), { result: 'ok' })
  t.same(await uploader.destroy('two'), { result: 'not found' })
})

t.test('explicit: the client signs whatever else an upload takes; what means nothing here is named', async (t) => {
  await uploader.upload(picture, { public_id: 'explained', tags: 'old' })
  const answer = await uploader.explicit('explained', { type: 'upload', tags: 'new', transformation: { width: 5, crop: 'scale' }, format: 'webp', backup: true, proxy: 'http://proxy.example', upload_preset: 'none' })
  t.match(answer, { public_id: 'explained', tags: ['new'], width: 24, format: 'png' })
  const form = { public_id: 'explained', type: 'upload', transformation: 'w_5', format: 'webp', backup: '1', upload_preset: 'none' }
  const named = await fetch(`${sandbox.url}/v1_1/demo/image/explicit`, { method: 'POST', headers: { authorization: `Basic ${btoa('1234:abcd')}` }, body: new URLSearchParams(form) })
  t.equal(named.headers.get('x-sandbox-ignored'), 'backup, format, transformation, upload_preset')
  // It is taken to know nothing of how a file that is new gets its name.
  await t.rejects(uploader.explicit('explained', { type: 'upload', use_filename: true }), { http_code: 401, message: /^Invalid Signature / })
})

t.test('delete token: once, without a key', async (t) => {
  const { delete_token: token } = await uploader.upload(picture, { public_id: 'short-lived', return_delete_token: true })
  const ask = () => fetch(`${sandbox.url}/v1_1/demo/delete_by_token`, { method: 'POST', body: new URLSearchParams({ token }) })
  t.same(await (await ask()).json(), { result: 'ok' })
  t.equal((await ask()).status, 400)
  t.match(await cloudinary.api.resource('short-lived').catch((reason: { error: unknown }) => reason.error), { http_code: 404 })
})

t.test('access_control: a rule with a window of time, echoed in UTC', async (t) => {
  const rules = [{ access_type: 'token' }, { access_type: 'anonymous', start: '2019-02-22T16:20:57Z', end: '2019-03-22 00:00 +0200' }] as const
  const echo = [{ access_type: 'token' }, { access_type: 'anonymous', start: '2019-02-22T16:20:57Z', end: '2019-03-21T22:00:00Z' }]
  t.same((await uploader.upload(picture, { public_id: 'window', access_control: [...rules] } as object)).access_control, echo)
  t.same((await cloudinary.api.update('window', { access_control: [...rules] })).access_control, echo)
  await t.rejects(uploader.upload(picture, { access_control: [{ access_type: 'anonymous', start: 'some day' }] } as object), { http_code: 400, message: 'Invalid value for parameter access_control' })
})

t.test('moderation: manual waits, others need a subscription or do not exist', async (t) => {
  t.match(await uploader.upload(picture, { moderation: 'manual' }), { moderation: [{ kind: 'manual', status: 'pending' }] })
  await t.rejects(uploader.upload(picture, { moderation: 'aws_rek' }), { http_code: 420, message: /^You don't have an active subscription for / })
  await t.rejects(uploader.upload(picture, { moderation: 'illegal' }), { http_code: 400, message: 'Moderation illegal moderation is not valid' })
})

t.test('eager, incoming transformation and format', async (t) => {
  const eager = await uploader.upload(picture, { eager: [{ width: 12, crop: 'scale' }, { width: 6, height: 6, crop: 'fill', format: 'jpg' }] })
  t.match(eager.eager, [{ transformation: 'c_scale,w_12', width: 12, height: 8, format: 'png' }, { transformation: 'c_fill,h_6,w_6/jpg', width: 6, height: 6, format: 'jpg' }])
  t.match(await uploader.upload(picture, { transformation: { width: 12, crop: 'scale' }, format: 'webp' }), { width: 12, height: 8, format: 'webp' })
})

t.test('400: an eager transformation that is none; what was there stays', async (t) => {
  await uploader.upload(picture, { public_id: 'careful', tags: ['first'] })
  await t.rejects(uploader.upload(picture, { public_id: 'careful', eager: 'w_abc' } as object), { http_code: 400, message: 'Invalid width in transformation: abc' })
  t.match(await cloudinary.api.resource('careful'), { tags: ['first'] })
})
