import { spawn, type ChildProcess } from 'node:child_process'
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { exportSPKI, generateKeyPair, SignJWT } from 'jose'
import t, { type Test } from 'tap'
import { digestOf } from '../../../src/auth/policy/keys.ts'
import { startSandbox, type Sandbox } from '../../../src/sandbox/index.ts'
import { Secret } from '../../../src/secret.ts'
import { startFaultUpstream, type FaultUpstream, type Step } from '../../support/fault-upstream.ts'
import { startGatewayAt, type GatewayAtOptions } from '../../support/gateway.ts'
import { freePort } from '../../support/programs.ts'
import { killRedis, NO_REDIS, startRedis } from '../../support/redis.ts'
import { bareNode } from '../../support/product.ts'
import { LONG } from '../../support/rounds.ts'
import { WITH_TYPESCRIPT } from '../../support/with-typescript.ts'

const MB = 1024 * 1024

/** The upload action of a gateway with two environments, as a URL. */
async function uploadUrl (t: Test, upstreamUrl: string, options: GatewayAtOptions = {}): Promise<string> {
  return `${(await startGatewayAt(t, upstreamUrl, { names: ['production', 'staging'], ...options })).url}/upload`
}

async function withSandbox (t: Test, options: GatewayAtOptions = {}): Promise<{ sandbox: Sandbox, url: string }> {
  const sandbox = await startSandbox()
  t.teardown(() => sandbox.close())
  return { sandbox, url: await uploadUrl(t, sandbox.url, options) }
}

async function withFaults (t: Test, options: GatewayAtOptions = {}): Promise<{ upstream: FaultUpstream, url: string }> {
  const upstream = await startFaultUpstream(t)
  return { upstream, url: await uploadUrl(t, upstream.url, options) }
}

interface Answer { status: number, replayed: boolean, headers: Headers, text: string, body: Record<string, unknown> }

/** Bytes without a type of their own are sent as what they are. */
async function post (url: string, key: string | undefined, body: RequestInit['body'], given: Record<string, string> = {}): Promise<Answer> {
  const headers = {
    ...((Buffer.isBuffer(body) || body instanceof ReadableStream) && { 'content-type': 'application/octet-stream' }),
    ...(key !== undefined && { 'idempotency-key': key }),
    ...given
  }
  const response = await fetch(url, { method: 'POST', body: body ?? null, headers })
  const text = await response.text()
  return {
    status: response.status,
    replayed: response.headers.get('idempotent-replayed') === 'true',
    headers: response.headers,
    text,
    body: JSON.parse(text) as Record<string, unknown> // all answers are JSON objects
  }
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

const asJson = (fields: object): [string, Record<string, string>] => [JSON.stringify(fields), { 'content-type': 'application/json' }]
const uploads = (sandbox: Sandbox): number => sandbox.requests.filter(({ path }) => path.endsWith('/upload')).length

/** How many assets the sandbox has, of every kind. */
async function assets ({ url }: Sandbox): Promise<number> {
  const headers = { authorization: `Basic ${Buffer.from('1234:abcd').toString('base64')}` }
  const counts = await Promise.all(['image', 'video', 'raw'].map(async (kind) => {
    const answer = await (await fetch(`${url}/v1_1/demo/resources/${kind}?max_results=500`, { headers })).json() as { resources: unknown[] } // as documented
    return answer.resources.length
  }))
  return counts.reduce((sum, count) => sum + count)
}

/** What it takes to call with a token, and tokens. */
async function tokens (t: Test) {
  const policyFile = `${t.testdir({ 'policy.yaml': 'callers: { tokens: { jwt: { claims: {} } } }' })}/policy.yaml`
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
  const auth = { mode: 'keys', policyFile, jwtPublicKey: await exportSPKI(publicKey), issuer: 'idp', audience: 'gateway' } as const
  const as = async (claims: Record<string, unknown>): Promise<Record<string, string>> => ({
    authorization: `Bearer ${await new SignJWT({ ...claims, jti: randomUUID() }).setProtectedHeader({ alg: 'ES256' }).setIssuer('idp').setAudience('gateway').setExpirationTime('1 minute').sign(privateKey)}`
  })
  return { auth, as }
}

/** Asks again while the first upload is still running. */
async function settled (ask: () => Promise<Answer>): Promise<Answer> {
  for (let round = 0; round < 200; round++) {
    const answer = await ask()
    if (answer.body['code'] !== 'idempotency_in_progress') return answer
    await sleep(20)
  }
  throw new Error('the first upload did not end')
}

t.test('M27: the same request under the same key is one asset and one answer', async (t) => {
  const { sandbox, url } = await withSandbox(t)
  const bytes = randomBytes(100_000)
  const dataUri = `data:text/plain;base64,${randomBytes(300).toString('base64')}`
  const ways: Record<string, () => [RequestInit['body'], Record<string, string>?]> = {
    'file first': () => [form(['file', bytes], ['tags', 'a,b'], ['folder', 'cats'])],
    'raw body': () => [bytes, { 'content-type': 'application/octet-stream' }],
    'data URI as JSON': () => asJson({ file: dataUri }),
    'data URI in a form': () => [form(['file', dataUri])],
    'long data URI in a form': () => [form(['file', dataUri.replace('base64,', `base64,${bytes.toString('base64', 0, 99_999)}`)], ['tags', 'a'])]
  }
  for (const [way, request] of Object.entries(ways)) {
    const before = [uploads(sandbox), await assets(sandbox)]
    const first = await post(url, `"${way.replaceAll(' ', '-')}"`, ...request())
    t.match(first, { status: 200, replayed: false }, way)
    const second = await post(url, `"${way.replaceAll(' ', '-')}"`, ...request())
    t.match(second, { status: 200, replayed: true, text: first.text })
    t.equal(second.headers.get('x-upload-attempts'), '1')
    t.equal(second.headers.get('content-type'), first.headers.get('content-type'))
    t.same([uploads(sandbox), await assets(sandbox)], before.map((count) => count + 1))
  }
  t.match(await post(url, undefined, bytes), { status: 200, replayed: false }, 'without a key')
  t.match(await post(url, undefined, bytes), { status: 200, replayed: false }, 'every upload is a new one')
})

t.test('M27: files that are streamed or sent in chunks, of known and of unknown length', async (t) => {
  const { upstream, url } = await withFaults(t, { upload: { singleRequestMaxBytes: 2 * MB, chunkBytes: MB } })
  for (const size of [1.5 * MB, 3.5 * MB]) {
    const bytes = randomBytes(size)
    for (const [way, request] of Object.entries({ raw: () => bytes, form: () => form(['tags', 'a'], ['file', bytes]) })) {
      t.match(await post(url, `${way}-${size}`, request()), { status: 200, replayed: false, body: { bytes: size } }, `${way} of ${size}`)
      const seen = upstream.seen.length
      t.match(await post(url, `${way}-${size}`, request()), { status: 200, replayed: true, body: { bytes: size } })
      t.equal(upstream.seen.length, seen)
    }
  }
})

t.test('M28: of ten at once one executes, the others are told to wait: 409 idempotency_in_progress', async (t) => {
  const { sandbox, url } = await withSandbox(t)
  const bytes = randomBytes(1000)
  const first = slowly(url, 'one', bytes)
  t.teardown(() => { first.finish() })
  while (uploads(sandbox) === 0) await sleep(5)
  const others = await Promise.all(Array.from({ length: 9 }, () => post(url, 'one', bytes)))
  for (const other of others) t.match(other, { status: 409, body: { code: 'idempotency_in_progress', retryable: true } })
  t.equal(others[0]?.headers.get('retry-after'), '2')
  first.finish()
  t.equal(await first.status, 200)
  t.match(await post(url, 'one', bytes), { status: 200, replayed: true })
  t.same([uploads(sandbox), await assets(sandbox)], [1, 1])
})

t.test('M28: when none of ten is early, one executes all the same', async (t) => {
  const { sandbox, url } = await withSandbox(t)
  const bytes = randomBytes(1000)
  const answers = await Promise.all(Array.from({ length: 10 }, () => post(url, 'one', form(['file', bytes]))))
  t.equal(answers.filter(({ status, replayed }) => status === 200 && !replayed).length, 1)
  for (const { status, replayed } of answers) t.ok(status === 409 || status === 200, `${status} ${replayed}`)
  t.same([uploads(sandbox), await assets(sandbox)], [1, 1])
})

t.test('M29: another request under the same key is 422, whatever differs', async (t) => {
  const { sandbox, url } = await withSandbox(t)
  const bytes = randomBytes(1000)
  const changed = Buffer.from(bytes)
  changed[500] = (changed[500] ?? 0) ^ 1
  t.match(await post(url, 'k', form(['file', bytes], ['tags', 'a'], ['folder', 'f'])), { status: 200 })
  const others = {
    'one bit': form(['file', changed], ['tags', 'a'], ['folder', 'f']),
    'one byte more': form(['file', Buffer.concat([bytes, Buffer.of(0)])], ['tags', 'a'], ['folder', 'f']),
    'a value after the file': form(['file', bytes], ['tags', 'b'], ['folder', 'f']),
    'a value before it': form(['tags', 'b'], ['file', bytes], ['folder', 'f']),
    'a field less': form(['file', bytes], ['tags', 'a']),
    'the resource type': form(['resource_type', 'raw'], ['file', bytes], ['tags', 'a'], ['folder', 'f']),
    'the name of the file': form(['file', bytes, 'y.bin'], ['tags', 'a'], ['folder', 'f']),
    text: form(['file', 'https://example.com/a.png'], ['tags', 'a'], ['folder', 'f'])
  }
  for (const [what, body] of Object.entries(others)) t.match(await post(url, 'k', body), { status: 422, body: { code: 'idempotency_key_reused' } }, what)
  t.match(await post(url, 'k', form(['folder', 'f'], ['file', bytes], ['tags', '["a"]'])), { status: 200, replayed: true }, 'another order and spelling is the same request')
  t.same([uploads(sandbox), await assets(sandbox)], [1, 1])
})

t.test('M29: a key belongs to one environment and one caller', async (t) => {
  const keys = ['web', 'cms'].map((caller) => ({ caller, digest: createHash('sha256').update(`key-of-${caller}`).digest() }))
  const { sandbox, url } = await withSandbox(t, { auth: { mode: 'keys', keys } })
  const bytes = randomBytes(1000)
  const as = (caller: string): Record<string, string> => ({ authorization: `Bearer key-of-${caller}` })
  t.match(await post(url, 'k', bytes, as('web')), { status: 200, replayed: false })
  t.match(await post(url, 'k', bytes, { ...as('web'), 'x-environment': 'staging' }), { status: 200, replayed: false })
  t.match(await post(url, 'k', bytes, as('cms')), { status: 200, replayed: false })
  t.match(await post(url, 'k', bytes, as('web')), { status: 200, replayed: true })
  t.equal(uploads(sandbox), 3)
})

t.test('M29: users are told apart by their tokens, even where their names in the log are the same', async (t) => {
  const { auth, as } = await tokens(t)
  const { sandbox, url } = await withSandbox(t, { auth })
  const bytes = randomBytes(1000)
  for (const sub of ['a/b', 'a_b', 'a b']) t.match(await post(url, 'k', bytes, await as({ sub })), { status: 200, replayed: false }, sub)
  t.match(await post(url, 'k', bytes, await as({ sub: 'a b' })), { status: 200, replayed: true }, 'another token of the same user')
  for (const client of ['one', 'two']) t.match(await post(url, 'k', bytes, await as({ client_id: client })), { status: 200, replayed: false }, `a machine without a subject: ${client}`)
  t.match(await post(url, 'k', bytes, await as({ client_id: 'one' })), { status: 200, replayed: true }, 'another token of the same machine')
  t.equal(uploads(sandbox), 5)
})

t.test('M29: what the policy forces belongs to the request, and what it refuses is not answered from memory', async (t) => {
  const { auth, as } = await tokens(t)
  const policy = 'callers:\n  apps:\n    jwt: { claims: { app: true } }\n    sign: { allow: [public_id, type], force: { tags: "{team}" }, public_id: ["{team}-*"] }\n'
  const { sandbox, url } = await withSandbox(t, { auth: { ...auth, policyFile: `${t.testdir({ 'policy.yaml': policy })}/policy.yaml` } })
  const bytes = randomBytes(1000)
  const [red, blue] = [await as({ app: true, team: 'red' }), await as({ app: true, team: 'blue' })]
  t.match(await post(`${url}?public_id=red-1`, 'named', bytes, red), { status: 200, replayed: false, body: { tags: ['red'] } })
  t.match(await post(`${url}?public_id=red-1`, 'named', bytes, red), { status: 200, replayed: true })
  const refused = await post(`${url}?public_id=red-1`, 'named', bytes, blue)
  t.match(refused, { replayed: false, status: /4(03|22)/ })
  t.not(refused.body['code'], 'idempotency_key_reused')
  t.match(await post(`${url}?type=upload&public_id=red-1`, 'named', bytes, red), { status: 422, body: { code: 'idempotency_key_reused' } })
  t.equal(uploads(sandbox), 1)
})

t.test('400: a key that is none, before anything is stored', async (t) => {
  const { sandbox, url } = await withSandbox(t)
  for (const key of ['', 'a b', 'a,\tb', 'ü', 'a'.repeat(256)]) {
    t.match(await post(url, key, 'x', { 'content-type': 'image/png' }), { status: 400, body: { code: 'invalid_request', errors: [{ pointer: '/Idempotency-Key' }] } }, `"${key}"`)
  }
  t.match(await post(url, '~'.repeat(255), 'x', { 'content-type': 'text/x-note' }), { status: 200 })
  t.equal(uploads(sandbox), 1)
})

t.test('a repeated request is read within the limit of its caller, not that of the process', async (t) => {
  const digest = createHash('sha256').update('web-key').digest('hex')
  const policyFile = `${t.testdir({ 'policy.yaml': `callers: { web: { keys: ['sha256:${digest}'], sign: { max_bytes: 1000 } } }` })}/policy.yaml`
  const { sandbox, url } = await withSandbox(t, { auth: { mode: 'keys', policyFile } })
  const headers = { authorization: 'Bearer web-key' }
  t.match(await post(url, 'k', randomBytes(1000), headers), { status: 200 })
  t.match(await post(url, 'k', randomBytes(1001), headers), { status: 413, body: { code: 'payload_too_large', detail: /1000/ } })
  t.match(await post(url, 'k', randomBytes(1000), headers), { status: 422 })
  t.equal(uploads(sandbox), 1)
})

t.test('one caller cannot push the keys of another out of the memory, however many it uses', async (t) => {
  const upstream = await startFaultUpstream(t)
  const keys = ['web', 'flood'].map((caller) => ({ caller, digest: digestOf(`${caller}-key`) }))
  const { app, url: base } = await startGatewayAt(t, upstream.url, {
    keptKeys: 10, metrics: { host: '127.0.0.1', port: 0 }, auth: { mode: 'keys', keys }
  })
  const as = (caller: string) => async (key: string): Promise<Answer> =>
    post(`${base}/upload`, key, Buffer.from(`${caller} ${key}`), { authorization: `Bearer ${caller}-key` })
  const [web, flood] = [as('web'), as('flood')]
  t.match(await web('order-7'), { status: 200, replayed: false })
  for (let count = 0; count < 30; count++) t.equal((await flood(`many-${count}`)).status, 200)
  const stored = upstream.seen.length
  t.match(await web('order-7'), { status: 200, replayed: true })
  t.match(await flood('many-29'), { status: 200, replayed: true }, 'of its own the latest are kept')
  t.equal(upstream.seen.length, stored, 'nothing was stored twice')
  t.match(await flood('many-0'), { status: 200, replayed: false })
  t.match(await app.metrics?.text(), /^cloudinary_gateway_idempotency_keys_forgotten_total 22$/m)
})

t.test('a signature behind its file takes the key when it is shown, and gets the answer of the first', async (t) => {
  const { sandbox, url } = await withSandbox(t)
  const signed = await post(url.replace(/upload$/, 'signature'), undefined, ...asJson({ folder: 'late' }))
  const fields = signed.body.fields as Record<string, string> // as documented
  const send = (bytes: string, changes: Record<string, string> = {}): Promise<Answer> =>
    post(
      url.replace(/upload$/, 'direct-upload'),
      'order-7',
      form(['file', Buffer.from(bytes)], ...Object.entries({ ...fields, ...changes }))
    )
  t.match(await send('one', { signature: '0'.repeat(40) }), {
    status: 401, body: { code: 'signature_mismatch' }
  })
  const first = await send('one')
  t.match(first, { status: 200, replayed: false })
  t.match(await send('one'), { status: 200, replayed: true, text: first.text })
  t.match(await send('two'), { status: 422, body: { code: 'idempotency_key_reused' } })
  t.equal(await assets(sandbox), 1)
})

t.test('without keys of callers, each address has a share of the memory of its own', async (t) => {
  const upstream = await startFaultUpstream(t)
  const { url } = await startGatewayAt(t, upstream.url, { keptKeys: 4, trustProxy: ['127.0.0.1'] })
  const from = (address: string, key: string): Promise<Answer> =>
    post(`${url}/upload`, key, Buffer.from(key), { 'x-forwarded-for': address })
  await from('192.0.2.1', 'order-7')
  for (let count = 0; count < 8; count++) await from('192.0.2.2', `many-${count}`)
  t.match(await from('192.0.2.3', 'order-7'), { status: 200, replayed: true }, 'asked for from wherever')
})

t.test('M30: what failed before Cloudinary had taken the file is forgotten, and a retry executes', async (t) => {
  const { upstream, url } = await withFaults(t, { upload: { maxBytes: 2 * MB } })
  const small = randomBytes(1000)
  const large = randomBytes(1.5 * MB)
  const failures: Array<[string, Buffer, Step[]]> = [
    ['refused', small, [{ status: 400, body: '{"error":{"message":"no"}}' }]],
    ['limited for longer than anyone waits', small, [{ status: 429, headers: { 'retry-after': '60' } }]],
    ['our credentials refused', small, [{ status: 401, body: '{"error":{"message":"unknown api_key"}}' }]],
    ['refused when streamed', large, [{ status: 420, headers: { 'retry-after': '60' } }]]
  ]
  for (const [what, bytes, steps] of failures) {
    const before = upstream.seen.length
    upstream.script(...steps)
    const key = what.replaceAll(' ', '-')
    const failed = await post(url, key, form(['file', bytes], ['tags', 'a']))
    t.ok(failed.status >= 400 && failed.body['outcome'] === undefined, `${what}: ${failed.status}`)
    t.match(await post(url, key, form(['file', bytes], ['tags', 'a'])), { status: 200, replayed: false }, what)
    t.equal(upstream.seen.length, before + 2)
  }
  for (const step of [{ at: MB, act: 'reset' }, { at: MB, status: 403, close: true }] satisfies Step[]) {
    upstream.script(step)
    const key = step.act ?? 'early-answer'
    t.match(await slowly(url, key, large).status, /403|502/, key)
    t.not(upstream.seen.at(-1)?.end, 'complete')
    t.match(await post(url, key, large), { status: 200, replayed: false }, key)
  }
  for (const [what, body] of Object.entries({ empty: form(['file', Buffer.alloc(0)]), 'too large': form(['file', randomBytes(2 * MB + 1)]), 'a late field that is none': form(['file', small], ['nonsense', '1']) })) {
    t.match((await post(url, 'k', body)).status, /400|413/, what)
  }
  t.match(await post(url, 'k', ...asJson({ file: 'nonsense' })), { status: 400 })
  t.match(await post(url, 'k', form(['file', small])), { status: 200, replayed: false }, 'the key is still free')
})

t.test('M30: Cloudinary out of reach, then back', async (t) => {
  const port = await freePort()
  const url = await uploadUrl(t, `http://127.0.0.1:${port}`)
  t.match(await post(url, 'k', 'bytes', { 'content-type': 'image/png' }), { status: 502 })
  const sandbox = await startSandbox({ port })
  t.teardown(() => sandbox.close())
  t.match(await post(url, 'k', 'bytes', { 'content-type': 'image/png' }), { status: /200|400/, replayed: false })
  t.equal(uploads(sandbox), 1)
})

t.test('M31: an answer that was lost is 409 outcome_unknown that says what to look for, and never a second asset', async (t) => {
  const { sandbox, url } = await withSandbox(t)
  const bytes = randomBytes(1.5 * MB)
  const since = new Date().toISOString()
  for (const kind of ['lost_answer', 'cut_answer'] as const) {
    const before = await assets(sandbox)
    const request = (): FormData => form(['public_id', kind], ['folder', 'cats'], ['resource_type', 'raw'], ['file', bytes])
    sandbox.faults.add({ kind, match: { path: '/upload' } })
    t.match(await post(url, kind, request()), { status: 502, body: { code: 'upstream_failed', outcome: 'unknown' } })
    t.equal(await assets(sandbox), before + 1, 'it is stored')
    const seen = uploads(sandbox)
    for (let round = 0; round < 2; round++) {
      const { status, body } = await post(url, kind, request())
      t.match({ status, body }, { status: 409, body: { code: 'outcome_unknown', retryable: false, look_for: { public_id: `cats/${kind}`, resource_type: 'raw', filename: 'x.bin', bytes: bytes.length } } })
      t.match(body['detail'], `Look for the public_id "cats/${kind}"`)
    }
    t.match(await post(url, kind, form(['file', Buffer.from('other')])), { status: 422 })
    t.same([uploads(sandbox), await assets(sandbox)], [seen, before + 1])
  }
  sandbox.faults.add({ kind: 'lost_answer', match: { path: '/upload' } })
  t.match(await post(url, 'unnamed', form(['file', bytes, 'tom.bin'])), { status: 502 })
  const { body } = await post(url, 'unnamed', form(['file', bytes, 'tom.bin']))
  t.match(body['detail'], `"tom.bin" (${bytes.length} bytes) made after`)
  t.ok(String((body['look_for'] as { since: string }).since) >= since) // as the test before shows
})

t.test('M31: silence, failures inside Cloudinary and answers that nobody can read are unknown too; so is a lost first try', async (t) => {
  const { upstream, url } = await withFaults(t, { upstream: { uploadHeadersTimeoutMs: 1_000 } })
  const bytes = randomBytes(1.5 * MB)
  const endings: Record<string, Step[]> = {
    silent: [{ act: 'silent' }],
    failed: [{ status: 500 }],
    html: [{ status: 502, body: '<html>' }],
    odd: [{ body: '{"bytes":' }, { body: '{"bytes":' }],
    broken: [{ body: '{"bytes":}' }]
  }
  for (const [key, steps] of Object.entries(endings)) {
    upstream.script(...steps.slice(0, 1))
    t.match((await post(url, key, form(['file', bytes]))).status, /50[24]/, key)
    const seen = upstream.seen.length
    t.match(await post(url, key, form(['file', bytes])), { status: 409, body: { code: 'outcome_unknown' } }, key)
    t.equal(upstream.seen.length, seen)
  }
  upstream.script({ act: 'reset' }, { status: 400 })
  t.match(await post(url, 'twice', form(['public_id', 'p'], ['file', Buffer.from('x')])), { status: 400, body: { outcome: 'unknown' } })
  t.match(await post(url, 'twice', form(['public_id', 'p'], ['file', Buffer.from('x')])), { status: 409, body: { look_for: { public_id: 'p' } } })
  upstream.script({ status: 500 }, { status: 500 }, { status: 500 })
  t.match(await post(url, 'url', ...asJson({ file: 'https://example.com/a.png' })), { status: 502 })
  t.match(await post(url, 'url', ...asJson({ file: 'https://example.com/a.png' })), { status: 409, body: { detail: /Look for an asset made after/ } })
})

t.test('what was stored and differs is a known outcome: the same 502 again', async (t) => {
  const { upstream, url } = await withFaults(t)
  upstream.script({ body: '{"public_id":"p","bytes":1,"resource_type":"raw"}' })
  const first = await post(url, 'k', form(['file', Buffer.from('many')]))
  t.match(first, { status: 502, replayed: false, body: { code: 'integrity_failed', stored: { public_id: 'p' } } })
  const second = await post(url, 'k', form(['file', Buffer.from('many')]))
  t.match(second, { status: 502, replayed: true, body: { code: 'integrity_failed', detail: first.body['detail'], stored: { public_id: 'p' } } })
  t.equal(upstream.seen.length, 1)
})

/** Sends `head` of a raw body of `length` bytes and leaves when `until` says so. */
async function leave (url: string, key: string, { head, length = head.length, until }: { head: Buffer, length?: number, until: () => Promise<unknown> }): Promise<void> {
  const request = httpRequest(url, { method: 'POST', headers: { 'idempotency-key': key, 'content-type': 'application/octet-stream', 'content-length': length } })
  request.on('error', () => {}) // it is cut on purpose
  request.write(head)
  await until()
  request.destroy()
}

t.test('a caller that leaves after its last byte finds the answer when it comes back', async (t) => {
  const { upstream, url } = await withFaults(t)
  const bytes = randomBytes(MB + 1)
  upstream.script({ delayMs: 400 })
  await leave(url, 'k', {
    head: bytes,
    until: async () => {
      while (upstream.seen.length < 1) await sleep(5)
      await upstream.ended()
    }
  })
  t.match(await settled(() => post(url, 'k', bytes)), { status: 200, replayed: true, body: { bytes: bytes.length } })
  t.equal(upstream.seen.length, 1)
  t.equal(upstream.seen[0]?.end, 'complete')
})

t.test('a caller that leaves before has sent nothing: the upload is cut, a retry executes', async (t) => {
  const { upstream, url } = await withFaults(t)
  const bytes = randomBytes(2 * MB)
  await leave(url, 'k', { head: bytes.subarray(0, MB), length: bytes.length, until: async () => upstream.received(MB) })
  t.equal((await upstream.ended()).end, 'aborted')
  t.match(await settled(() => post(url, 'k', bytes)), { status: 200, replayed: false, body: { bytes: bytes.length } })
})

t.test('a repeated body is bounded like an upload, and read for nobody who has left', async (t) => {
  const { upstream, url } = await withFaults(t, { upload: { maxBytes: 2 * MB, idleTimeoutMs: 300, verify: 'md5' } })
  const bytes = randomBytes(1000)
  t.match(await post(url, 'k', form(['file', bytes])), { status: 200 })
  t.match(await post(url, 'k', form(['file', randomBytes(2 * MB + 1)])), { status: 413 })
  t.match(await post(url, 'k', form(['file', bytes], ['nonsense', '1'])), { status: 400 })
  await leave(url, 'k', { head: bytes, length: 2000, until: async () => sleep(50) })
  const slow = new ReadableStream({ start: (controller) => { controller.enqueue(bytes) } })
  const response = await fetch(url, { method: 'POST', body: slow, duplex: 'half', headers: { 'idempotency-key': 'k', 'content-type': 'x/y' } } as RequestInit) // duplex is missing in its type
  t.equal(response.status, 408)
  t.match(await post(url, 'k', form(['file', bytes])), { status: 200, replayed: true }, 'none of it did harm')
  t.equal(upstream.seen.length, 1)
})

t.test('the memory of a data URI is lent to nobody else while its upload goes on, though its caller has left', async (t) => {
  const { upstream, url } = await withFaults(t, { upload: { bufferBytes: 4 * 1024 ** 2 } })
  upstream.script({ delayMs: 1_000 })
  const body = JSON.stringify({ resource_type: 'raw', public_id: 'a', file: `data:text/plain;base64,${'A'.repeat(3 * 1024 ** 2)}` })
  const send = async (signal?: AbortSignal): Promise<Response> => fetch(url, {
    method: 'POST', headers: { 'content-type': 'application/json', 'idempotency-key': 'a-key' }, body, ...(signal && { signal })
  })
  const leaving = new AbortController()
  const left = t.rejects(send(leaving.signal))
  t.match(await upstream.ended(0), { end: 'complete' }, 'all of it has been sent')
  leaving.abort()
  await left
  const other = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  t.match(await other.json(), { status: 503, code: 'overloaded' })
  let again = await send()
  for (; again.status !== 200; again = await send()) t.ok([409, 503].includes(again.status), 'the first goes on')
  t.equal(upstream.seen.length, 1, 'the first was stored, and is what the repeated one is told of')
})

t.test('Redis', { skip: NO_REDIS }, async (t) => {
  t.test('replicas share the keys; without Redis an upload with a key is refused and one without is not', async (t) => {
    const port = await freePort()
    const redis = await startRedis(t, port)
    const redisUrl = new Secret(`redis://127.0.0.1:${port}`)
    const { sandbox, url } = await withSandbox(t, { redisUrl })
    const log: string[] = []
    const other = await uploadUrl(t, sandbox.url, { redisUrl, log })
    const bytes = randomBytes(1000)
    const first = await post(url, 'k', form(['file', bytes], ['tags', 'ä']))
    t.match(await post(other, 'k', form(['file', bytes], ['tags', 'ä'])), { status: 200, replayed: true, text: first.text })
    await killRedis(redis)
    const refused = await post(other, 'k2', form(['file', bytes]))
    t.match(refused, { status: 503, body: { code: 'overloaded', retryable: true } })
    t.equal(refused.headers.get('retry-after'), '5')
    t.match(await post(other, undefined, form(['file', bytes])), { status: 200 })
    t.equal(uploads(sandbox), 2)
    for (let again = 0; again < 3; again++) t.equal((await post(other, 'k2', form(['file', bytes]))).status, 503)
    const said = (): number => log.filter((line) => line.includes('Redis is out of reach')).length
    while (said() === 0) await sleep(10)
    t.equal(said(), 1, 'said once')
    await startRedis(t, port)
    t.match(await untilAnswered(() => post(other, 'k2', form(['file', bytes]))), { status: 200, replayed: false })
  })

  t.test('Redis that dies before the last byte: 503, and nothing is stored; after it: the answer, and an error in the log', async (t) => {
    const { upstream, url, redis, log } = await withRedis(t)
    const bytes = randomBytes(2 * MB)
    upstream.script({ delayMs: 2500 })
    const late = post(url, 'late', bytes)
    while (upstream.seen.length < 1) await sleep(5)
    await upstream.ended()
    const held = slowly(url, 'early', bytes)
    while (upstream.seen.length < 2) await sleep(5)
    await upstream.received(MB)
    redis.kill('SIGKILL')
    t.match(await late, { status: 200 })
    held.finish()
    t.equal(await held.status, 503)
    t.equal((await upstream.ended()).end, 'aborted')
    t.ok(log.some((line) => line.includes('could not be kept')))
  })

  t.test('M19: a caller that left while its key was being claimed stores nothing, and the key is free', async (t) => {
    const { upstream, url, redisUrl } = await withRedis(t)
    const redis = new Redis(redisUrl)
    t.teardown(() => { redis.disconnect() })
    const { hostname, port } = new URL(url)
    const encoded = new Response(form(['file', Buffer.from('left')]))
    const body = Buffer.from(await encoded.arrayBuffer())
    await redis.call('CLIENT', 'PAUSE', '600', 'ALL')
    const leaving = connect(Number(port), hostname)
    leaving.on('error', () => {})
    leaving.write(`POST /upload HTTP/1.1\r\nHost: x\r\nIdempotency-Key: k\r\nContent-Type: ${encoded.headers.get('content-type')}\r\nContent-Length: ${body.length}\r\n\r\n`)
    leaving.write(body)
    await sleep(100)
    leaving.resetAndDestroy()
    t.match(await settled(() => post(url, 'k', form(['file', Buffer.from('stays')]))), { status: 200, replayed: false })
    t.equal(upstream.seen.filter(({ end }) => end === 'complete').length, 1)
    t.match(upstream.seen.at(-1), { file: { bytes: 5 } })
  })

  t.test('L11: a process that is killed loses its hold: before the last byte a retry executes, after it the outcome is unknown', { skip: LONG }, async (t) => {
    const { upstream, url, redisUrl } = await withRedis(t)
    const bytes = randomBytes(2 * MB)
    for (const [key, sent] of [['before', bytes.length - 1], ['after', bytes.length]] as const) {
      const [program, ...args] = bareNode([
        ...WITH_TYPESCRIPT, 'test/fixtures/upload-process.ts', upstream.url, redisUrl, '600'
      ])
      const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
      t.teardown(() => { child.kill('SIGKILL') })
      const [doomed] = await once(child, 'message') as [string] // the fixture sends its address
      const seen = upstream.seen.length
      upstream.script({ act: 'silent' })
      await leave(`${doomed}/upload`, key, {
        head: bytes.subarray(0, sent),
        length: bytes.length,
        until: async () => {
          while (upstream.seen.length === seen) await sleep(5)
          if (key === 'before') await upstream.received(sent)
          else await upstream.ended()
          t.match(await post(url, key, bytes), { status: 409, body: { code: 'idempotency_in_progress' } }, 'it still runs')
          child.kill('SIGKILL')
        }
      })
      const answer = await settled(() => post(url, key, bytes))
      if (key === 'before') t.match(answer, { status: 200, replayed: false, body: { bytes: bytes.length } })
      else t.match(answer, { status: 409, body: { code: 'outcome_unknown', look_for: { filename: 'file', bytes: bytes.length } } })
      t.equal(upstream.seen.length, seen + (key === 'before' ? 2 : 1))
    }
    t.equal(upstream.seen.filter(({ end }) => end === 'complete').length, 2)
  })
})

interface WithRedis { upstream: FaultUpstream, url: string, redis: ChildProcess, redisUrl: string, log: string[] }

async function withRedis (t: Test): Promise<WithRedis> {
  const port = await freePort()
  const redis = await startRedis(t, port)
  const redisUrl = `redis://127.0.0.1:${port}`
  const log: string[] = []
  return { ...await withFaults(t, { redisUrl: new Secret(redisUrl), leaseMs: 600, log }), redis, redisUrl, log }
}

async function untilAnswered (ask: () => Promise<Answer>): Promise<Answer> {
  for (let round = 0; round < 100; round++) {
    const answer = await ask()
    if (answer.status !== 503) return answer
    await sleep(50)
  }
  throw new Error('Redis did not come back')
}

/** A raw upload that stops one byte before its end until it is told to finish. */
function slowly (url: string, key: string, bytes: Buffer): { finish: () => void, status: Promise<number | undefined> } {
  const request = httpRequest(url, { method: 'POST', headers: { 'idempotency-key': key, 'content-type': 'application/octet-stream', 'content-length': bytes.length } })
  const status = new Promise<number | undefined>((resolve, reject) => {
    request.on('response', (response) => {
      response.resume()
      response.on('end', () => { request.destroy() })
      resolve(response.statusCode)
    })
    request.on('error', reject)
  })
  request.write(bytes.subarray(0, -1))
  return { finish: () => { request.end(bytes.subarray(-1)) }, status }
}
