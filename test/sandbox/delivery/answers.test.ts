import { connect } from 'node:net'
import sharp from 'sharp'
import t from 'tap'
import { startSandbox } from '../../../src/sandbox/index.ts'

const MODIFIED_SECONDS = 1_700_000_000
const cloud = { cloudName: 'demo', apiKey: '1234', apiSecret: 'abcd' }
const sandbox = await startSandbox({
  clouds: [cloud, { ...cloud, cloudName: 'open', allowResourceList: true }],
  clock: () => MODIFIED_SECONDS * 1000
})
t.teardown(() => sandbox.close())
const photo = await sharp({ create: { width: 40, height: 20, channels: 3, background: '#c33' } }).png().toBuffer()
await sandbox.add('photo', { file: photo })
await sandbox.add('notes.txt', { resource_type: 'raw', file: Buffer.from('hello') })

async function get (path: string, headers: Record<string, string> = {}, method = 'GET') {
  const response = await fetch(sandbox.url + path, { method, headers })
  return { status: response.status, headers: response.headers, body: Buffer.from(await response.arrayBuffer()), error: response.headers.get('x-cld-error'), ignored: response.headers.get('x-sandbox-ignored') }
}

/** As it is, without a client that would tidy the path first. */
async function raw (path: string): Promise<string> {
  const { port } = new URL(sandbox.url)
  const socket = connect(Number(port), '127.0.0.1')
  socket.end(`GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`)
  return Buffer.concat(await socket.toArray()).toString('latin1')
}

t.test('400: a path that cannot be decoded has an empty body and the reason in a header', async (t) => {
  for (const path of ['/demo/image/upload/%zz.jpg', '/demo/image/upload/%C3%28/x.png', '/demo/image/upload/w_%/photo.png']) {
    const answer = await raw(path)
    t.match(answer, /^HTTP\/1\.1 400 /, path)
    t.match(answer, /\r\nx-cld-error: Invalid URL\r\n/i)
    t.match(answer, /\r\ncontent-length: 0\r\n/i)
    t.match(answer, /\r\naccess-control-allow-origin: \*\r\n/i)
    t.ok(answer.endsWith('\r\n\r\n'))
  }
  const api = await raw('/v1_1/demo/resources/image/upload/%zz')
  t.match(api, /^HTTP\/1\.1 400 /)
  t.match(api, /\{"error":\{"message":"/)
})

t.test('every failure tells its reason in X-Cld-Error, to GET and HEAD alike', async (t) => {
  const cases: [string, number][] = [
    ['/demo/image/upload/none.jpg', 404], ['/demo/image/upload/w_x/v1/photo.png', 400], ['/demo/image/upload/e_cartoonify/v1/photo.png', 400], ['/demo/image/upload/l_fetch:aHR0cHM6Ly9hLmIvYy5wbmc/v1/photo.png', 400],
    ['/demo/image/fetch/https://example.com/a.png', 400], ['/demo/image/list/tag.json', 401], ['/other/image/upload/photo', 401], ['/demo/raw/upload/none.txt', 404], ['/demo/raw/upload/w_10/notes.txt', 400],
    ['/demo/video/upload/none.mp4', 404], ['/demo/image/upload/s--AAAAAAAA--/photo.png', 401], ['/demo/image/upload', 400], ['/demo/image/upload/', 400], ['/demo/nothing/upload/x', 400], [`/demo/image/upload/${'a/'.repeat(5000)}x`, 400]
  ]
  for (const [path, status] of cases) {
    for (const method of ['GET', 'HEAD']) {
      const answer = await get(path, {}, method)
      t.equal(answer.status, status, `${method} ${path.slice(0, 60)}`)
      t.ok(answer.error, `${method} ${path.slice(0, 60)} says why`)
    }
  }
  t.match(await get('/demo/image/upload/l_fetch:aHR0cHM6Ly9hLmIvYy5wbmc/v1/photo.png'), { error: 'The sandbox does not imitate a layer of this kind (l_fetch)' })
})

t.test('HEAD, Range and conditions: the same for originals, derived and raw assets', async (t) => {
  for (const path of ['/demo/image/upload/photo.png', '/demo/image/upload/c_scale,w_30/v1/photo.webp', '/demo/raw/upload/notes.txt']) {
    const whole = await get(path)
    const etag = whole.headers.get('etag') ?? ''
    const modified = whole.headers.get('last-modified') ?? ''
    t.equal(Date.parse(modified), MODIFIED_SECONDS * 1000)
    const head = await get(path, {}, 'HEAD')
    t.match(head, { status: 200, body: Buffer.alloc(0) })
    for (const name of ['content-length', 'content-type', 'etag', 'last-modified', 'accept-ranges', 'cache-control', 'server-timing']) t.equal(head.headers.get(name), whole.headers.get(name), `${path} ${name}`)
    t.match(await get(path, { range: 'bytes=1-3' }), { status: 206, body: whole.body.subarray(1, 4) })
    t.match(await get(path, { range: 'bytes=-2' }), { status: 206, body: whole.body.subarray(-2) })
    t.match(await get(path, { range: 'bytes=3-1' }), { status: 200 }, 'no range at all')
    t.match(await get(path, { range: 'bytes=0-0,2-2' }), { status: 200 }, 'several are answered as a whole')
    t.match(await get(path, { range: 'lines=1-2' }), { status: 200 })
    const beyond = await get(path, { range: 'bytes=999999-' })
    t.match(beyond, { status: 416, error: 'Requested range not satisfiable', body: Buffer.alloc(0) })
    t.equal(beyond.headers.get('content-range'), `bytes */${whole.body.length}`)
    t.match(await get(path, { range: 'bytes=1-3', 'if-range': modified }), { status: 206 })
    t.match(await get(path, { range: 'bytes=1-3', 'if-range': '"x"' }), { status: 200 })
    for (const condition of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
      const unchanged = await get(path, { 'if-none-match': condition })
      t.match(unchanged, { status: 304, body: Buffer.alloc(0) }, condition)
      t.equal(unchanged.headers.get('etag'), etag)
    }
    t.match(await get(path, { 'if-none-match': '"x"', 'if-modified-since': modified }), { status: 200 }, 'the tag decides')
    t.match(await get(path, { 'if-modified-since': modified }), { status: 304 })
    t.match(await get(path, { 'if-modified-since': new Date(MODIFIED_SECONDS * 1000 - 1000).toUTCString() }), { status: 200 })
    t.match(await get(path, { 'if-modified-since': 'yesterday' }), { status: 200 })
    t.match(await get(path, { 'if-none-match': etag }, 'HEAD'), { status: 304 })
  }
})

t.test('what has no effect on this asset is named in X-Sandbox-Ignored', async (t) => {
  const cases: [string, string | null][] = [
    ['so_3,w_20/v1/photo.png', 'so_3'], ['b_auto,c_pad,h_30,w_30/v1/photo.png', 'b_auto'], ['b_blurred:400,c_pad,h_30,w_30/v1/photo.png', 'b_blurred:400'], ['b_auto:predominant_gradient:2,c_pad,h_30,w_30/v1/photo.png', 'b_auto:predominant_gradient:2'],
    ['fl_lossy,w_20/v1/photo.png', null], ['fl_lossy,w_20/v1/photo.gif', null], ['c_scale,dpr_auto,w_auto/v1/photo.png', 'dpr_auto, w_auto'], ['c_fill,g_auto:cat,h_10,w_10/v1/photo.png', 'g_auto:cat'], ['c_thumb,g_faces,h_10,w_10,z_0.7/v1/photo.png', 'g_faces, z_0.7'],
    ['b_red,c_pad,h_30,w_30/v1/photo.png', null]
  ]
  for (const [path, expected] of cases) t.match(await get(`/demo/image/upload/${path}`), { status: 200, ignored: expected }, path)
})

t.test('lists by tag: refused by default; open, they tell what has the tag, newest first', async (t) => {
  for (const [name, more] of [['one', { context: { alt: 'One' } }], ['two', {}], ['secret', { type: 'authenticated' }]] as const) await sandbox.add(name, { cloudName: 'open', tags: 'cats and dogs', ...more })
  await sandbox.add('other', { cloudName: 'open', tags: 'cows' })
  const { status, body, headers } = await get('/open/image/list/v1/cats%20and%20dogs.json')
  t.equal(status, 200)
  t.match(headers.get('content-type'), /^application\/json/)
  t.same(JSON.parse(String(body)), {
    resources: [
      { public_id: 'two', version: MODIFIED_SECONDS, format: 'png', width: 8, height: 6, type: 'upload', created_at: '2023-11-14T22:13:20Z' },
      { public_id: 'one', version: MODIFIED_SECONDS, format: 'png', width: 8, height: 6, type: 'upload', created_at: '2023-11-14T22:13:20Z', context: { custom: { alt: 'One' } } }
    ],
    updated_at: '2023-11-14T22:13:20Z'
  })
  t.match(await get('/open/image/list/none.json'), { status: 200, body: Buffer.from('{"resources":[],"updated_at":"2023-11-14T22:13:20Z"}') })
  t.match(await get('/open/image/list/cows'), { status: 404 })
})
