import { createHash, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import t from 'tap'
import { startGateway } from '../support/gateway.ts'

const MB = 1024 * 1024
const picture = readFileSync(new URL('../fixtures/landscape.jpg', import.meta.url))
const md5 = (bytes: Buffer): string => createHash('md5').update(bytes).digest('hex')
const seconds = (): number => Math.floor(Date.now() / 1000)

/** Signed by the rules on Cloudinary's page, with nothing of ours. */
function signed (fields: Record<string, string>, secret = 'abcd', algorithm = 'sha1'): Record<string, string> {
  const text = Object.keys(fields).sort().map((name) => `${name}=${fields[name]}`).join('&')
  return { ...fields, signature: createHash(algorithm).update(text + secret).digest('hex') }
}

function form (fields: Record<string, string>, file: Buffer | string = picture, position: 'first' | 'last' = 'last', extra: Array<[string, string]> = []): FormData {
  const data = new FormData()
  const addFile = (): void => { if (typeof file === 'string') data.append('file', file); else data.append('file', new Blob([file]), 'x.jpg') }
  if (position === 'first') addFile()
  for (const [name, value] of [...Object.entries(fields), ...extra]) data.append(name, value)
  if (position === 'last') addFile()
  return data
}

interface Answer { status: number, headers: Headers, body: Record<string, unknown> }

async function post (url: string, body: NonNullable<RequestInit['body']>, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await fetch(url, { method: 'POST', body, headers, ...(body instanceof ReadableStream && { duplex: 'half' }) } as RequestInit) // duplex is missing in its type
  return { status: response.status, headers: response.headers, body: await response.json() as Record<string, unknown> } // all answers are JSON objects
}

t.test('POST /direct-upload', async (t) => {
  const { url: gateway, sandbox } = await startGateway(t)
  const url = `${gateway}/direct-upload`
  const now = (): string => String(seconds())

  t.test('200: the file before and after the signed fields, SHA-1 and SHA-256', async (t) => {
    for (const position of ['first', 'last'] as const) {
      for (const algorithm of ['sha1', 'sha256']) {
        const fields = signed({ timestamp: now(), public_id: `direct/${position}-${algorithm}`, tags: 'a,b' }, 'abcd', algorithm)
        t.match(await post(url, form(fields, picture, position)), { status: 200, body: { public_id: fields['public_id'], etag: md5(picture), tags: ['a', 'b'] } })
        t.match(sandbox.requests.at(-1)?.fields, { signature: fields['signature'], timestamp: fields['timestamp'] }, 'passed on as they are')
      }
    }
  })

  t.test('200: resource_type, api_key and cloud_name beside the signed fields; a list as repeated fields', async (t) => {
    const beside = { resource_type: 'raw', api_key: '1234', cloud_name: 'demo' }
    t.match(await post(url, form({ ...signed({ timestamp: now() }), ...beside })), { status: 200, body: { resource_type: 'raw' } })
    t.match(await post(`${url}?resource_type=raw`, form(signed({ timestamp: now() }), picture, 'first', [['resource_type', 'raw']])), { status: 200, body: { resource_type: 'raw' } })
    const { tags: _, ...fields } = signed({ tags: 'a,b', timestamp: now() })
    t.match(await post(url, form(fields, picture, 'last', [['tags[]', 'a'], ['tags[]', 'b']])), { status: 200, body: { tags: ['a', 'b'] } })
  })

  t.test('200: the answer of POST /signature is all that is needed', async (t) => {
    const { body } = await post(`${gateway}/signature`, '{"folder":"users/1","tags":["a"]}', { 'content-type': 'application/json' })
    t.match(await post(url, form(body['fields'] as Record<string, string>)), { status: 200, body: { tags: ['a'] } })
  })

  t.test('200: in chunks, all under the caller\'s one signature', async (t) => {
    const small = await startGateway(t, { upload: { chunkBytes: 5 * MB + 1, singleRequestMaxBytes: 6 * MB } })
    const bytes = randomBytes(12 * MB)
    const fields = { ...signed({ timestamp: now() }), resource_type: 'raw' }
    t.match(await post(`${small.url}/direct-upload`, form(fields, bytes)), { status: 200, body: { etag: md5(bytes) } })
    t.same(new Set(small.sandbox.requests.map(({ fields: { signature } }) => signature)).size, 1)
    const before = small.sandbox.requests.length
    t.match(await post(`${small.url}/direct-upload`, form(signed({ timestamp: now() }), bytes, 'first')), { status: 400, body: { errors: [{ pointer: '/signature', message: /before a file/ }] } })
    t.equal(small.sandbox.requests.length, before, 'refused before anything was sent')
  })

  t.test('200: a form of unknown length', async (t) => {
    const { headers, body } = new Response(form(signed({ timestamp: now() })))
    t.match(await post(url, body ?? '', { 'content-type': headers.get('content-type') ?? '' }), { status: 200 })
  })

  t.test('401 that names the field which differs; nothing is stored', async (t) => {
    const before = sandbox.requests.length
    const { body: { fields } } = await post(`${gateway}/signature`, '{"folder":"users/1"}', { 'content-type': 'application/json' })
    for (const position of ['first', 'last'] as const) {
      t.match(await post(url, form({ ...fields as Record<string, string>, folder: 'users/2' }, picture, position)), {
        status: 401, body: { code: 'signature_mismatch', errors: [{ pointer: '/folder', message: /users\/1.*users\/2/ }] }
      })
      t.match(await post(url, form(signed({ timestamp: now() }, 'wrong'), picture, position)), { status: 401, body: { code: 'signature_mismatch' } })
    }
    t.equal(sandbox.requests.slice(before).filter(({ status }) => status === 200).length, 0)
  })

  t.test('401 for a stale timestamp; 400 for one in milliseconds, in the future, or missing', async (t) => {
    t.match(await post(url, form(signed({ timestamp: String(seconds() - 4000) }))), { status: 401, body: { code: 'signature_expired' } })
    t.match(await post(url, form(signed({ timestamp: String(Date.now()) }))), { status: 400, body: { errors: [{ pointer: '/timestamp', message: /looks like milliseconds/ }] } })
    t.match(await post(url, form(signed({ timestamp: String(seconds() + 4000) }))), { status: 400, body: { errors: [{ pointer: '/timestamp', message: /in the future/ }] } })
    t.match(await post(url, form({})), { status: 400, body: { errors: [{ pointer: '/timestamp' }, { pointer: '/signature' }] } })
  })

  t.test('400 for unknown and repeated fields, two kinds, another cloud, no file', async (t) => {
    const fields = signed({ timestamp: now() })
    const bad: Array<[string, FormData, string, RegExp]> = [
      ['', form({ ...fields, fodler: 'x' }), '/fodler', /did you mean "folder"/],
      ['', form({ ...fields, 'a/b~c': 'x' }), '/a~1b~0c', /is not a field/],
      ['', form({ ...fields, environment: 'x' }), '/environment', /^belongs in the query or the X-Environment header$/],
      ['', form({ ...fields, zzzzzzzzzzzz: 'x' }), '/zzzzzzzzzzzz', /is not a field of this action$/],
      ['', form(fields, picture, 'first', [['fodler', 'x']]), '/fodler', /did you mean/],
      ['', form(fields, picture, 'last', [['timestamp', now()]]), '/timestamp', /more than once/],
      ['', form(fields, picture, 'last', [['tags', 'a'], ['tags[]', 'b']]), '/tags', /more than once/],
      ['', form({ ...fields, resource_type: 'movie' }), '/resource_type', /must be one of auto, image, video, raw/],
      ['?resource_type=raw', form({ ...fields, resource_type: 'image' }), '/resource_type', /is "image" in the body and "raw" in the query/],
      ['', form(fields, picture, 'first', [['resource_type', 'raw']]), '/resource_type', /put it before the file/],
      ['', form({ ...fields, cloud_name: 'other' }), '/cloud_name', /is not the cloud/],
      ['?folder=x', form(fields), '/folder', /^belongs in the body$/]
    ]
    for (const [query, body, pointer, message] of bad) t.match(await post(url + query, body), { status: 400, body: { errors: [{ pointer, message }] } }, `${pointer} ${message}`)
    const empty = new FormData()
    empty.append('timestamp', now())
    t.match(await post(url, empty), { status: 400, body: { errors: [{ pointer: '/file' }] } })
  })

  t.test('415 for anything but a form', async (t) => {
    const told = { status: 415, body: { code: 'unsupported_media_type', detail: /takes multipart\/form-data/ } }
    t.match(await post(url, '{}', { 'content-type': 'application/json' }), told)
    t.match(await post(url, new Blob(['x'])), told)
    t.match(await post(url, form({}), { 'content-encoding': 'gzip' }), { status: 415 })
  })

  t.test('a URL for a file, under the same signature', async (t) => {
    t.match(await post(url, form(signed({ timestamp: now() }), 'https://127.0.0.1:1/x.jpg')), { status: 400, body: { code: 'upstream_rejected' } })
  })

  t.test('what was stored and differs is told', async (t) => {
    const fields = signed({ timestamp: now(), transformation: 'w_10' })
    const { status, headers } = await post(url, form(fields))
    t.equal(status, 200)
    t.equal(headers.get('x-upload-integrity'), 'differs')
  })
})
