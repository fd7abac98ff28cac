import t, { type Test } from 'tap'
import { startGateway } from '../support/gateway.ts'
import { announce, talk } from '../support/talk.ts'

// What clients say of a body when nobody told them what it is. Its text must not be stored as a file.

const FIELDS = '{"file":"https://example.com/cat.jpg","public_id":"cats/tom"}'
const ADVICE = /`application\/json`.*`multipart\/form-data`.*`application\/octet-stream`.*`\?resource_type=raw`/
/** Routes with a body of JSON alone. */
const JSON_ROUTES = [
  ['POST', '/url'],
  ['POST', '/signed-url'],
  ['POST', '/signature'],
  ['POST', '/signature/explain'],
  ['POST', '/signature/batch'],
  ['PATCH', '/resources/cats/tom']
] as const

interface Answer { status: number, headers: Headers, body: Record<string, unknown> }

async function send (url: string, body: string, type?: string, method = 'POST'): Promise<Answer> {
  // fetch names text/plain for a text, and nothing for bytes.
  const response = await fetch(url, { method, body: type === undefined ? Buffer.from(body) : body, headers: type === undefined ? {} : { 'content-type': type } })
  const answer = await response.json() as Record<string, unknown> // all answers are JSON objects
  return { status: response.status, headers: response.headers, body: answer }
}

async function storedAt ({ body }: Answer): Promise<string> {
  return (await fetch(String(body['secure_url']).replace('https:', 'http:'))).text()
}

async function start (t: Test) {
  const gateway = await startGateway(t)
  return { ...gateway, upload: `${gateway.url}/upload` }
}

t.test('415 with advice, and nothing is sent: JSON as browsers send text, without a type, and as another kind of JSON', async (t) => {
  const { sandbox, upload } = await start(t)
  const asBrowsersDo = await fetch(upload, { method: 'POST', body: FIELDS })
  t.match(await asBrowsersDo.json(), { status: 415, code: 'unsupported_media_type', detail: /^text\/plain is/, advice: ADVICE })
  for (const type of [undefined, '', 'text/plain', 'Text/Plain; Charset=UTF-8', 'text/json', 'application/vnd.api+json', 'application/x-json', '*/*', 'undefined']) {
    for (const query of ['', '?resource_type=auto', '?resource_type=image&public_id=raw']) {
      const { status, body, headers } = await send(upload + query, FIELDS, type)
      t.match({ status, body }, { status: 415, body: { code: 'unsupported_media_type', advice: ADVICE } }, `${String(type)} ${query}`)
      t.equal(headers.get('accept'), 'multipart/form-data, application/octet-stream, application/json, application/x-www-form-urlencoded')
    }
  }
  t.equal(sandbox.requests.length, 0)
})

t.test('415 before a byte is read, on a raw socket: also where the caller waits to be asked', async (t) => {
  const { url, sandbox } = await start(t)
  for (const type of [[], ['Content-Type:'], ['Content-Type: text/plain'], ['Content-Type: application/ld+json'], ['Content-Type: multipart/mixed; boundary=B'], ['Content-Type: multipart/related; boundary=B']]) {
    for (const more of [['Content-Length: 300000000'], ['Transfer-Encoding: chunked'], ['Content-Length: 300000000', 'Expect: 100-continue']]) {
      const answer = await announce(url, ['POST /upload HTTP/1.1', 'Host: 127.0.0.1', ...type, ...more])
      t.match(answer, /^HTTP\/1\.1 415 /, [...type, ...more].join())
      t.match(JSON.parse(answer.split('\r\n\r\n')[1] ?? ''), { code: 'unsupported_media_type' })
    }
  }
  t.match(await talk(url, `POST /upload HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: ${FIELDS.length}\r\n\r\n${FIELDS}`), /^HTTP\/1\.1 415 /)
  t.equal(sandbox.requests.length, 0)
})

t.test('415, and nothing is sent, for a form under a name that nobody reads, and for the names of types that are missing', async (t) => {
  const { sandbox, upload } = await start(t)
  const form = '--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nhello\r\n--b--\r\n'
  for (const type of ['application/octet-stream; boundary=b', 'application/form-data; boundary=b', 'application/x-url-encoded', 'text/x-www-form-encoded', 'null/null', 'application/unknown']) {
    for (const query of ['', '?resource_type=raw']) {
      t.match(await send(upload + query, form, type), { status: 415, body: { code: 'unsupported_media_type', advice: ADVICE } }, `${type} ${query}`)
    }
  }
  t.equal(sandbox.requests.length, 0)
})

t.test('200: text and JSON are stored as they are with resource_type=raw in the query', async (t) => {
  const { upload } = await start(t)
  for (const type of ['text/plain', 'TEXT/PLAIN;charset=utf-8', 'application/geo+json', 'text/json']) {
    const answer = await send(`${upload}?resource_type=raw`, FIELDS, type)
    t.match(answer, { status: 200, body: { resource_type: 'raw', bytes: FIELDS.length } }, type)
    t.equal(await storedAt(answer), FIELDS)
  }
  t.match(await send(`${upload}?resource_type=raw`, FIELDS), { status: 415, body: { detail: /has no Content-Type/ } })
})

t.test('JSON is fields under its own type alone, whatever its parameters, also with resource_type=raw', async (t) => {
  const { upload } = await start(t)
  for (const type of ['application/json', 'Application/JSON;charset="utf-8"', 'application/json; version=1', 'application/json;']) {
    const answer = await send(`${upload}?resource_type=raw`, '{"file":"data:text/plain;base64,aGVsbG8="}', type)
    t.match(answer, { status: 200 }, type)
    t.equal(await storedAt(answer), 'hello')
  }
})

t.test('415 that names application/json on every other route with a body, and multipart for a direct upload', async (t) => {
  const { url, sandbox } = await start(t)
  await sandbox.add('cats/tom')
  const before = sandbox.requests.length
  for (const type of [undefined, '', 'text/plain', 'text/json', 'application/vnd.api+json', 'application/jsonx', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=B', '*/*']) {
    for (const [method, path] of JSON_ROUTES) {
      const { status, body, headers } = await send(url + path, '{"public_id":"a"}', type, method)
      t.match({ status, body }, { status: 415, body: { code: 'unsupported_media_type', detail: /application\/json/ } }, `${method} ${path} ${String(type)}`)
      t.equal(headers.get('accept'), 'application/json')
    }
    if (type?.startsWith('multipart') === true) continue
    const { status, body, headers } = await send(`${url}/direct-upload`, '{"file":"https://example.com"}', type)
    t.match({ status, body }, { status: 415, body: { detail: /multipart\/form-data/ } }, String(type))
    t.equal(headers.get('accept'), 'multipart/form-data')
  }
  t.equal(sandbox.requests.length, before)
})
