import { readdirSync } from 'node:fs'
import { Readable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { CloudinaryClient, type ClientOptions, type FormFields, type Relayed, type Upload } from '../../src/cloudinary/client.ts'
import { UploadBudget } from '../../src/cloudinary/upload/budget.ts'
import { signParameters, verifyParameters } from '../../src/cloudinary/wire/signature.ts'
import { GatewayError } from '../../src/errors.ts'
import type { StreamedFile } from '../../src/input/forms/upload-form.ts'
import type { UploadParameters } from '../../src/schemas/upload-parameters.ts'
import { call } from '../support/connection.ts'
import { startFaultUpstream, type FaultUpstream } from '../support/fault-upstream.ts'
import { environmentAt, testConfig } from '../support/gateway.ts'

const now = 1_700_000_000_000
const { upstream: limits, upload: uploadLimits } = testConfig([])

function clientAt (t: Test, url: string, changes: Partial<ClientOptions> = {}): CloudinaryClient {
  const client = new CloudinaryClient(environmentAt(url), { upstream: limits, upload: uploadLimits, now: () => now, ...changes })
  t.teardown(() => client.close())
  return client
}

async function started (t: Test): Promise<{ upstream: FaultUpstream, client: CloudinaryClient }> {
  const upstream = await startFaultUpstream(t)
  return { upstream, client: clientAt(t, upstream.url) }
}

function file (text = 'hello'): StreamedFile {
  const stream = Readable.from([Buffer.from(text)])
  return { stream, length: text.length, filename: 'x.txt', stop: () => { stream.destroy() } }
}

/** Stores a file under the environment's own proof, as `POST /upload` does. */
async function upload (client: CloudinaryClient, changes: Partial<Upload<UploadParameters>> = {}): Promise<Relayed> {
  const seal = (parameters: UploadParameters): FormFields => client.prove(client.encode(parameters))
  return client.upload({ resourceType: 'auto', file: file(), parameters: {}, seal, vouched: 'gateway', ...changes }, call())
}

/** Stores a file under a caller's signature, as `POST /direct-upload` does. */
async function directUpload (client: CloudinaryClient, parameters: FormFields, changes: Partial<Upload<FormFields>> = {}): Promise<Relayed> {
  const seal = (fields: FormFields): FormFields => client.checkSigned(fields, { stranger: false })
  const wanted: Upload<FormFields> = { resourceType: 'auto', file: file(), parameters, seal, vouched: 'caller', ...changes }
  client.provesItself(wanted)
  return client.upload(wanted, call())
}

/** Headers of an answer with nearly all calls of this hour left. */
const PLENTIFUL = {
  'x-featureratelimit-limit': '500',
  'x-featureratelimit-remaining': '499',
  'x-featureratelimit-reset': new Date(Date.now() + 3_000_000).toUTCString()
}

t.test('an absence is explained while calls are plentiful, and deleting asks for nothing to explain it', async (t) => {
  const { upstream, client } = await started(t)
  upstream.script({ status: 404 })
  await t.rejects(client.get('image', 'upload', 'unknown', {}, call()), { code: 'not_found', members: { advice: /diagnose=true/ } })
  t.equal(upstream.seen.length, 1, 'while nothing is known of the budget')
  t.equal(await client.quota(), undefined)
  const absent = { status: 404, headers: PLENTIFUL, body: '{"error":{"message":"Resource not found"}}' }
  const nowhere = Array.from({ length: 9 }, () => absent)
  upstream.script(absent, absent, absent, { body: '{"public_id":"a"}' })
  await t.rejects(client.get('image', 'upload', 'a.jpg', {}, call()), { code: 'not_found', members: { did_you_mean: { public_id: 'a' } } })
  upstream.script(absent, { body: '{"public_id":"b","resource_type":"raw","type":"private"}' })
  const id = '0'.repeat(32)
  await t.rejects(client.update('image', 'upload', id, { tags: ['x'] }, call()), { code: 'not_found', members: { did_you_mean: { public_id: 'b', resource_type: 'raw', type: 'private' } } })
  t.match(await client.quota(), { limit: 500, remaining: 499 })
  upstream.script(absent, { status: 503 }, ...nowhere.slice(1))
  await t.rejects(client.get('image', 'upload', id, {}, call()), { message: /looks like an asset_id\.$/ })
  upstream.script(...nowhere)
  await t.rejects(client.get('image', 'upload', 'b.jpg', {}, { ...call(), sees: () => false }), { message: /looks like a public ID with a file extension\.$/ })
  const before = upstream.seen.length
  upstream.script({ body: '{"result":"not found"}' })
  await t.rejects(client.destroy('image', { public_id: 'a.jpg', type: 'upload', invalidate: false }, call()), { message: /if it is one, send "a"/ })
  t.equal(upstream.seen.length, before + 1)
  upstream.script(absent, { body: '{"public_id":"c.jpg"}' }, absent)
  await t.rejects(client.get('image', 'upload', 'c.jpg', {}, call()), { code: 'not_found', members: { found_under: [{ resource_type: 'video' }], did_you_mean: undefined } }, 'what is found under its own name needs no other')
  upstream.script({ status: 403, body: '{"error":{"message":"no"}}' })
  await t.rejects(client.get('image', 'upload', 'a.jpg', {}, call()), { code: 'upstream_forbidden' })
})

t.test('the folder mode is remembered for a while, also that it is not known; a caller that left teaches nothing', async (t) => {
  let nowMs = 0
  const upstream = await startFaultUpstream(t)
  const client = clientAt(t, upstream.url, { clock: () => nowMs })
  upstream.script({ body: '{}', headers: PLENTIFUL })
  await client.ping(call())
  const gone = new AbortController()
  gone.abort()
  t.equal(await client.folderMode({ signal: gone.signal }), undefined)
  upstream.script({ body: '{"settings":{"folder_mode":"dynamic"}}' })
  t.equal(await client.folderMode(call()), 'dynamic')
  t.equal(await client.folderMode(call()), 'dynamic')
  nowMs += 600_000
  upstream.script({ status: 500 })
  t.equal(await client.folderMode(call()), undefined)
  t.equal(await client.folderMode(call()), undefined)
  t.equal(upstream.seen.filter(({ url }) => url.includes('/config')).length, 2)
})

t.test('asks the Admin API: ping, list, get, update, destroy', async (t) => {
  const { upstream, client } = await started(t)
  await client.ping(call())
  upstream.script({ body: '{"resources":[]}' })
  await client.list({}, { max_results: '1' }, call())
  await client.get('image', 'upload', 'a', {}, call())
  await client.update('image', 'upload', 'a', { tags: [], context: { alt: 'a|b' }, moderation_status: 'approved', metadata: undefined }, call())
  upstream.script({ body: '{"public_id":"b","resource_type":"raw","type":"private"}' })
  t.match(await client.byAssetId('0'.repeat(32), {}, call()), { public_id: 'b', resource_type: 'raw', type: 'private' })
  upstream.script({ body: '{"result":"ok"}' })
  t.same(await client.destroy('image', { public_id: 'a', type: 'upload', invalidate: false }, call()), { resource_type: 'image', type: 'upload', public_id: 'a' })
  t.same(upstream.seen.map(({ method, url }) => `${method} ${url}`), [
    'GET /v1_1/demo/ping', 'GET /v1_1/demo/resources/image/upload?max_results=1', 'GET /v1_1/demo/resources/image/upload/a',
    'POST /v1_1/demo/resources/image/upload/a', `GET /v1_1/demo/resources/${'0'.repeat(32)}`, 'POST /v1_1/demo/image/destroy'
  ])
  t.same(upstream.seen[3]?.fields, { tags: '', context: 'alt=a\\|b', moderation_status: 'approved' })
})

t.test('upload signs with the secret of its environment, early and late parameters alike', async (t) => {
  const { upstream, client } = await started(t)
  await upload(client, { parameters: { public_id: 'a', tags: ['x', 'y'] } })
  await upload(client, { resourceType: 'raw', late: async () => ({ folder: 'f' }) })
  t.same(upstream.seen.map(({ url }) => url), ['/v1_1/demo/auto/upload', '/v1_1/demo/raw/upload'])
  for (const seen of upstream.seen) {
    const { signature = '', ...fields } = seen.fields
    t.match(fields, { api_key: '1234', timestamp: '1700000000' })
    t.ok(verifyParameters(fields, signature, 'abcd'))
  }
  t.match(upstream.seen[0]?.fields, { public_id: 'a', tags: 'x,y' })
  t.match(upstream.seen[1]?.fields, { folder: 'f' })
})

t.test('upload takes text for a file: a URL, a data URI', async (t) => {
  const { upstream, client } = await started(t)
  await upload(client, { file: 'https://example.com/cat.jpg' })
  await upload(client, { file: 'data:image/png;base64,AAAA' })
  t.same(upstream.seen.map(({ fields }) => fields['file']), ['https://example.com/cat.jpg', 'data:image/png;base64,AAAA'])
  await t.rejects(upload(client, { file: '/etc/passwd' }), { code: 'invalid_request' })
})

t.test('directUpload passes the caller\'s fields on as they are, once their signature fits', async (t) => {
  const { upstream, client } = await started(t)
  const signed = { timestamp: '1700000000', folder: 'a' }
  const fields = { ...signed, signature: signParameters(signed, { apiSecret: 'abcd', algorithm: 'sha256', version: 1 }) }
  await directUpload(client, fields, { resourceType: 'image' })
  t.same({ ...upstream.seen[0]?.fields }, { ...fields, api_key: '1234' })
  t.equal(upstream.seen[0]?.url, '/v1_1/demo/image/upload')
  await directUpload(client, { api_key: '1234' }, { resourceType: 'image', late: async () => fields })
  t.same({ ...upstream.seen[1]?.fields }, { ...fields, api_key: '1234' }, 'also when they stand after the file')
})

t.test('directUpload: 401 before a byte is read, or, with late fields, before anything is stored', async (t) => {
  const { upstream, client } = await started(t)
  const wrong = { timestamp: '1700000000', signature: 'a'.repeat(40) }
  const untouched = file()
  await t.rejects(directUpload(client, wrong, { file: untouched }), { code: 'signature_mismatch' })
  t.notOk(untouched.stream.readableDidRead)
  await t.rejects(directUpload(client, {}), { code: 'invalid_request' })
  await t.rejects(directUpload(client, {}, { late: async () => wrong }), { code: 'signature_mismatch' })
  t.equal(upstream.seen.length, 0)
})

t.test('directUpload: a signature that stands before the file is judged there; 400 for a file in chunks without one', async (t) => {
  const { upstream, client } = await started(t)
  const signed = { timestamp: '1700000000', folder: 'a' }
  const signature = signParameters(signed, { apiSecret: 'abcd', algorithm: 'sha1', version: 2 })
  const late = async (): Promise<{ folder: string }> => ({ folder: 'a' })
  const untouched = file()
  await t.rejects(directUpload(client, { timestamp: '1700000000', signature }, { file: untouched, late }), {
    code: 'signature_mismatch', message: /Fields after the file were not looked at/, errors: [{ pointer: String }]
  })
  await t.rejects(directUpload(client, { folder: 'a', signature }, { file: untouched, late: async () => signed }), {
    code: 'invalid_request', message: /Fields after the file were not looked at/, errors: [{ pointer: '/timestamp' }]
  })
  t.notOk(untouched.stream.readableDidRead)
  const { length: _unknown, ...piped } = file()
  await t.rejects(directUpload(client, {}, { file: piped, late: async () => ({ ...signed, signature }) }), { code: 'invalid_request', errors: [{ pointer: '/signature' }] })
  t.equal(upstream.seen.length, 0)
  await directUpload(client, { ...signed, signature }, { file: piped, late: async () => ({}) })
  t.equal(upstream.seen.length, 1)
})

t.test('upload: what may not be uploaded opens no file of the server, and does not tell whether there is one', async (t) => {
  const upstream = await startFaultUpstream(t)
  const client = clientAt(t, upstream.url, { upload: { ...uploadLimits, fileRoot: t.testdir({ 'a.txt': 'CANARY' }) } })
  const seal = (): never => { throw new GatewayError('forbidden', 'no') }
  const openFiles = (): number => readdirSync('/proc/self/fd').length
  const before = openFiles()
  for (const name of ['a.txt', 'b.txt']) await t.rejects(upload(client, { file: name, seal }), { code: 'forbidden' })
  t.equal(openFiles(), before)
})

t.test('directUpload: a signature opens no files of the server, a folder for uploads or not', async (t) => {
  const root = t.testdir({ 'a.txt': 'CANARY' })
  const upstream = await startFaultUpstream(t)
  const client = clientAt(t, upstream.url, { upload: { ...uploadLimits, fileRoot: root } })
  const signed = { timestamp: '1700000000' }
  const fields = { ...signed, signature: signParameters(signed, { apiSecret: 'abcd', algorithm: 'sha1', version: 2 }) }
  await t.rejects(directUpload(client, fields, { resourceType: 'raw', file: 'a.txt' }), { errors: [{ pointer: '/file', message: /not open to uploads/ }] })
  await upload(client, { file: 'a.txt' })
  t.equal(upstream.seen.length, 1)
})

t.test('what it signed is remembered, so that a changed field can be named', async (t) => {
  const { client } = await started(t)
  const fields = client.encode({ folder: 'users/1', timestamp: 1_700_000_000 })
  const signature = client.sign(fields, 'web')
  t.ok(verifyParameters(fields, signature, 'abcd'))
  await t.rejects(directUpload(client, { ...fields, folder: 'users/2', signature }), {
    code: 'signature_mismatch', message: /users\/1.*users\/2/
  })
})

t.test('admitUpload refuses by announced size and by number', async (t) => {
  const client = clientAt(t, 'http://127.0.0.1:1', { uploads: new UploadBudget({ maxConcurrent: 1, bufferBytes: 1, shares: uploadLimits.shares }) })
  const over = uploadLimits.maxBytes + 1
  await t.rejects(client.admitUpload({}, { bytes: over, exact: true }), {
    code: 'payload_too_large', message: `The file has ${over} bytes; the limit is ${uploadLimits.maxBytes}.`
  })
  await t.rejects(client.admitUpload({}, { bytes: over, exact: false }), {
    message: `The file has at least ${over} bytes; the limit is ${uploadLimits.maxBytes}.`
  })
  await t.rejects(client.admitUpload({}, { bytes: 11, exact: true }, 10), {
    code: 'payload_too_large', message: 'The file has 11 bytes; the limit is 10.'
  })
  ;(await client.admitUpload({}, { bytes: 10, exact: true }, 10))()
  ;(await client.admitUpload({}, { bytes: 11, exact: false }, 10))()
  const release = await client.admitUpload({})
  await t.rejects(client.admitUpload({}, { bytes: 1, exact: true }), { code: 'overloaded' })
  release()
  client.admitAtOnce({})()
  ;(await client.admitUpload({}))()
})

t.test('holdText borrows from what all uploads share', async (t) => {
  const uploads = new UploadBudget({ maxConcurrent: 1, bufferBytes: 10, shares: uploadLimits.shares })
  const client = clientAt(t, 'http://127.0.0.1:1', { uploads })
  const body = (text: string) => ({ stream: Readable.from([Buffer.from(text)]), length: text.length, stop: () => {}, kind: 'json', freeBytes: 1 }) as const
  const { bytes, release } = await client.holdText(body('[12345]'), { signal: new AbortController().signal })
  t.same([bytes.toString(), uploads.heldBytes], ['[12345]', 7])
  await t.rejects(client.holdText(body('[12345]'), { signal: new AbortController().signal }), { code: 'overloaded' })
  release()
  t.equal(uploads.heldBytes, 0)
})

t.test('admitUnproven refuses by announced size and by number too, and leaves the place of an upload free', async (t) => {
  const client = clientAt(t, 'http://127.0.0.1:1', { uploads: new UploadBudget({ maxConcurrent: 1, bufferBytes: 1, shares: uploadLimits.shares }) })
  await t.rejects(
    client.admitUnproven({ address: 'a' }, {}, { bytes: uploadLimits.maxBytes + 1, exact: true }),
    { code: 'payload_too_large' }
  )
  const leave = await client.admitUnproven({ address: 'a' }, {})
  await t.rejects(client.admitUnproven({ address: 'b' }, {}), { code: 'overloaded' })
  ;(await client.admitUpload({}))()
  leave()
  ;(await client.admitUnproven({ address: 'b' }, {}))()
})

t.test('a direct upload proves itself before its file is read, when its signature stands there', async (t) => {
  const { client } = await started(t)
  const fields = client.encode({ timestamp: now / 1000 })
  const proof = { ...fields, signature: signParameters(fields, { apiSecret: 'abcd', algorithm: 'sha1', version: 2 }) }
  const seal = (sent: FormFields): FormFields => client.checkSigned(sent, { stranger: false })
  const proves = (parameters: FormFields, late?: () => Promise<FormFields>): boolean =>
    client.provesItself({ resourceType: 'auto', file: file(), parameters, late, seal, vouched: 'caller' })
  t.equal(proves(proof), true)
  t.equal(proves(proof, async () => ({})), true)
  t.equal(proves({}, async () => proof), false, 'a signature behind the file is no such proof')
  t.throws(() => proves({ ...proof, folder: 'x' }), { code: 'signature_mismatch' })
  t.throws(() => proves({}), { code: 'invalid_request' })
})

t.test('clients of two environments share the number of uploads, and nothing else', async (t) => {
  const shared = { ...uploadLimits, maxConcurrent: 1 }
  const [one, other] = [clientAt(t, 'http://127.0.0.1:1', { upload: shared }), clientAt(t, 'http://127.0.0.1:2', { upload: shared })]
  await one.admitUpload({})
  await t.rejects(other.admitUpload({}), { code: 'overloaded' })
})

t.test('builds delivery and download URLs with its environment\'s settings', async (t) => {
  const client = clientAt(t, 'http://127.0.0.1:1')
  t.match(client.url({ public_id: 'a' }).url, /\/demo\/image\/upload\/a$/)
  t.match(client.downloadUrl({ public_id: 'a', format: 'jpg' }), /\/v1_1\/demo\/image\/download\?.*api_key=1234/)
})

t.test('the clock is the machine\'s own when none is given', async (t) => {
  const upstream = await startFaultUpstream(t)
  const client = new CloudinaryClient(environmentAt(upstream.url), { upstream: limits, upload: uploadLimits })
  t.teardown(() => client.close())
  const before = Math.floor(Date.now() / 1000)
  await upload(client)
  t.ok(Number(upstream.seen[0]?.fields['timestamp']) >= before)
})

t.test('tells how each request to Cloudinary ended, repeats included', async (t) => {
  const upstream = await startFaultUpstream(t)
  const told: string[] = []
  const client = clientAt(t, upstream.url, { random: () => 0, sleep: async () => {}, onTry: (environment, outcome) => { told.push(`${environment} ${outcome}`) } })
  upstream.script({ status: 503 }, {}, { status: 400 }, {})
  await client.ping(call())
  await t.rejects(upload(client), { code: 'upstream_rejected' })
  await upload(client)
  t.same(told, ['production upstream_failed', 'production ok', 'production upstream_rejected', 'production ok'])
})

t.test('explains a signature from what it made itself, to the one it was made for', async (t) => {
  const client = clientAt(t, 'http://127.0.0.1:9')
  const signature = client.sign({ timestamp: '1700000000', folder: 'a' }, 'web')
  const question = { fields: { timestamp: '1700000000', folder: 'b' }, signature }
  t.match(client.explain({ ...question, asker: 'web' }), [{ code: 'field_changed', message: 'folder was signed as "a" but sent as "b".' }])
  t.match(client.explain({ ...question, asker: 'cms', others: [] }), [{ code: 'unexplained' }])
  t.same(client.explain({ fields: { timestamp: '1700000000', folder: 'a' }, signature }), [])
})

t.test('knows the largest file of a signature that it made under such a limit', async (t) => {
  const client = clientAt(t, 'http://127.0.0.1:9')
  const fields = { timestamp: '1700000000', folder: 'a' }
  t.equal(client.maxBytesOf(client.sign(fields, 'web', 10)), 10)
  t.equal(client.maxBytesOf(client.sign({ ...fields, folder: 'b' }, 'web')), undefined)
  t.equal(client.maxBytesOf('0'.repeat(40)), undefined)
})

t.test('recalls what another replica has signed', async (t) => {
  const texts = new Map<string, string>()
  const signatureStore = {
    put: (name: string, text: string) => { texts.set(name, text) },
    get: async (name: string) => texts.get(name)
  }
  const [one, other] = [clientAt(t, 'http://127.0.0.1:9', { signatureStore }), clientAt(t, 'http://127.0.0.1:9', { signatureStore })]
  const signature = one.sign({ timestamp: '1700000000', folder: 'a' }, 'web', 10)
  while (texts.size === 0) await turn()
  const question = { fields: { timestamp: '1700000000', folder: 'b' }, signature, asker: 'web' }
  await other.recall()
  t.match(other.explain(question), [{ code: 'unexplained' }])
  await other.recall(signature)
  t.match(other.explain(question), [{ code: 'field_changed' }])
  t.equal(other.maxBytesOf(signature), 10)
})
