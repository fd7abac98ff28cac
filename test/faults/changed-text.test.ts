import t, { type Test } from 'tap'
import { buildApp } from '../../src/app.ts'
import { startFaultUpstream } from '../support/fault-upstream.ts'
import { environmentAt, testConfig } from '../support/gateway.ts'
import { samplePath, startWithRoutes } from '../support/route-table.ts'
import { talk } from '../support/talk.ts'

// What was sent, and a parser would quietly make something else of. Nothing of it may reach Cloudinary.

const JSON_TYPE = 'application/json'
const FORM_TYPE = 'application/x-www-form-urlencoded'
const MULTIPART = 'multipart/form-data; boundary=b'
const URL_TO_FETCH = 'https://example.com/cat.jpg'

interface Sent { target: string, method?: string, type?: string, headers?: readonly string[], body?: string }

/** Each character of a target, header or body is a byte. */
async function start (t: Test) {
  const { base, upstream, table } = await startWithRoutes(t)
  const proofs = upstream.seen.length
  const send = async ({ target, method = 'POST', type, headers = [], body = '' }: Sent) => {
    const lines = [`${method} ${target} HTTP/1.1`, 'Host: a', 'Connection: close', ...type === undefined ? [] : [`Content-Type: ${type}`], ...headers, `Content-Length: ${body.length}`]
    const answer = await talk(base, Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`, 'latin1'))
    return { status: Number(answer.slice(9, 12)), body: answer.slice(answer.indexOf('\r\n\r\n') + 4) }
  }
  const refused = async (t: Test, sent: Sent, expected: { status?: number, pointer?: string, message: RegExp }): Promise<void> => {
    const { pointer, message, status = 400 } = expected
    const answer = await send(sent)
    const what = `${sent.method ?? 'POST'} ${sent.target} ${sent.type ?? ''} ${JSON.stringify(sent.body ?? '').slice(0, 200)}`
    t.equal(answer.status, status, what)
    const { detail, errors } = JSON.parse(answer.body) as { detail: string, errors?: Array<{ pointer: string, message: string }> } // a problem
    t.match(pointer === undefined ? detail : errors?.find((fault) => fault.pointer === pointer)?.message, message, `${what}: ${answer.body}`)
    t.equal(upstream.seen.length, proofs, 'nothing was asked of Cloudinary')
  }
  const taken = async (sent: Sent) => {
    const { status } = await send(sent)
    return { status, seen: upstream.seen.splice(proofs) }
  }
  const jsonRoutes = table.filter(({ options: { schema, config } }) =>
    schema?.body !== undefined || config?.action === 'uploadResource')
    .map(({ method, options: { url } }) => ({ method, target: samplePath(url), type: JSON_TYPE }))
  return { send, refused, taken, jsonRoutes }
}

const part = (head: string, content: string): string => `--b\r\nContent-Disposition: form-data; ${head}\r\n\r\n${content}\r\n`
const file = part('name="file"; filename="a.txt"', 'hello')

t.test('400 on every route that reads JSON: a name given twice, a number that would become another, half of a character, other text than UTF-8', async (t) => {
  const { refused, jsonRoutes } = await start(t)
  t.ok(jsonRoutes.length >= 6, `${jsonRoutes.length} routes`)
  for (const route of jsonRoutes) {
    await refused(t, { ...route, body: '{"type":"private","type":"upload"}' }, { pointer: '/type', message: /^is given twice$/ })
    await refused(t, { ...route, body: '{"type":"upload","\\u0074ype":"upload"}' }, { pointer: '/type', message: /^is given twice$/ })
    await refused(t, { ...route, body: '{"context":{"a":"1","b":[{"c":1,"c":2}]}}' }, { pointer: '/context/b/0/c', message: /^is given twice$/ })
    await refused(t, { ...route, body: '{"version":12345678901234567890}' }, { pointer: '/version', message: /cannot be kept exactly/ })
    await refused(t, { ...route, body: '{"public_id":"a\\ud800"}' }, { pointer: '/public_id', message: /half of a Unicode/ })
    await refused(t, { ...route, body: '{"public_id":"a\xff"}' }, { pointer: '/public_id', message: /^is not UTF-8$/ })
    await refused(t, { ...route, body: '\xff\xfe{\0}\0' }, { pointer: '', message: /^is not UTF-8$/ })
    await refused(t, { ...route, body: '{"public_id":"a"}{"public_id":"b"}' }, { message: /not valid JSON/ })
    for (const charset of ['iso-8859-1', '"UTF-16"', 'windows-1252; charset=utf-8']) {
      await refused(t, { ...route, type: `${JSON_TYPE}; charset=${charset}`, body: '{}' }, { status: 415, message: /^The charset ".*" is not understood; send the text in UTF-8/ })
    }
  }
})

t.test('JSON in other words: a byte order mark, a charset that is UTF-8, the same name in two objects', async (t) => {
  const { send } = await start(t)
  for (const type of [JSON_TYPE, `${JSON_TYPE};charset=UTF-8`, `${JSON_TYPE}; charset="utf-8"`, `${JSON_TYPE}; charset=us-ascii`]) {
    for (const body of ['{"public_id":"\xc3\xa4"}', '\xef\xbb\xbf{"public_id":"\\u00e4"}']) {
      const answer = await send({ target: '/url', type, body })
      t.equal(answer.status, 200, `${type} ${body}`)
      t.match(answer.body, /"public_id":"ä"/)
    }
  }
  t.equal((await send({ target: '/url', type: JSON_TYPE, body: '{"public_id":"a","transformation":[{"width":1},{"width":2}]}' })).status, 200)
})

t.test('400 for JSON in a text field, in the same words', async (t) => {
  const { refused } = await start(t)
  const query = (text: string): Sent => ({ target: `/upload?context=${encodeURIComponent(text)}`, type: 'image/png', body: 'x' })
  await refused(t, query('{"a":"1","a":"2"}'), { pointer: '/context/a', message: /^is given twice$/ })
  await refused(t, { target: '/upload', type: FORM_TYPE, body: `file=${URL_TO_FETCH}&metadata={"a":["x",{"b":1,"b":2}]}` }, { pointer: '/metadata/a/1/b', message: /^is given twice$/ })
  await refused(t, { target: '/upload', type: MULTIPART, body: `${part('name="metadata"', 'a=[12345678901234567890]')}${file}--b--` }, { pointer: '/metadata/a/0', message: /cannot be kept/ })
  for (const version of ['12345678901234567890', '1e400', '+9007199254740993']) {
    await refused(t, { method: 'GET', target: `/url?public_id=a&version=${encodeURIComponent(version)}` }, { pointer: '/version', message: /cannot be kept/ })
  }
})

t.test('400 for a query or a form that cannot be decoded, and for a fragment', async (t) => {
  const { refused, taken, send } = await start(t)
  for (const target of ['/upload?resource_type=raw&public_id=a%FF', '/upload?public_id=%C3(', '/upload?public_id=a%80']) {
    await refused(t, { target, type: 'image/png', body: 'x' }, { pointer: '/public_id', message: /^is not UTF-8$/ })
  }
  for (const value of ['a%FF', 'a\xff', '%ED%A0%80']) {
    await refused(t, { target: '/upload', type: FORM_TYPE, body: `public_id=${value}&file=${URL_TO_FETCH}` }, { pointer: '/public_id', message: /^is not UTF-8$/ })
  }
  await refused(t, { target: '/upload', type: FORM_TYPE, body: `public_id=50%25%20off%&file=${URL_TO_FETCH}` }, { pointer: '/public_id', message: /"%25"/ })
  await refused(t, { method: 'DELETE', target: '/resources/a?type=private%' }, { pointer: '/type', message: /"%25"/ })
  await refused(t, { method: 'GET', target: '/url?public_id=a#b' }, { pointer: '', message: /"%23"/ })
  await refused(t, { method: 'GET', target: '/resources/a%FF' }, { message: /path is not valid/ })
  await refused(t, { target: '/upload', type: `${FORM_TYPE}; charset=iso-8859-1`, body: `file=${URL_TO_FETCH}` }, { status: 415, message: /charset "iso-8859-1"/ })
  // Bytes under the type of a form are told what they should say of themselves.
  await refused(t, { target: '/upload', type: FORM_TYPE, body: '\x89PNG\r\n\xff\0%' }, { pointer: '/file', message: /the body may be of another type/ })
  t.match(await send({ method: 'GET', target: '/url?public_id=%C3%A4%25' }), { status: 200, body: /"public_id":"ä%"/ }, 'what can be decoded is judged as it was meant')
  for (const value of ['\xc3\xa4', '%C3%A4']) t.match(await taken({ target: '/upload', type: FORM_TYPE, body: `public_id=${value}&file=${URL_TO_FETCH}` }), { status: 200, seen: [{ fields: { public_id: 'ä' } }] })
})

t.test('400 for headers that have one value and are given twice', async (t) => {
  const { refused } = await start(t)
  const body = '{"public_id":"a"}'
  await refused(t, { target: '/url', type: JSON_TYPE, headers: ['content-type: image/png'], body }, { pointer: '/Content-Type', message: /^must be given once$/ })
  for (const [name, first, second] of [
    ['Authorization', 'Bearer a', 'Bearer b'], ['X-Environment', 'production', 'staging'], ['X-Environment', 'production', 'production'],
    ['Idempotency-Key', 'a', 'b'], ['Origin', 'https://a.example', 'https://b.example']
  ] as const) {
    await refused(t, { target: '/url', type: JSON_TYPE, headers: [`${name}: ${first}`, `${name.toUpperCase()}: ${second}`], body }, { pointer: `/${name}`, message: /^must be given once$/ })
  }
})

for (const target of ['/upload', '/direct-upload']) {
  t.test(`400 from POST ${target} for parts of a form that would be skipped, or stored as other text`, async (t) => {
    const { refused } = await start(t)
    const cases: Array<[body: string, message: RegExp, pointer?: string]> = [
      [`${part('name="file"; filename="a.txt"\r\nContent-Transfer-Encoding: base64', 'aGVsbG8=')}--b--`, /"base64", which is not decoded/, '/file'],
      [`${part('name="tags"\r\nContent-Transfer-Encoding: quoted-printable', 'a=20b')}${file}--b--`, /"quoted-printable", which is not decoded/, '/tags'],
      [`${file}${part('name="tags"\r\nContent-Transfer-Encoding: base64', 'YQ==')}--b--`, /"base64", which is not decoded/, '/tags'],
      [`${part('name="public_id"', 'a\xff')}${file}--b--`, /^is not UTF-8$/, '/public_id'],
      [`${file}${part('name="public_id"', 'a\xff')}--b--`, /^is not UTF-8$/, '/public_id'],
      [`${part('name="public_id"\r\nContent-Type: text/plain; charset=iso-8859-1', 'a\xe4')}${file}--b--`, /charset "iso-8859-1"/, '/public_id'],
      [`${part('name="file"; filename="\xe4.txt"', 'hello')}--b--`, /file name that is not UTF-8/, '/file'],
      [`${part('name="ta\xffgs"', 'a')}${file}--b--`, /name that is not UTF-8/, '/ta\ufffdgs'],
      [`${file}--b\r\nContent-Disposition: attachment; name="type"\r\n\r\nprivate\r\n--b--`, /a part without a name/],
      [`--b\r\nContent-Disposition: form-data; name="type"\n\r\n\r\nprivate\r\n${file}--b--`, /header that cannot be read/],
      [`${part('name="type"; name="tags"', 'private')}${file}--b--`, /"name" given twice/],
      [`--b\r\n${'X: y\r\n'.repeat(32)}Content-Disposition: form-data; name="type"\r\n\r\nprivate\r\n${file}--b--`, /more than 32 headers/],
      [`${file}--b\r\nContent-Disposition: form-data; name="type"\n\nprivate\r\n--b--`, /headers have no end/],
      [`type=private\r\n${file}--b--`, /text before its first boundary/],
      [`${file}--b--\r\n${part('name="type"', 'private')}--b--`, /bytes behind its closing boundary/],
      [`${file}--b--${' '.repeat(200_000)}x`, /bytes behind its closing boundary/],
      [`${part('name="public_id"', 'a')}${part('name="file"', URL_TO_FETCH)}--b--{}`, /bytes behind its closing boundary/]
    ]
    for (const [body, message, pointer] of cases) await refused(t, { target, type: MULTIPART, body }, { message, ...pointer !== undefined && { pointer } })
    await refused(t, { target, type: `${MULTIPART}; charset=utf-16`, body: `${file}--b--` }, { status: 415, message: /charset "utf-16"/ })
  })
}

t.test('a form in UTF-8, however it says so', async (t) => {
  const { taken } = await start(t)
  for (const head of ['name="public_id"', 'name="public_id"\r\nContent-Type: text/plain; charset=UTF-8\r\nContent-Transfer-Encoding: 8bit']) {
    for (const end of ['--b--', '--b--\r\n', '--b-- \r\n\r\n']) {
      const { status, seen } = await taken({ target: '/upload?resource_type=raw', type: MULTIPART, body: `\r\n${part(head, '\xc3\xa4')}${file}${end}` })
      t.match({ status, seen }, { status: 200, seen: [{ fields: { public_id: 'ä' }, file: { bytes: 5, filename: 'a.txt' } }] }, head)
    }
  }
})

t.test('a data URI is compared with what is stored: 502 for a raw file that differs', async (t) => {
  const upstream = await startFaultUpstream(t)
  const app = await buildApp({ config: testConfig([environmentAt(upstream.url)], { upload: { verify: 'md5' } }) })
  t.teardown(() => app.close())
  const base = await app.listen({ host: '127.0.0.1', port: 0 })
  const uri = `data:text/plain;base64,${Buffer.from('hello world').toString('base64')}`
  const ways: Record<string, () => Promise<Response>> = {
    JSON: () => fetch(`${base}/upload`, { method: 'POST', body: JSON.stringify({ file: uri, resource_type: 'raw' }), headers: { 'content-type': JSON_TYPE } }),
    form: () => fetch(`${base}/upload`, { method: 'POST', body: new URLSearchParams({ file: uri, resource_type: 'raw' }) }),
    multipart: () => {
      const form = new FormData()
      form.append('file', uri)
      return fetch(`${base}/upload?resource_type=raw`, { method: 'POST', body: form })
    }
  }
  for (const [name, way] of Object.entries(ways)) {
    upstream.script({ body: '{"public_id":"x","bytes":11,"resource_type":"raw","etag":"0"}' })
    const good = await way()
    t.match([good.status, good.headers.get('x-upload-integrity')], [200, 'verified'], name)
    upstream.script({ body: '{"public_id":"x","bytes":15,"resource_type":"raw"}' })
    const other = await way()
    t.match(await other.json(), { status: 502, code: 'integrity_failed', detail: /^11 bytes were sent; Cloudinary stored 15/ }, name)
  }
})
