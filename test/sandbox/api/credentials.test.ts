import { createHash } from 'node:crypto'
import t from 'tap'
import { startSandbox } from '../../../src/sandbox/index.ts'

const clouds = [
  { cloudName: 'one', apiKey: '1', apiSecret: 'a', oauthToken: 'tok' },
  { cloudName: 'two', apiKey: '2', apiSecret: 'b' }
]
const sandbox = await startSandbox({ clouds })
t.teardown(() => sandbox.close())

const pixel = 'data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7'
const post = async (path: string, body: Record<string, string>, headers: Record<string, string> = {}) => {
  const answer = await fetch(`${sandbox.url}/v1_1/${path}`, { method: 'POST', body: new URLSearchParams(body), headers })
  return { status: answer.status, header: answer.headers.get('x-cld-error'), ...await answer.json() as { error?: { message: string } } } // the API's only two shapes
}
const basic = (pair: string) => ({ authorization: `Basic ${btoa(pair)}` })

t.test('400 and 401 in the words of the vendor', async (t) => {
  const cases: [string, string, Record<string, string>, Record<string, string>, number, string][] = [
    ['no key, no preset', 'one/image/upload', { file: pixel }, {}, 400, 'Upload preset must be specified when using unsigned upload'],
    ['no key, a preset, an unknown cloud', 'none/image/upload', { file: pixel, upload_preset: 'p' }, {}, 401, 'Unknown API key '],
    ['a key, an unknown cloud', 'none/image/upload', { file: pixel, api_key: '1', timestamp: '1', signature: 'x' }, {}, 401, 'Invalid cloud_name none'],
    ['an unknown key', 'one/image/upload', { file: pixel, api_key: '9', timestamp: '1', signature: 'x' }, {}, 401, 'Unknown API key 9'],
    ['the key of another cloud', 'one/image/upload', { file: pixel, api_key: '2', timestamp: '1', signature: 'x' }, {}, 401, 'cloud_name mismatch'],
    ['no timestamp', 'one/image/upload', { file: pixel, api_key: '1', signature: 'x' }, {}, 400, 'Missing required parameter - timestamp'],
    ['no signature', 'one/image/upload', { file: pixel, api_key: '1', timestamp: '1' }, {}, 400, 'Missing required parameter - signature'],
    ['a wrong signature', 'one/image/upload', { file: pixel, api_key: '1', timestamp: '1', public_id: 'p', signature: 'bad' }, {}, 401, 'Invalid Signature bad. String to sign - \'public_id=p&timestamp=1\'.'],
    ['destroy without a key', 'one/image/destroy', { public_id: 'p' }, {}, 400, 'Missing required parameter - api_key'],
    ['a header with a wrong secret', 'one/image/upload', { file: pixel }, basic('1:z'), 401, 'api_secret mismatch'],
    ['a wrong token', 'one/image/upload', { file: pixel }, { authorization: 'Bearer x' }, 401, 'Invalid token'],
    ['a header and no file', 'one/image/upload', { public_id: 'p' }, basic('1:a'), 400, 'Missing required parameter - file']
  ]
  for (const [title, path, body, headers, status, message] of cases) {
    t.match(await post(path, body, headers), { status, header: message.trim(), error: { message } }, title)
  }
})

t.test('200: Basic and a token need neither timestamp nor signature', async (t) => {
  t.match(await post('one/image/upload', { file: pixel, public_id: 'basic' }, basic('1:a')), { status: 200, public_id: 'basic' })
  t.match(await post('one/image/upload', { file: pixel, public_id: 'bearer' }, { authorization: 'Bearer tok' }), { status: 200, public_id: 'bearer' })
})

t.test('clouds do not see each other', async (t) => {
  const answer = await fetch(`${sandbox.url}/v1_1/two/resources/image/upload/basic`, { headers: basic('2:b') })
  t.equal(answer.status, 404)
})

/** The fields with a time and a signature over all of them. */
function signed (fields: Record<string, string>, algorithm: 'sha1' | 'sha256', over: Record<string, string> = fields): URLSearchParams {
  const timestamp = String(Math.floor(Date.now() / 1000))
  const text = Object.entries({ ...over, timestamp }).map(([name, value]) => `${name}=${value}`).sort().join('&')
  return new URLSearchParams({ ...fields, timestamp, api_key: '1', signature: createHash(algorithm).update(`${text}a`).digest('hex') })
}

t.test('the Upload API: signed fields in a form, in JSON, in the query; SHA-1 and SHA-256', async (t) => {
  for (const algorithm of ['sha1', 'sha256'] as const) {
    const form = signed({ public_id: `by-${algorithm}`, tags: 'a,b' }, algorithm)
    const json = { ...Object.fromEntries(form), timestamp: Number(form.get('timestamp')), tags: ['a', 'b'], file: pixel }
    const ask = async (body: string | URLSearchParams | FormData, headers: Record<string, string> = {}, query = '') => {
      const answer = await fetch(`${sandbox.url}/v1_1/one/image/upload${query}`, { method: 'POST', body, headers })
      return { status: answer.status, ...await answer.json() as object } // the API's only two shapes
    }
    const expected = { status: 200, public_id: `by-${algorithm}`, tags: ['a', 'b'] }
    t.match(await ask(new URLSearchParams([...form, ['file', pixel]])), expected, `${algorithm}, urlencoded`)
    t.match(await ask(JSON.stringify(json), { 'content-type': 'application/json' }), expected, `${algorithm}, JSON`)
    t.match(await ask(new URLSearchParams({ file: pixel }), {}, `?${form.toString()}`), expected, `${algorithm}, in the query`)
    const multipart = new FormData()
    for (const [name, value] of form) multipart.set(name, value)
    multipart.set('file', new Blob([Buffer.from(pixel.split(',')[1] ?? '', 'base64')]), 'x.gif')
    t.match(await ask(multipart), expected, `${algorithm}, multipart`)
  }
})

t.test('the Admin API: Basic or a token; a signature only on the four calls that an official client signs', async (t) => {
  await sandbox.reset()
  await sandbox.add('x', { tags: 't', context: 'k=v' })
  await sandbox.add('y', { type: 'private' })
  const ask = async (method: string, path: string, query?: URLSearchParams, headers: Record<string, string> = {}) =>
    (await fetch(`${sandbox.url}/v1_1/one/${path}${query ? `?${query.toString()}` : ''}`, { method, headers })).status
  const flags = { colors: 'false', max_results: '10' }
  t.equal(await ask('GET', 'resources/image/upload/x', undefined, basic('1:a')), 200, 'Basic')
  t.equal(await ask('GET', 'resources/image/upload/x', undefined, { authorization: 'Bearer tok' }), 200, 'a token')
  t.equal(await ask('GET', 'resources/image/upload/x', undefined, { authorization: 'Bearer no' }), 401, 'a wrong token')
  t.equal(await ask('GET', 'resources/image/upload/x'), 401, 'nothing at all')
  const open: [string, string, Record<string, string>][] = [
    ['GET', 'resources/image/upload/x', flags],
    ['POST', 'resources/image/upload/x', { tags: 'new' }],
    ['GET', 'resources/image/context', { key: 'k' }],
    ['DELETE', 'resources/image/upload', { public_ids: 'absent' }]
  ]
  for (const [method, path, fields] of open) {
    t.equal(await ask(method, path, signed(fields, 'sha256')), 200, `${method} ${path}`)
    t.equal(await ask(method, path, signed(fields, 'sha1')), 401, `${method} ${path}: that client never signs with SHA-1`)
    t.equal(await ask(method, path, signed({}, 'sha256')), 401, `${method} ${path}: a signature over the time alone`)
    t.equal(await ask(method, path, signed(fields, 'sha256', {})), 401, `${method} ${path}: parameters that are not signed`)
  }
  const closed: [string, string, Record<string, string>][] = [
    ['GET', 'resources/image/private/y', flags],
    ['GET', 'resources/image/upload', { max_results: '10' }],
    ['GET', 'resources/image', { max_results: '10' }],
    ['GET', 'resources/image/tags/t', { max_results: '10' }],
    ['DELETE', 'resources/image/tags/t', { keep_original: 'false' }],
    ['DELETE', 'resources/image/private', { all: 'true' }],
    ['POST', 'resources/image/upload/update_access_mode', { access_mode: 'authenticated' }],
    ['POST', 'resources/search', { max_results: '10' }],
    ['GET', 'tags/image', { max_results: '10' }],
    ['GET', 'usage', { max_results: '10' }]
  ]
  for (const [method, path, fields] of closed) t.equal(await ask(method, path, signed(fields, 'sha256')), 401, `${method} ${path}`)
  t.match(await (await fetch(`${sandbox.url}/v1_1/one/resources/image`, { headers: basic('1:a') })).json(), { resources: [{ public_id: 'y', access_mode: 'public' }, { public_id: 'x', access_mode: 'public' }] }, 'and nothing came of it')
})
