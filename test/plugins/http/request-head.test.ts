import { connect } from 'node:net'
import fastify from 'fastify'
import t from 'tap'
import { buildApp } from '../../../src/app.ts'
import { answerClientError } from '../../../src/plugins/http/client-errors.ts'
import errorHandler from '../../../src/plugins/http/error-handler.ts'
import { headerNames } from '../../../src/plugins/http/request-head.ts'
import { startFaultUpstream } from '../../support/fault-upstream.ts'
import { environmentAt, startGateway, testConfig } from '../../support/gateway.ts'
import { announce, talk } from '../../support/talk.ts'

t.test('400 for header names with a blank, and the connection ends', async (t) => {
  let asked = 0
  const app = fastify({ clientErrorHandler: answerClientError('/docs/errors') })
  t.teardown(() => app.close())
  await app.register(errorHandler, { docs: '/docs/errors' })
  await app.register(headerNames)
  app.post('/', async () => { asked++ })
  const { port } = new URL(await app.listen({ port: 0, host: '127.0.0.1' }))
  // Newer Nodes refuse these by themselves; what counts is that it is done.
  for (const header of ['Content-Length : 40', 'Transfer-Encoding : chunked', 'X Y: z', 'X-Tab\t: z']) {
    const text = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(port), '127.0.0.1', () => socket.write(`POST / HTTP/1.1\r\nHost: a\r\n${header}\r\n\r\nPOST / HTTP/1.1\r\nHost: a\r\n\r\n`))
      let text = ''
      socket.on('data', (data) => { text += data.toString() }).on('close', () => resolve(text)).on('error', reject)
    })
    t.match(text, /^HTTP\/1\.1 400 [^]*"code":"invalid_request"/, header)
    t.equal(text.match(/^HTTP\/1\.1 /gm)?.length, 1, 'and nothing after it is taken for a request')
  }
  // As an older parser would hand it on.
  const answer = await app.inject({ method: 'POST', url: '/', headers: { 'content-length ': '40' } })
  t.match(answer, { statusCode: 400, headers: { connection: 'close' }, body: /name holds a blank/ })
  t.equal(asked, 0)
  t.equal((await app.inject({ method: 'POST', url: '/', headers: { 'x-plain': 'a b' } })).statusCode, 200)
})

const CHANGES = [
  ['POST', '/url'], ['POST', '/signed-url'], ['POST', '/signature'], [
    'POST', '/signature/explain'
  ], ['POST', '/signature/batch'], ['POST', '/upload'], ['POST', '/direct-upload'],
  ['PATCH', '/resources/cats/tom'], ['DELETE', '/resources/cats/tom']
] as const
const UPLOADS = CHANGES.filter(([, path]) => path.endsWith('upload'))
const READS = [
  ['GET', '/resources'],
  ['GET', '/resources/cats/tom'],
  ['GET', '/url?public_id=a'],
  ['HEAD', '/url?public_id=a'],
  ['GET', '/signature/rules'],
  ['GET', '/environments'],
  ['GET', '/healthz'],
  ['GET', '/docs/']
] as const
const FORM = { 'content-type': 'multipart/form-data; boundary=b' }

t.test('400 to a piece of a file, before a byte of it is asked for, with what to do instead', async (t) => {
  const upstream = await startFaultUpstream(t)
  const app = await buildApp({ config: testConfig([environmentAt(upstream.url)]) })
  t.teardown(() => app.close())
  const base = await app.listen({ host: '127.0.0.1', port: 0 })
  for (const [method, path] of UPLOADS) {
    for (const header of ['Content-Range: bytes 0-5/12', 'Content-Range: bytes 0-5/-1', 'X-Unique-Upload-Id: ab', 'content-range:', 'Upload-Offset: 0', 'Tus-Resumable: 1.0.0', 'Upload-Complete: ?0']) {
      for (const more of ['Content-Length: 300000000', 'Transfer-Encoding: chunked', 'Content-Length: 300000000\r\nExpect: 100-continue']) {
        const answer = await announce(base, [`${method} ${path} HTTP/1.1`, 'Host: a', 'Content-Type: multipart/form-data; boundary=b', header, more])
        t.match(answer, /^HTTP\/1\.1 400 [^]*\r\nconnection: close\r\n/i, `${path} ${header}`)
        const name = (header.split(':')[0] ?? '').toLowerCase()
        const [fault] = JSON.parse(answer.split('\r\n\r\n')[1] ?? '').errors
        t.equal(fault.pointer.toLowerCase(), `/${name}`)
        t.match(fault.message, /send the file whole, which the gateway cuts into chunks itself, or send chunks to the `upload_url`/)
      }
    }
    const both = await app.inject({ method, url: path, headers: { ...FORM, 'content-range': 'bytes 0-5/12', 'x-unique-upload-id': 'ab' }, payload: '--b--\r\n' })
    t.same(both.json().errors.map(({ pointer }: { pointer: string }) => pointer), ['/Content-Range', '/X-Unique-Upload-Id'], 'all at once')
  }
  t.same(upstream.seen.filter(({ url }) => url.endsWith('/upload')), [], 'nothing is stored')
})

t.test('400 to what would make another request of it, on the routes where it could; nothing is done', async (t) => {
  const { app, sandbox } = await startGateway(t)
  await sandbox.add('cats/tom')
  await app.inject('/readyz')
  const before = sandbox.requests.length
  const conditions = { 'If-Match': '"a"', 'If-None-Match': '*', 'If-Unmodified-Since': 'Sat, 29 Oct 1994 19:43:31 GMT' }
  const digests = { 'Content-MD5': 'a', Digest: 'sha-256=a', 'Content-Digest': 'sha-256=:a:', 'Repr-Digest': 'sha-256=:a:' }
  for (const [method, url] of CHANGES) {
    const headers = { ...(url === '/direct-upload' && FORM) }
    for (const [name, value] of Object.entries({ 'Content-Range': 'bytes 0-1/2', 'X-Unique-Upload-Id': 'a', ...conditions, ...digests, Trailer: 'Expires, Content-Digest' })) {
      const answer = await app.inject({ method, url, headers: { ...headers, [name]: value }, ...(url === '/direct-upload' && { payload: '--b--\r\n' }) })
      t.match(answer.json(), { status: 400, errors: [{ pointer: `/${name === 'Trailer' ? 'Content-Digest' : name}`, message: /^is not (?:understood|checked); / }] }, `${method} ${url} ${name}`)
    }
  }
  for (const [method, url] of [...CHANGES, ...READS]) {
    for (const name of ['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override']) {
      const answer = await app.inject({ method, url, headers: { ...(url === '/direct-upload' && { ...FORM }), [name]: 'DELETE' } })
      t.equal(answer.statusCode, 400, `${method} ${url} ${name}`)
      if (method !== 'HEAD') t.match(answer.json(), { errors: [{ pointer: `/${name}`, message: /the method that is meant/ }] })
    }
  }
  t.equal(sandbox.requests.length, before)
  t.equal((await app.inject('/resources/cats/tom')).statusCode, 200, 'it is still there')
})

t.test('400 on uploads to a name in a header and, where it is not honoured, an Idempotency-Key', async (t) => {
  const { app, sandbox } = await startGateway(t)
  const upload = (headers: object) => app.inject({ method: 'POST', url: '/upload?resource_type=raw', headers: { 'content-type': 'application/octet-stream', ...headers }, payload: 'hello' })
  t.match((await upload({ 'content-disposition': 'attachment; filename="a.txt"' })).json(), { status: 400, errors: [{ pointer: '/Content-Disposition', message: /filename_override/ }] })
  t.equal((await upload({ 'idempotency-key': 'a' })).statusCode, 200)
  t.equal((await upload({})).statusCode, 200)
  const signature = await app.inject({
    method: 'POST', url: '/signature', headers: { 'idempotency-key': 'a' }
  })
  t.match(signature.json(), {
    status: 400,
    errors: [{ pointer: '/Idempotency-Key', message: /`\/upload\/remote` and `\/direct-upload` alone/ }]
  })
  t.equal(sandbox.requests.filter(({ path }) => path.endsWith('/upload')).length, 2)
})

t.test('400 to whatever is of these kinds, under any of their names, on every route that changes something', async (t) => {
  const { app, sandbox } = await startGateway(t)
  await sandbox.add('cats/tom')
  await app.inject('/readyz')
  const before = sandbox.requests.length
  const everywhere = ['HTTP-Method-Override', 'X-Original-Method', 'X-Tunnel-Method', 'X-Rewrite-Method', 'X-Method', 'Method-Override', 'X-MethodOverride', 'X-HTTP-Method-Override-To']
  const onChanges = [
    'X-Upload-Offset', 'X-Upload-Content-Type', 'X-Chunk-Number', 'Chunk-Index', 'X-Goog-Upload-Protocol', 'X-Goog-Upload-Header-Content-Length', 'Upload-Draft-Interop-Version',
    'Upload-Expires', 'Tus-Version', 'X-Content-Range', 'Uploader-Chunk-Number', 'If', 'If-Schedule-Tag-Match', 'X-Goog-If-Generation-Match', 'X-Amz-Content-Sha256', 'X-Amz-Checksum-Crc32',
    'X-Goog-Hash', 'X-Ms-Blob-Content-MD5', 'X-Content-MD5', 'X-Bz-Content-Sha1', 'X-Checksum', 'OC-Checksum', 'Content-Transfer-Encoding', 'X-Idempotency-Key', 'Idempotency-Token', 'Idempotent-Key'
  ]
  const onUploads = ['X-File-Name', 'X-Filename', 'Slug', 'Overwrite']
  for (const [method, url] of CHANGES) {
    const isUpload = url.endsWith('upload')
    for (
      const name of [
        ...everywhere, ...onChanges, ...isUpload ? onUploads : [], ...isUpload ? [] : ['Idempotency-Key']
      ]
    ) {
      const headers = { ...(url === '/direct-upload' && FORM), [name]: 'base64' }
      const answer = await app.inject({ method, url, headers, ...(url === '/direct-upload' && { payload: '--b--\r\n' }) })
      const faults = answer.statusCode === 400 ? answer.json().errors : []
      t.match(faults.map(({ pointer }: { pointer: string }) => pointer.toLowerCase()), [`/${name.toLowerCase()}`], `${method} ${url} ${name}`)
    }
  }
  for (const [method, url] of READS) {
    for (const name of everywhere) t.equal((await app.inject({ method, url, headers: { [name]: 'DELETE' } })).statusCode, 400, `${method} ${url} ${name}`)
  }
  const near = await app.inject({ method: 'POST', url: '/upload', headers: { 'x-idempotency-key': 'a' } })
  t.match(near.json(), { errors: [{ pointer: '/X-Idempotency-Key', message: /did you mean "Idempotency-Key"/ }] })
  t.equal(sandbox.requests.length, before)
})

t.test('what proxies, browsers and clients add by themselves passes, and an encoding of the bytes as they are', async (t) => {
  const { app } = await startGateway(t)
  const headers = {
    forwarded: 'for=10.0.0.1',
    'x-forwarded-for': '10.0.0.1',
    'x-forwarded-host': 'a',
    'x-forwarded-proto': 'https',
    'x-forwarded-method': 'POST',
    'x-forwarded-uri': '/upload',
    'x-forwarded-client-cert': 'Hash=a',
    'x-original-url': '/a',
    'x-original-uri': '/a',
    'x-rewrite-url': '/a',
    'x-original-forwarded-for': '10.0.0.1',
    'x-real-ip': '10.0.0.1',
    'x-request-id': 'a',
    'x-ssl-client-sha1': 'a',
    'x-envoy-attempt-count': '1',
    'cf-ray': 'a',
    'cdn-loop': 'a',
    via: '1.1 a',
    'x-amzn-trace-id': 'Root=1',
    'x-amz-cf-id': 'a',
    'x-requested-with': 'XMLHttpRequest',
    'upgrade-insecure-requests': '1',
    'want-digest': 'sha-256',
    'if-modified-since': 'Sat, 29 Oct 2050 19:43:31 GMT',
    'if-range': '"a"',
    'mime-version': '1.0',
    'sec-fetch-mode': 'cors',
    priority: 'u=1',
    'access-control-request-method': 'DELETE',
    'content-transfer-encoding': 'Binary',
    'x-hub-signature-256': 'a',
    'ja3-hash': 'a'
  }
  for (const [method, url] of [['POST', '/upload?resource_type=raw'], ['GET', '/url?public_id=a']] as const) {
    const payload = method === 'POST' ? { payload: 'hello' } : {}
    t.equal((await app.inject({ method, url, headers: { ...headers, ...(method === 'POST' && { 'content-type': 'application/octet-stream' }) }, ...payload })).statusCode, 200, url)
  }
})

t.test('what may be ignored is: conditions and ranges of GET and HEAD, preferences, and what others are to do', async (t) => {
  const { app, sandbox } = await startGateway(t)
  await sandbox.add('cats/tom')
  const headers = {
    'if-match': '"a"',
    'if-none-match': '"a"',
    range: 'bytes=0-1',
    'if-modified-since': 'Sat, 29 Oct 2050 19:43:31 GMT',
    'content-range': 'bytes 0-1/2',
    prefer: 'return=minimal',
    upgrade: 'h2c',
    slug: 'a',
    'idempotency-key': 'a'
  }
  for (const [method, url] of READS) t.equal((await app.inject({ method, url, headers })).statusCode, 200, `${method} ${url}`)
  for (const [method, url] of CHANGES.slice(0, 2)) {
    const { statusCode } = await app.inject({ method, url, headers: { range: 'bytes=0-1', 'if-modified-since': headers['if-modified-since'], 'want-digest': 'sha-256', trailer: 'Expires' }, payload: { public_id: 'a' } })
    t.equal(statusCode, 200, `${method} ${url}`)
  }
})

t.test('a preflight is allowed whatever it asks for, and the page may read why its piece of a file was refused', async (t) => {
  const { app } = await startGateway(t, { corsOrigins: ['https://shop.example'] })
  for (const url of ['/upload', '/direct-upload', '/signature']) {
    const { statusCode, headers } = await app.inject({
      method: 'OPTIONS', url, headers: { origin: 'https://shop.example', 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-range' }
    })
    t.equal(statusCode, 204)
    t.equal(headers['access-control-allow-headers'], 'content-range', url)
  }
  const refused = await app.inject({ method: 'POST', url: '/upload', headers: { origin: 'https://shop.example', 'content-range': 'bytes 0-1/2' } })
  t.match(refused, { statusCode: 400, headers: { 'access-control-allow-origin': 'https://shop.example' } }, 'its page may read why')
})

t.test('401 comes first: who has no key is told of no header', async (t) => {
  const { app } = await startGateway(t, { auth: { mode: 'keys', keys: [] } })
  t.equal((await app.inject({ method: 'POST', url: '/upload', headers: { 'content-range': 'bytes 0-1/2' } })).statusCode, 401)
})

t.test('the connection of a refused upload ends, with its answer read', async (t) => {
  const { url } = await startGateway(t)
  const text = await new Promise<string>((resolve, reject) => {
    let text = ''
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => {
      socket.write(`POST /upload HTTP/1.1\r\nHost: a\r\nContent-Type: image/png\r\nContent-Range: bytes 0-9/20\r\nContent-Length: 5000000\r\n\r\n${'x'.repeat(100_000)}`)
    })
    socket.on('data', (data) => { text += data.toString() }).on('close', () => resolve(text)).on('error', reject)
  })
  t.match(text, /^HTTP\/1\.1 400 [^]*upload_url/)
})

t.test('400 for headers that have one value and are given twice; lists may be', async (t) => {
  const app = fastify()
  t.teardown(() => app.close())
  await app.register(errorHandler, { docs: '/docs/errors' })
  await app.register(headerNames)
  app.get('/', async () => 'fine')
  const base = await app.listen({ port: 0, host: '127.0.0.1' })
  const send = (...headers: string[]) => talk(base, ['GET / HTTP/1.1', 'Host: a', 'Connection: close', ...headers, '', ''].join('\r\n'))
  const answer = await send('authorization: a', 'Content-Type: text/plain', 'AUTHORIZATION: b', 'Accept: a', 'content-type: text/plain', 'Accept: b')
  t.match(answer, /^HTTP\/1\.1 400 [^]*"errors":\[\{"pointer":"\/Authorization","message":"must be given once"\},\{"pointer":"\/Content-Type",/)
  t.match(await send('Accept: a', 'Accept: b', 'X-Forwarded-For: a', 'X-Forwarded-For: b', 'Authorization: a'), /^HTTP\/1\.1 200 /)
})
