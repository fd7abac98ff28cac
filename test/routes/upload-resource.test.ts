import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { json } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { buildApp } from '../../src/app.ts'
import type { UploadLimits, UpstreamLimits } from '../../src/config/types.ts'
import { startFaultUpstream, type FaultUpstream } from '../support/fault-upstream.ts'
import { environmentAt, startGateway, testConfig } from '../support/gateway.ts'
import { LONG } from '../support/rounds.ts'

const MB = 1024 * 1024
const picture = readFileSync(new URL('../fixtures/landscape.jpg', import.meta.url))
const md5 = (bytes: Buffer): string => createHash('md5').update(bytes).digest('hex')

interface Answer { status: number, headers: Headers, body: Record<string, unknown> }

/** Bytes without a type of their own are sent as what they are. */
async function post (url: string, body: RequestInit['body'], given: Record<string, string> = {}): Promise<Answer> {
  const headers = { ...((Buffer.isBuffer(body) || body instanceof ReadableStream) && { 'content-type': 'application/octet-stream' }), ...given }
  const response = await fetch(url, { method: 'POST', body: body ?? null, headers, ...(body instanceof ReadableStream && { duplex: 'half' }) } as RequestInit) // duplex is missing in its type
  return { status: response.status, headers: response.headers, body: await response.json() as Record<string, unknown> } // all answers are JSON objects
}

/** A form in exactly this order; a Buffer is a file. */
function form (...fields: Array<[string, string | Buffer, string?]>): FormData {
  const data = new FormData()
  for (const [name, value, filename = 'x.bin'] of fields) {
    if (typeof value === 'string') data.append(name, value)
    else data.append(name, new Blob([value]), filename)
  }
  return data
}

/** A gateway before an upstream that misbehaves. */
async function startFaulty (
  t: Test, upload: Partial<UploadLimits> = {}, limits: Partial<UpstreamLimits> = {}
): Promise<{ upstream: FaultUpstream, url: string }> {
  const upstream = await startFaultUpstream(t)
  const app = await buildApp({ config: testConfig([environmentAt(upstream.url)], { upload, upstream: limits }) })
  t.teardown(() => app.close())
  return { upstream, url: await app.listen({ host: '127.0.0.1', port: 0 }) }
}

t.test('POST /upload before the sandbox', async (t) => {
  const { url: gateway, sandbox } = await startGateway(t)
  const url = `${gateway}/upload`

  t.test('400: a form of a hundred thousand fields is read in one pass', async (t) => {
    const type = { 'content-type': 'application/x-www-form-urlencoded' }
    for (const form of [Array.from({ length: 100_000 }, (_, index) => `a${index}`).join('&'), Array(100_000).fill('tags=a').join('&')]) {
      const { body } = await post(`${gateway}/upload`, form, type)
      t.match(body, { status: 400, code: 'invalid_request' })
    }
  })

  t.test('POST /upload/remote takes what /upload takes as JSON, and nothing else', async (t) => {
    const remote = `${url}/remote`
    const type = { 'content-type': 'application/json' }
    const body = JSON.stringify({
      file: 'data:text/plain;base64,aGVsbG8=', public_id: 'remote', resource_type: 'raw'
    })
    const first = await post(remote, body, { ...type, 'idempotency-key': 'remote-1' })
    t.match(first, { status: 200, body: { public_id: 'remote', bytes: 5 } })
    t.same(
      (await post(url, body, { ...type, 'idempotency-key': 'remote-1' })).body,
      first.body,
      'one action, so one key'
    )
    t.match((await post(`${remote}?public_id=a`, body, type)).body, {
      status: 400, errors: [{ pointer: '/public_id', message: /the body/ }]
    })
    t.match((await post(remote, JSON.stringify({ public_id: 'a' }), type)).body, {
      status: 400, errors: [{ pointer: '/file', message: 'is required' }]
    })
    t.match(await post(remote, undefined), { status: 400, body: { errors: [{ pointer: '/file' }] } })
    const withoutType = new Uint8Array(picture)
    const files = [form(['file', picture]), picture, withoutType, new URLSearchParams({
      file: 'https://example.com/a.jpg'
    })]
    for (const file of files) {
      const { status, headers, body } = await post(remote, file)
      t.match({ status, body }, { status: 415, body: { detail: /takes application\/json/ } })
      t.equal(headers.get('accept'), 'application/json')
    }
  })

  t.test('400: an address that Cloudinary cannot fetch keeps Cloudinary\'s words', async (t) => {
    const { body } = await post(`${gateway}/upload`, JSON.stringify({ file: 'http://127.0.0.1:9/x.jpg' }), { 'content-type': 'application/json' })
    t.match(body, { status: 400, code: 'upstream_rejected', upstream: { message: /127\.0\.0\.1/ } })
  })

  t.test('200, 413: a caller whose policy says so has a limit of its own', async (t) => {
    const key = 'sha256:' + createHash('sha256').update('small').digest('hex')
    const policyFile = `${t.testdir({ 'policy.yaml': `callers: { web: { keys: ['${key}'], sign: { max_bytes: 1000 } } }` })}/policy.yaml`
    const { url } = await startGateway(t, { auth: { mode: 'keys', policyFile } })
    const send = async (bytes: number) => await (await fetch(`${url}/upload?resource_type=raw`, {
      method: 'POST', headers: { authorization: 'Bearer small', 'content-type': 'application/octet-stream' }, body: Buffer.alloc(bytes, 1)
    })).json() as object // answers are JSON objects
    t.match(await send(1000), { bytes: 1000 })
    t.match(await send(1001), { status: 413, code: 'payload_too_large' })
  })

  t.test('200, 413, 400: the limit of a data URI is on the bytes that it stands for, however it is sent', async (t) => {
    const { upstream, url } = await startFaulty(t, { maxBytes: 100_000 })
    const uri = (bytes: number): string => `data:text/plain;base64,${Buffer.alloc(bytes, 1).toString('base64')}`
    const asJson = async (file: string): Promise<Answer> => post(`${url}/upload`, JSON.stringify({ file }), { 'content-type': 'application/json' })
    const asForm = async (file: string): Promise<Answer> => post(`${url}/upload`, form(['file', file]))
    const asText = async (file: string): Promise<Answer> => post(`${url}/upload`, new URLSearchParams({ file }))
    for (const send of [asJson, asForm, asText]) {
      t.match(await send(uri(100_000)), { status: 200 })
      t.equal(upstream.seen.at(-1)?.fields['file'], uri(100_000))
      t.match(await send(uri(100_001)), { status: 413, body: { code: 'payload_too_large', detail: /100001 bytes; the limit is 100000/ } })
      t.match(await send(`data:;;;nonsense${uri(90_000)}`), { status: 400, body: { code: 'invalid_request', errors: [{ pointer: '/file', message: /is not a base64 data URI/ }] } })
    }
    t.equal(upstream.seen.filter(({ end }) => end === 'complete').length, 3)
  })

  t.test('200: a multipart picture, file first, with its fields after it', async (t) => {
    const { status, body, headers } = await post(url, form(['file', picture, 'tom.jpg'], ['public_id', 'cats/tom'], ['tags', 'a'], ['tags', 'b'], ['context', '{"alt":"x=y|z"}']))
    t.equal(status, 200)
    t.match(body, { public_id: 'cats/tom', format: 'jpg', resource_type: 'image', etag: md5(picture), tags: ['a', 'b'], context: { custom: { alt: 'x=y|z' } }, original_filename: 'tom' })
    t.equal(headers.get('x-upload-attempts'), '1')
    t.equal(headers.get('x-upload-integrity'), 'verified')
  })

  t.test('200: fields first, fields in the query, and both together', async (t) => {
    t.match(await post(url, form(['resource_type', 'raw'], ['public_id', 'raw/a'], ['file', randomBytes(10)])), { status: 200, body: { public_id: 'raw/a', resource_type: 'raw' } })
    t.match(await post(`${url}?resource_type=raw&tags=a,b`, form(['file', randomBytes(10)], ['public_id', 'raw/b'])), { status: 200, body: { public_id: 'raw/b', tags: ['a', 'b'] } })
  })

  t.test('200: a raw body of any media type, of known and of unknown length', async (t) => {
    for (const type of ['application/octet-stream', 'text/plain', 'image/jpeg', 'x/y']) {
      t.match(await post(`${url}?resource_type=raw&filename_override=n.bin`, picture, { 'content-type': type }), { status: 200, body: { etag: md5(picture), bytes: picture.length } }, type)
    }
    const stream = new Blob([picture]).stream()
    t.match(await post(`${url}?resource_type=raw`, stream), { status: 200, body: { etag: md5(picture) } })
  })

  t.test('M2: 200: a form of unknown length', async (t) => {
    const { headers, body } = new Response(form(['resource_type', 'raw'], ['file', picture], ['folder', 'f']))
    t.match(await post(url, body, { 'content-type': headers.get('content-type') ?? '' }), { status: 200, body: { etag: md5(picture), asset_folder: 'f' } })
  })

  t.test('200: a data URI in JSON and in a urlencoded form, lists in each way of writing them', async (t) => {
    const file = `data:image/jpeg;base64,${picture.toString('base64')}`
    t.match(await post(url, JSON.stringify({ file, folder: 'f', tags: ['a', 'b'] }), { 'content-type': 'application/json' }), { status: 200, body: { etag: md5(picture), tags: ['a', 'b'] } })
    t.match(await post(url, new URLSearchParams([['file', file], ['tags', 'a'], ['tags', 'b']])), { status: 200, body: { etag: md5(picture), tags: ['a', 'b'] } })
    t.match(await post(url, form(['file', file], ['tags', '["a","b"]'])), { status: 200, body: { etag: md5(picture), tags: ['a', 'b'] } })
  })

  t.test('200: a data URI of many megabytes in JSON and in a urlencoded form, before the sandbox', { skip: LONG }, async (t) => {
    const bytes = randomBytes(11 * MB)
    const file = `data:application/octet-stream;base64,${bytes.toString('base64')}`
    const stored = { status: 200, body: { etag: md5(bytes), bytes: bytes.length, tags: ['a'], resource_type: 'raw' } }
    const json = JSON.stringify({ tags: ['a'], file, resource_type: 'raw' })
    const type = { 'content-type': 'application/json' }
    t.match(await post(url, json, type), stored)
    t.match(await post(url, json.replaceAll('/', '\\/'), type), stored, 'with the slashes escaped')
    t.match(await post(url, new Blob([json]).stream(), type), stored, 'of unknown length')
    t.match(await post(url, new URLSearchParams([['file', file], ['tags', 'a'], ['resource_type', 'raw']])), stored)
    t.match(await post(url, form(['file', file], ['tags', 'a'], ['resource_type', 'raw'])), { status: 400 }, 'where it streams, it is on its way before the fields behind it')
    t.match(await post(url, form(['tags', 'a'], ['resource_type', 'raw'], ['file', file])), stored)
  })

  t.test('200: a file in chunks', async (t) => {
    const small = await startGateway(t, { upload: { chunkBytes: 5 * MB + 1, singleRequestMaxBytes: 6 * MB } })
    const bytes = randomBytes(12 * MB)
    t.match(await post(`${small.url}/upload?resource_type=raw`, form(['file', bytes])), { status: 200, body: { etag: md5(bytes), done: true } })
    t.match(await post(`${small.url}/upload?resource_type=raw`, bytes), { status: 200, body: { etag: md5(bytes) } })
    t.match(await post(`${small.url}/upload?resource_type=raw`, form(['file', bytes], ['folder', 'f'])), { status: 400, body: { code: 'invalid_request', errors: [{ pointer: '/folder' }] } })
  })

  t.test('400 that names the field: unknown, twice, in two places, of a wrong value', async (t) => {
    const before = sandbox.requests.length
    const bad: Array<[string, RequestInit['body'], string, RegExp]> = [
      ['', form(['fodler', 'x'], ['file', picture]), '/fodler', /did you mean "folder"/],
      ['', form(['file', picture], ['fodler', 'x']), '/fodler', /did you mean "folder"/],
      ['?fodler=x', form(['file', picture]), '/fodler', /did you mean "folder"/],
      ['', form(['public_id', 'a'], ['public_id', 'b'], ['file', picture]), '/public_id', /one value/],
      ['?public_id=a', form(['public_id', 'b'], ['file', picture]), '/public_id', /^is "b" in the body and "a" in the query$/],
      ['?public_id=a', form(['file', picture], ['public_id', 'b']), '/public_id', /^is "b" in the body and "a" in the query$/],
      ['', form(['folder', 'a'], ['file', picture], ['folder', 'b']), '/folder', /before and after/],
      ['', form(['type', 'secret'], ['file', picture]), '/type', /must be one of/],
      ['', form(['file', picture], ['resource_type', 'raw']), '/resource_type', /put it before the file, or in the query/],
      ['', form(['file', picture], ['file', picture]), '/file', /twice/],
      ['', form(['public_id', 'a']), '/file', /required/],
      ['', form(['file', Buffer.alloc(0)]), '/file', /0 bytes/],
      ['', form(['file', '']), '/file', /empty/],
      ['', form(['file', '/etc/passwd']), '/file', /not open to uploads/],
      ['', form(['other', picture]), '/other', /the only file/],
      ['', new URLSearchParams({ folder: 'f' }), '/file', /required/]
    ]
    for (const [query, body, pointer, message] of bad) {
      t.match(await post(url + query, body), { status: 400, body: { code: 'invalid_request', errors: [{ pointer, message }] } }, `${pointer} ${message}`)
    }
    t.match(await post(url, '{"file":"https://x","tags":[null]}', { 'content-type': 'application/json' }), { status: 400 })
    t.match(await post(url, undefined), { status: 400, body: { errors: [{ pointer: '/file', message: 'is empty: it has 0 bytes' }] } })
    t.equal(sandbox.requests.slice(before).filter(({ status }) => status === 200).length, 0, 'nothing was stored')
  })

  t.test('200: resource_type after the file is fine when it says what was assumed', async (t) => {
    t.match(await post(url, form(['file', picture], ['resource_type', 'auto'])), { status: 200 })
  })

  t.test('M8, M17: 400 for a boundary nobody can use, 415 for an encoded body, before it is read', async (t) => {
    t.match(await post(url, 'x', { 'content-type': 'multipart/form-data' }), { status: 400, body: { code: 'invalid_multipart' } })
    t.match(await post(url, 'x', { 'content-encoding': 'gzip', 'content-type': 'x/y' }), { status: 415, body: { code: 'unsupported_media_type' } })
    t.match(await post(url, '--B\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\nabc', { 'content-type': 'multipart/form-data; boundary=B' }), { status: 400, body: { code: 'invalid_multipart' } })
    t.match(await post(url, 'garbage', { 'content-type': 'multipart/form-data; boundary=B' }), { status: 400 })
  })

  t.test('M10: 413 for too many fields, and for one that is too long', async (t) => {
    const fields = Array.from({ length: 5000 }, (): [string, string] => ['tags', 'x'])
    t.match(await post(url, form(...fields, ['file', picture])), { status: 413, body: { code: 'payload_too_large' } })
    t.match(await post(url, form(['context', 'x'.repeat(1_100_000)], ['file', picture])), {
      status: 413, body: { code: 'payload_too_large' }
    })
  })

  t.test('M11: 400 for a name of the prototype, before and after the file', async (t) => {
    for (const body of [form(['__proto__', 'x'], ['file', picture]), form(['file', picture], ['constructor', 'x'])]) t.match(await post(url, body), { status: 400 })
    t.equal(({} as { x?: unknown }).x, undefined) // nothing was polluted
  })

  t.test('400 with Cloudinary\'s own reason', async (t) => {
    t.match(await post(url, form(['resource_type', 'image'], ['file', randomBytes(100)])), { status: 400, body: { code: 'upstream_rejected', upstream: { status: 400, message: /Invalid image file/ } } })
  })
})

t.test('POST /upload: what a body is meant to be', async (t) => {
  const { url: gateway, sandbox } = await startGateway(t)
  const url = `${gateway}/upload`

  t.test('415 with advice: JSON without a type that was chosen is no file', async (t) => {
    const body = '{"file":"https://example.com/cat.jpg"}'
    for (const headers of [{}, { 'content-type': 'text/json' }, { 'content-type': '' }]) { // fetch says text/plain
      t.match(await post(url, body, headers), { status: 415, body: { code: 'unsupported_media_type', advice: /`application\/json`.*`multipart\/form-data`.*`\?resource_type=raw`/ } })
    }
    t.equal(sandbox.requests.length, 0)
  })

  t.test('400, 413: bytes and JSON that a client called a form are told to name their type', async (t) => {
    const type = { 'content-type': 'application/x-www-form-urlencoded' }
    for (const body of [picture, Buffer.from('{"file":"https://example.com/cat.jpg"}'), Buffer.from('hello')]) {
      t.match(await post(url, body, type), {
        status: 400,
        body: { errors: [{ pointer: '/file', message: /is required.*of another type/ }], advice: /`application\/json`.*`application\/octet-stream`/ }
      })
    }
    const broken = await post(url, 'tags=%FF', type)
    t.match(broken, { status: 400, body: { errors: [{ pointer: '/tags', message: /UTF-8/ }] } }, 'text that is none')
    const typo = await post(url, new URLSearchParams({ fodler: 'f', tags: 'a' }))
    t.match(typo, { status: 400, body: { errors: [{ pointer: '/file', message: 'is required' }, { pointer: '/fodler', message: /did you mean "folder"/ }] } }, 'a form stays one')
    const large = await post(url, Buffer.alloc(2 * MB, 'x'), type)
    t.match(large, { status: 413, body: { detail: /limit for a urlencoded form is/, advice: /under their own media type, such as `application\/octet-stream`/ } })
    t.equal(sandbox.requests.length, 0)
  })
})

t.test('POST /upload: limits', async (t) => {
  t.test('M4, M5: 413 with both numbers for the announced and the counted size; nothing is stored', async (t) => {
    const { url, sandbox } = await startGateway(t, { upload: { maxBytes: 100_000 } })
    t.match(await post(`${url}/upload`, Buffer.alloc(100_001)), { status: 413, body: { detail: 'The file has 100001 bytes; the limit is 100000.' } })
    t.match(await post(`${url}/upload`, form(['file', Buffer.alloc(100_001)])), { status: 413, body: { detail: /at least 100001 bytes; the limit is 100000/ } })
    t.match(await post(`${url}/upload?resource_type=raw`, form(['file', Buffer.alloc(100_000)])), { status: 200 })
    t.equal(sandbox.requests.filter(({ status }) => status === 200).length, 1)
  })

  t.test('M26: 503 with Retry-After over the number of uploads at a time, before the body is read', async (t) => {
    const { url } = await startGateway(t, { upload: { maxConcurrent: 1 } })
    const { hostname, port } = new URL(url)
    const first = httpRequest({ hostname, port, method: 'POST', path: '/upload?resource_type=raw', headers: { 'content-type': 'x/y' } })
    first.write('a')
    const refused = async (): Promise<Answer> => {
      const answer = await post(`${url}/upload`, form(['file', Buffer.alloc(10)]))
      return answer.status === 503 ? answer : refused() // the first has not arrived yet
    }
    const { headers, body } = await refused()
    t.equal(body['code'], 'overloaded')
    t.equal(headers.get('retry-after'), '5')
    first.end('b')
    const [response] = await once(first, 'response') as [IncomingMessage]
    t.match(await json(response), { bytes: 2 })
    t.match(await post(`${url}/upload?resource_type=raw`, form(['file', Buffer.alloc(10)])), { status: 200 }, 'then there is room again')
  })

  t.test('M21: 408 for a body that stops', async (t) => {
    const { url, upstream } = await startFaulty(t, { idleTimeoutMs: 100 })
    const { hostname, port } = new URL(url)
    const slow = httpRequest({ hostname, port, method: 'POST', path: '/upload', headers: { 'content-type': 'x/y', 'content-length': String(2 * MB) } })
    slow.on('error', () => {})
    slow.write(Buffer.alloc(100_000))
    const [response] = await once(slow, 'response') as [IncomingMessage]
    t.equal(response.statusCode, 408)
    t.match(await json(response), { code: 'request_timeout' })
    t.match(await upstream.ended(), { end: 'aborted' })
    slow.destroy()
  })
})

t.test('POST /upload: memory for data URIs', async (t) => {
  const uri = (bytes: number, character = 'A'): string => `data:;base64,${character.repeat(bytes)}`
  const type = { 'content-type': 'application/json' }

  t.test('413 with both numbers and advice, before the body is read: longer than the limit, or than all that uploads may hold', async (t) => {
    const { upstream, url } = await startFaulty(t, { textMaxBytes: 2 * MB, bufferBytes: 5 * MB })
    const { url: small } = await startFaulty(t, { bufferBytes: 5 * MB })
    t.match(await post(`${url}/upload`, JSON.stringify({ file: uri(2 * MB - 13) }), type), { status: 200 })
    t.equal(upstream.seen.at(-1)?.fields['file'], uri(2 * MB - 13))
    const over = JSON.stringify({ file: uri(2 * MB - 12) })
    t.match(await post(`${url}/upload`, over, type), { status: 413, body: { detail: 'The data URI has 2097153 bytes; the limit for JSON is 2097152.', advice: /`multipart\/form-data`/ } })
    for (const [gateway, detail] of [[url, /has 6291456 bytes; the limit for JSON is 3145728/], [small, /has 6291456 bytes; all uploads together may hold 5242880/]] as const) {
      const { hostname, port } = new URL(gateway)
      const asking = httpRequest({ hostname, port, method: 'POST', path: '/upload', headers: { ...type, 'content-length': String(6 * MB), expect: '100-continue' } })
      asking.on('error', () => {})
      asking.on('continue', () => t.fail('the body is asked for'))
      asking.flushHeaders()
      const [response] = await once(asking, 'response') as [IncomingMessage]
      t.equal(response.statusCode, 413)
      t.match(await json(response), { code: 'payload_too_large', detail, advice: /`multipart\/form-data`/ })
      asking.destroy()
    }
    t.equal(upstream.seen.length, 1)
  })

  t.test('503 while there is no room, 200 once there is; a short body needs none', async (t) => {
    const { upstream, url } = await startFaulty(t, { bufferBytes: 5 * MB })
    const { hostname, port } = new URL(url)
    const first = httpRequest({ hostname, port, method: 'POST', path: '/upload', headers: { ...type, 'content-length': String(3 * MB) } })
    const body = JSON.stringify({ file: uri(3 * MB - 24) })
    first.write(body.slice(0, 100_000))
    const large = JSON.stringify({ file: uri(3 * MB - 24, 'B') })
    const refused = async (): Promise<Answer> => {
      const answer = await post(`${url}/upload`, large, type)
      return answer.status === 503 ? answer : refused() // the first has not arrived yet
    }
    const { headers, body: problem } = await refused()
    t.match(problem, { code: 'overloaded', retryable: true })
    t.equal(headers.get('retry-after'), '5')
    t.match(await post(`${url}/upload`, JSON.stringify({ file: uri(MB / 2) }), type), { status: 200 })
    first.end(body.slice(100_000))
    const [response] = await once(first, 'response') as [IncomingMessage]
    t.equal(response.statusCode, 200)
    await json(response)
    t.match(await post(`${url}/upload`, large, type), { status: 200 })
    t.same(upstream.seen.slice(-2).map(({ fields }) => fields['file']?.at(-1)), ['A', 'B'])
  })

  t.test('the memory is free again after every end: a fault, a refusal, a caller that left', async (t) => {
    const { upstream, url } = await startFaulty(t, { bufferBytes: 5 * MB })
    const { hostname, port } = new URL(url)
    const large = (fields: object): string => JSON.stringify({ ...fields, file: uri(4 * MB) })
    // First: an upload that is given up on its way could take the script of a later one.
    upstream.script({ status: 400, body: '{"error":{"message":"no"}}' })
    t.match(await post(`${url}/upload`, large({}), type), {
      status: 400, body: { code: 'upstream_rejected' }
    })
    for (const [body, status] of [[large({ fodler: 'x' }), 400], [large({}).slice(0, -1), 400], [large({}).replace('data:;', 'data:;;'), 400], [`${large({}).slice(0, -2)}-"}`, 400]] as const) {
      t.match(await post(`${url}/upload`, body, type), { status })
    }
    const leaving = connect(Number(port), hostname)
    leaving.write(`POST /upload HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${4 * MB}\r\n\r\n{`)
    await once(leaving, 'connect')
    leaving.destroy()
    const free = async (): Promise<Answer> => {
      const answer = await post(`${url}/upload`, large({}), type)
      return answer.status === 503 ? free() : answer // the one that leaves has not left yet
    }
    t.match(await free(), { status: 200 })
  })
})

t.test('POST /upload before an upstream that fails', async (t) => {
  const { upstream, url: gateway } = await startFaulty(t)
  const url = `${gateway}/upload`
  const large = randomBytes(4 * MB)

  t.test('U5, U6, U9: 502 and 504, and the connection is closed', async (t) => {
    const huge = randomBytes(16 * MB) // more than the buffers of a connection take: its last byte has not left when the upstream ends
    for (const act of ['reset', 'fin'] as const) {
      upstream.script({ at: 100_000, act })
      t.match(await post(url, form(['file', huge])), { status: 502, body: { retryable: true } })
    }
    const impatient = await startFaulty(t, {}, { uploadHeadersTimeoutMs: 500 })
    impatient.upstream.script({ act: 'silent' })
    t.match(await post(`${impatient.url}/upload`, form(['file', huge])), {
      status: 504, body: { retryable: false, outcome: 'unknown', advice: /^Check whether the asset exists/ }
    })
  })

  t.test('a failure tells after how many tries it was given up, those of all chunks together', async (t) => {
    const { upstream, url } = await startFaulty(t, { chunkBytes: MB, singleRequestMaxBytes: 1 })
    upstream.script({ status: 500 }, {}, { status: 500 }, { status: 500 }, { status: 500 })
    const { status, headers } = await post(`${url}/upload`, form(['file', randomBytes(1.5 * MB)]))
    t.equal(status, 502)
    t.equal(headers.get('x-upload-attempts'), '4', 'the first chunk twice, the second three times')
    t.equal(upstream.seen.length, 5)
  })

  t.test('U7: an early refusal, 40 times: the caller gets a problem answer, never a 500', async (t) => {
    const counts: Record<number, number> = {}
    for (let round = 0; round < 40; round++) {
      upstream.script({ at: 100_000, status: 401, body: '{"error":{"message":"Unknown API key 1234"}}', close: true })
      const { status, body } = await post(url, form(['file', large]))
      counts[status] = (counts[status] ?? 0) + 1
      if (!['credentials_rejected', 'upstream_failed'].includes(String(body['code']))) t.fail(JSON.stringify(body))
    }
    t.same(counts, { 502: 40 })
  })

  t.test('M19: a caller that leaves ends the request upstream, and nothing is repeated', async (t) => {
    const before = upstream.seen.length
    const { hostname, port } = new URL(url)
    for (const sent of [200_000, 3 * MB]) {
      const leaving = connect(Number(port), hostname)
      leaving.on('error', () => {})
      leaving.write(`POST /upload HTTP/1.1\r\nHost: x\r\nContent-Type: x/y\r\nContent-Length: ${4 * MB}\r\n\r\n`)
      leaving.write(large.subarray(0, sent))
      const count = upstream.seen.length
      while (upstream.seen.length === count) await new Promise((resolve) => { setTimeout(resolve, 5) })
      leaving.destroy()
      t.match(await upstream.ended(), { end: 'aborted' })
    }
    t.equal(upstream.seen.length - before, 2)
  })

  t.test('200, 502: a stored file that differs is told; a raw one is a failure', async (t) => {
    upstream.script({ body: '{"public_id":"a","bytes":1}' }, { body: '{"public_id":"a","bytes":1,"resource_type":"raw"}' })
    const { status, headers } = await post(url, form(['file', randomBytes(100)]))
    t.equal(status, 200)
    t.equal(headers.get('x-upload-integrity'), 'differs')
    t.match(await post(url, form(['file', randomBytes(100)])), { status: 502, body: { code: 'integrity_failed', retryable: false, stored: { bytes: 1 } } })
  })
})
