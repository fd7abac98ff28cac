import { createHash, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { buildApp } from '../../src/app.ts'
import { startFaultUpstream } from '../support/fault-upstream.ts'
import { environmentAt, startGateway, testConfig } from '../support/gateway.ts'
import { startSandboxProcess } from '../support/sandbox-process.ts'

// Base64 that was damaged on its way. Lenient decoders skip what they do not know, and store other bytes.

const HEAD = 'data:application/octet-stream;base64,'
const BYTES = Buffer.from('fbefbe00ff', 'hex')
const TEXT = '++++AP8=' // of these bytes

interface Answer { status: number, body: Record<string, unknown> }
type Send = (url: string, file: string) => Promise<Answer>

async function post (url: string, body: NonNullable<RequestInit['body']>, type?: string): Promise<Answer> {
  const response = await fetch(url, { method: 'POST', body, headers: type === undefined ? {} : { 'content-type': type } })
  const answer = await response.json() as Record<string, unknown> // all answers are JSON objects
  return { status: response.status, body: answer }
}

function form (fields: Record<string, string>): FormData {
  const data = new FormData()
  for (const [name, value] of Object.entries(fields)) data.append(name, value)
  return data
}

const FORM = 'application/x-www-form-urlencoded'
const WAYS: Readonly<Record<string, Send>> = {
  JSON: async (url, file) => post(url, JSON.stringify({ file }), 'application/json'),
  'a urlencoded form': async (url, file) => post(url, new URLSearchParams({ file })),
  multipart: async (url, file) => post(url, form({ file }))
}

async function storedAt ({ body }: Answer): Promise<Buffer> {
  return Buffer.from(await (await fetch(String(body['secure_url']).replace('https:', 'http:'))).arrayBuffer())
}

const refused = (message: RegExp): object => ({ status: 400, body: { code: 'invalid_request', errors: [{ pointer: '/file', message }] } })

t.test('400 that names the lost plus, and nothing is sent: a form that was put together by hand', async (t) => {
  const { url, sandbox } = await startGateway(t)
  t.match(await post(`${url}/upload?resource_type=raw`, `file=${HEAD}${TEXT}`, FORM), refused(/^has at character 1 of its base64 a blank, most likely a lost "\+".*%2B/))
  t.match(await post(`${url}/upload`, 'file=data:image/svg+xml;base64,AAAA', FORM), refused(/"\+" was probably lost.*%2B/), 'the media type lost it, too')
  t.match(await post(`${url}/upload?resource_type=raw`, `file=${HEAD}${encodeURIComponent(encodeURIComponent(TEXT))}`, FORM), refused(/"%"/))
  t.equal(sandbox.requests.length, 0)
})

for (const [name, send] of Object.entries(WAYS)) {
  t.test(`${name}: 400 for all that decoders skip, 200 for line ends, missing padding and spare bits`, async (t) => {
    const { url: gateway, sandbox } = await startGateway(t)
    const url = `${gateway}/upload?resource_type=raw`
    const bad: Array<[string, RegExp]> = [
      ['++ +AP8=', /a blank/],
      ['++++AP8= ', /a blank/],
      ['--__AP8=', /"-" of the URL-safe/],
      ['++++AP8%3D', /"%"/],
      ['++++\tAP8=', /not a base64 character/],
      ['++++AP8=#x', /"#"/],
      ['ÄÄÄÄ', /outside ASCII/],
      ['++++A=P8', /single base64/],
      ['++++A', /single base64/],
      ['++++AP8==', /misplaced "="/],
      ['++=+AP8', /misplaced "="/],
      ['++++AP8=A', /misplaced "="/]
    ]
    for (const [text, message] of bad) t.match(await send(url, HEAD + text), refused(message), text)
    // Percent-encoded, as RFC 2397 allows: Cloudinary takes base64 alone.
    for (const uri of ['data:text/plain,hello%20world', 'data:,hello', 'data:text/plain;base64;charset=utf-8,AAAA']) t.match(await send(url, uri), refused(/is not a base64 data URI/), uri)
    t.equal(sandbox.requests.length, 0, 'nothing was sent')
    for (const text of [TEXT, '++++AP8', '++++\r\nAP\n8=\r\n', '++++AP9=']) {
      const answer = await send(url, HEAD + text)
      t.equal(answer.status, 200, text)
      t.same(await storedAt(answer), BYTES, JSON.stringify(text))
    }
  })
}

t.test('under a signature: 400, and nothing is sent', async (t) => {
  const { url, sandbox } = await startGateway(t)
  const { body } = await post(`${url}/signature`, '{"public_id":"signed","resource_type":"raw"}', 'application/json')
  const fields = body['fields'] as Record<string, string> // as its schema says
  const direct = async (file: string): Promise<Answer> => post(`${url}/direct-upload?resource_type=raw`, form({ ...fields, file }))
  t.match(await direct(`${HEAD}++ +AP8=`), refused(/a blank/))
  t.equal(sandbox.requests.length, 0)
  t.same(await storedAt(await direct(HEAD + TEXT)), BYTES)
})

t.test('streamed, longer than a field: 400 in the middle and at the end, and no complete request goes up', async (t) => {
  const upstream = await startFaultUpstream(t)
  const app = await buildApp({ config: testConfig([environmentAt(upstream.url)]) })
  t.teardown(() => app.close())
  const url = `${await app.listen({ host: '127.0.0.1', port: 0 })}/upload?resource_type=raw`
  const long = randomBytes(3_000_000).toString('base64')
  const bad: Array<[string, RegExp]> = [
    [`${long.slice(0, -4)} AA=`, /a blank/],
    [`${long}A`, /single base64/],
    [`${long.slice(0, 200_000)}-${long.slice(200_001)}`, /URL-safe/]
  ]
  for (const [text, message] of bad) {
    t.match(await post(url, form({ file: HEAD + text })), refused(message), String(message))
  }
  t.same(upstream.seen.filter(({ end }) => end === 'complete'), [])
  t.match(await post(url, form({ file: HEAD + long })), { status: 200 })
  t.equal(upstream.seen.at(-1)?.fields['file'], HEAD + long)
})

/** One change to the text, anywhere in it. */
type Change = readonly [at: number, removed: number, added: string]
const change: fc.Arbitrary<Change> = fc.tuple(
  fc.nat({ max: 200 }),
  fc.constantFrom(0, 0, 1, 1, 2),
  fc.constantFrom('', '', '\r\n', '\n', '=', '==', ' ', '+', 'A', 'AB', '-', '_', '%2B', '\t', '.', '\u00a0', '\0', '&', '"')
)

const changed = (text: string, changes: readonly Change[]): string => changes.reduce((now, [at, removed, added]) => {
  const place = at % (now.length + 1)
  return now.slice(0, place) + added + now.slice(place + removed)
}, text)

/** Whole groups of four, then two or three characters with or without their padding; line ends anywhere. */
function saysBytes (text: string): boolean {
  const joined = text.replace(/[\r\n]/g, '')
  return joined !== '' && /^(?:[A-Za-z\d+/]{4})*(?:[A-Za-z\d+/]{2}={0,2}|[A-Za-z\d+/]{3}=?)?$/.test(joined)
}

/** Encodes what was stored once more: if no character was skipped, that gives the text, but for spare bits. */
function isMeant (text: string, stored: Buffer): boolean {
  const given = text.replace(/[\r\n]/g, '').replace(/={0,2}$/, '')
  const again = stored.toString('base64').replace(/=*$/, '')
  return again.length === given.length && again.slice(0, -1) === given.slice(0, -1) && Buffer.from(given.slice(-1), 'base64').length === 0
}

const SEED = Number(process.env['SEED'] ?? 20_260_102)

async function startApart (t: Test): Promise<{ gateway: string, sandbox: string }> {
  const { url: sandbox } = await startSandboxProcess(t, ':memory:')
  const app = await buildApp({ config: testConfig([environmentAt(sandbox)]) })
  t.teardown(() => app.close())
  return { gateway: await app.listen({ host: '127.0.0.1', port: 0 }), sandbox }
}

t.test('whatever happens to the text on its way, what is stored is what it says, or the answer is 400; gateway and sandbox agree', async (t) => {
  const { gateway, sandbox } = await startApart(t)
  const toSandbox: Send = async (url, file) => {
    const timestamp = String(Math.floor(Date.now() / 1000))
    const signature = createHash('sha1').update(`timestamp=${timestamp}abcd`).digest('hex')
    return post(url, form({ file, timestamp, signature, api_key: '1234' }))
  }
  const unescaped: Send = async (url, file) => post(url, `file=${file}`, FORM)
  const seen: Record<number, number> = {}
  await fc.assert(fc.asyncProperty(
    fc.uint8Array({ minLength: 1, maxLength: 60 }),
    fc.array(change, { maxLength: 3 }),
    fc.constantFrom(...Object.values(WAYS), unescaped),
    async (bytes, changes, send) => {
      const text = changed(Buffer.from(bytes).toString('base64'), changes)
      // A parser of forms reads an unescaped text otherwise, before anybody decodes it.
      const read = send === unescaped ? new URLSearchParams(`file=${text}`).get('file') ?? '' : text
      const answer = await send(`${gateway}/upload?resource_type=raw`, HEAD + text)
      seen[answer.status] = (seen[answer.status] ?? 0) + 1
      const direct = await toSandbox(`${sandbox}/v1_1/demo/raw/upload`, HEAD + read)
      // An unescaped "&" begins another field, which the gateway does not know.
      const expected = saysBytes(read) && !(send === unescaped && text.includes('&')) ? 200 : 400
      if (answer.status !== expected || direct.status !== (saysBytes(read) ? 200 : 400)) return false
      if (expected === 400) return true
      return isMeant(read, await storedAt(answer)) && isMeant(read, await storedAt(direct))
    }
  ), { numRuns: 300, seed: SEED, endOnFailure: false })
  t.ok((seen[200] ?? 0) > 50 && (seen[400] ?? 0) > 50, JSON.stringify(seen))
})
