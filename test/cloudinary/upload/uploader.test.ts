import { createHash, randomBytes } from 'node:crypto'
import { PassThrough, Readable } from 'node:stream'
import t, { type Test } from 'tap'
import { UploadBudget } from '../../../src/cloudinary/upload/budget.ts'
import { Uploader, type Upload, type UploadCall } from '../../../src/cloudinary/upload/uploader.ts'
import type { Relayed } from '../../../src/cloudinary/upstream/answer.ts'
import type { Pace } from '../../../src/cloudinary/upstream/retry.ts'
import type { FormFields } from '../../../src/cloudinary/wire/parameters.ts'
import type { UploadLimits } from '../../../src/config/types.ts'
import { GatewayError, invalidRequest } from '../../../src/errors.ts'
import type { StreamedFile } from '../../../src/input/forms/upload-form.ts'
import { call, connectionTo, quickPace } from '../../support/connection.ts'
import { startFaultUpstream, type FaultUpstream } from '../../support/fault-upstream.ts'
import { testConfig } from '../../support/gateway.ts'

const MB = 1024 * 1024
const md5 = (bytes: Buffer): string => createHash('md5').update(bytes).digest('hex')

/** A stream of `bytes` in pieces of odd sizes. */
function streamed (bytes: Buffer, changes: Partial<StreamedFile> = {}): StreamedFile {
  async function * pieces (): AsyncGenerator<Buffer> {
    for (let at = 0; at < bytes.length; at += 60_001) yield bytes.subarray(at, at + 60_001)
  }
  const stream = Readable.from(pieces(), { objectMode: false })
  return { stream, filename: 'x.bin', stop: () => { stream.destroy() }, ...changes }
}

type AnyUpload = Upload<FormFields>

/** Proves fields by their names: what was signed can be seen upstream. */
const seal = (fields: FormFields): FormFields => ({ ...fields, signature: Object.keys(fields).join() })

interface Started {
  upstream: FaultUpstream
  budget: UploadBudget
  store: (file: AnyUpload['file'], changes?: Partial<AnyUpload> & Pick<UploadCall, 'onStored'>, signal?: AbortSignal) => Promise<Relayed>
}

async function started (
  t: Test, limits: Partial<UploadLimits> = {}, pace: Pace = quickPace(), uploadHeadersTimeoutMs = 30_000
): Promise<Started> {
  const upstream = await startFaultUpstream(t)
  const all = { ...testConfig([]).upload, chunkBytes: 300_000, singleRequestMaxBytes: 3 * MB, ...limits }
  const budget = new UploadBudget(all)
  const uploads = new Uploader(connectionTo(t, upstream.url, { pace, limits: { uploadHeadersTimeoutMs } }), all, budget)
  const store: Started['store'] = async (file, { onStored, ...changes } = {}, signal = call().signal) => uploads.store({
    resourceType: 'raw', file, parameters: { public_id: 'x' }, seal, vouched: 'gateway', ...changes
  }, { signal, onStored })
  return { upstream, budget, store }
}

const header = ({ rawHeaders }: { rawHeaders: string[] }, name: string): string | undefined =>
  rawHeaders[rawHeaders.findIndex((each, index) => index % 2 === 0 && each.toLowerCase() === name) + 1]

const told = ({ headers }: Relayed): string[] => [headers['x-upload-attempts'] ?? '', headers['x-upload-integrity'] ?? '']

t.test('a small file goes in one request whose length is known, the proof before the file', async (t) => {
  const { upstream, budget, store } = await started(t)
  const bytes = randomBytes(100_000)
  t.same(told(await store(streamed(bytes, { maxLength: 100_500 }))), ['1', 'verified'])
  const seen = upstream.seen[0]
  t.match(seen, { url: '/v1_1/demo/raw/upload', end: 'complete', fields: { public_id: 'x', signature: 'public_id' }, file: { md5: md5(bytes), filename: 'x.bin' } })
  t.equal(header(seen ?? { rawHeaders: [] }, 'content-length'), String(seen?.bytes))
  t.ok((seen?.text.indexOf('name="signature"') ?? 0) < (seen?.text.indexOf('name="file"') ?? 0))
  t.equal(budget.heldBytes, 0)
})

t.test('M1: a file up to the limit of a single request is streamed, with its length when that is known', async (t) => {
  const { upstream, store } = await started(t, { verify: 'md5' })
  const bytes = randomBytes(2 * MB)
  t.same(told(await store(streamed(bytes, { length: bytes.length }))), ['1', 'verified'])
  t.match(upstream.seen[0], { end: 'complete', file: { md5: md5(bytes) } })
  t.equal(header(upstream.seen[0] ?? { rawHeaders: [] }, 'content-length'), String(upstream.seen[0]?.bytes))
})

t.test('M12: fields after a streamed file are proved and sent after it', async (t) => {
  const { upstream, store } = await started(t)
  const bytes = randomBytes(2 * MB)
  await store(streamed(bytes, { maxLength: 2 * MB + 500 }), { late: async () => ({ folder: 'f' }) })
  t.match(upstream.seen[0], { fields: { public_id: 'x', folder: 'f', signature: 'public_id,folder' }, file: { md5: md5(bytes) } })
  t.equal(header(upstream.seen[0] ?? { rawHeaders: [] }, 'transfer-encoding'), 'chunked')
})

t.test('M32: a larger file goes in chunks with their ranges, each proved afresh', async (t) => {
  for (const length of [undefined, 4 * MB]) {
    const { upstream, store } = await started(t, { chunkBytes: MB, verify: 'md5' })
    const bytes = randomBytes(4 * MB)
    let proofs = 0
    const numbered = (): FormFields => ({ timestamp: String(++proofs) })
    t.same(told(await store(streamed(bytes, { length }), { seal: numbered })), ['1', 'verified'])
    const total = length ?? -1
    t.same(upstream.seen.map((seen) => header(seen, 'content-range')), [
      `bytes 0-1048575/${total}`, `bytes 1048576-2097151/${total}`, `bytes 2097152-3145727/${total}`, 'bytes 3145728-4194303/4194304'
    ])
    t.same(upstream.seen.map(({ fields }) => fields['timestamp']), ['1', '2', '3', '4'])
    const ids = new Set(upstream.seen.map((seen) => header(seen, 'x-unique-upload-id')))
    t.equal(ids.size, 1)
    t.equal(md5(upstream.assembled([...ids][0] ?? '')), md5(bytes))
  }
})

t.test('M2: a file of unknown size that fits in one chunk is one ordinary request, and its late fields are in time', async (t) => {
  const { upstream, store } = await started(t)
  const bytes = randomBytes(300_000) // exactly one chunk
  t.same(told(await store(streamed(bytes), { late: async () => ({ folder: 'f' }) })), ['1', 'verified'])
  t.match(upstream.seen, [{ fields: { folder: 'f', signature: 'public_id,folder' }, file: { md5: md5(bytes) } }])
  t.notMatch(upstream.seen[0]?.rawHeaders.join(), /content-range/i)
})

t.test('M12: 400 for fields after a file in chunks; the last chunk is not sent, so nothing is stored', async (t) => {
  const { upstream, store } = await started(t)
  await t.rejects(store(streamed(randomBytes(700_000)), { late: async () => ({ folder: 'f', tags: 'x' }) }), {
    code: 'invalid_request', errors: [{ pointer: '/folder', message: /put it before the file, or in the query/ }, { pointer: '/tags' }]
  })
  t.same(upstream.seen.map((seen) => header(seen, 'content-range')?.endsWith('/-1')), [true, true])
  await t.resolves(store(streamed(randomBytes(700_000)), { late: async () => ({}) }), 'and none are no fault')
})

t.test('M12: what a policy forces stands before the first chunk, and what it refuses is refused before it', async (t) => {
  const { upstream, store } = await started(t)
  const forcing = (fields: FormFields): FormFields => seal({ ...fields, tags: 'forced' })
  await store(streamed(randomBytes(700_000)), { late: async () => ({}), seal: forcing })
  t.same(upstream.seen.map(({ fields }) => fields['tags']), ['forced', 'forced', 'forced'])
  await store(streamed(randomBytes(2 * MB), { maxLength: 2 * MB + 500 }), { late: async () => ({ folder: 'f' }), seal: forcing })
  t.match(upstream.seen.at(-1)?.fields, { public_id: 'x', folder: 'f', tags: 'forced', signature: 'public_id,folder,tags' }, 'once, after a streamed file')
  const count = upstream.seen.length
  await t.rejects(store(streamed(randomBytes(700_000)), { late: async () => ({}), seal: () => { throw new GatewayError('forbidden', 'no') } }), { code: 'forbidden' })
  t.equal(upstream.seen.length, count)
})

t.test('a failed chunk is sent again: after a reset, a 5xx, a limit that passes, a silence', async (t) => {
  const pace = quickPace()
  const { upstream, store } = await started(t, {}, pace, 2_000)
  const bytes = randomBytes(1_000_000)
  upstream.script({}, { at: 100_000, act: 'reset' }, { status: 503 }, {}, { status: 429, headers: { 'retry-after': '3' } }, {}, { act: 'silent' })
  t.same(told(await store(streamed(bytes))), ['5', 'verified'])
  t.equal(md5(upstream.assembled(header(upstream.seen[0] ?? { rawHeaders: [] }, 'x-unique-upload-id') ?? '')), md5(bytes))
  t.ok(pace.slept.includes(3050))
  t.equal(upstream.seen.length, 8)
})

t.test('a chunk that is refused, or fails three times, ends the upload', async (t) => {
  const { upstream, budget, store } = await started(t)
  upstream.script({}, { status: 400, body: '{"error":{"message":"All parts except EOF-chunk must be larger than 5mb"}}' })
  await t.rejects(store(streamed(randomBytes(1_000_000))), { code: 'upstream_rejected', message: /larger than 5mb/ })
  t.equal(upstream.seen.length, 2)
  upstream.script({ status: 500 }, { status: 500 }, { status: 500 })
  await t.rejects(store(streamed(randomBytes(1_000_000), { length: 1_000_000 }), {}), { code: 'upstream_failed' })
  t.equal(upstream.seen.length, 5)
  t.equal(budget.heldBytes, 0, 'and its memory is free')
})

t.test('a limit is passed on at once, but for a chunk in the middle of its file', async (t) => {
  const { upstream, store } = await started(t)
  for (const [status, code] of [[429, 'rate_limited'], [420, 'quota_exhausted']] as const) {
    const limit = { status, headers: { 'retry-after': '1' } }
    upstream.script(limit)
    await t.rejects(store(streamed(randomBytes(1000), { length: 1000 })), { code, headers: { 'retry-after': '1' } })
    upstream.script({}, {}, limit)
    await t.rejects(store(streamed(randomBytes(700_000))), { code }, 'the last chunk')
  }
  t.equal(upstream.seen.length, 8)
})

t.test('a fault of ours is passed on as it is', async (t) => {
  const { store } = await started(t)
  await t.rejects(store(streamed(randomBytes(100), { length: 100 }), { seal: () => { throw new TypeError('a fault of ours') } }), TypeError)
})

t.test('after an upload nobody gets an answer from before it, and its ID may be anywhere', async (t) => {
  const upstream = await startFaultUpstream(t)
  const connection = connectionTo(t, upstream.url)
  const { account: { absences, reads } } = connection
  const uploader = new Uploader(connection, testConfig([]).upload, new UploadBudget({ maxConcurrent: 4, bufferBytes: 1e8, shares: testConfig([]).upload.shares }))
  const places = ['x', 'y'].map((id) => ({ resource_type: 'raw', type: 'private', public_id: id } as const))
  const known = (): boolean[] => places.map((place) => absences.has(place))
  const upload = async (body: string | undefined, step: object = {}): Promise<unknown> => {
    for (const place of places) absences.begin()(place)
    let asked = 0
    const pending = reads.ask('list', call().signal, async () => { asked++; return new Promise(() => {}) })
    upstream.script({ ...step, ...(body !== undefined && { body }) })
    const failure = await uploader.store({ file: streamed(Buffer.from('hello')), resourceType: 'raw', vouched: 'gateway', parameters: {}, seal: () => ({}) }, call()).then(() => undefined, (error: unknown) => error)
    const later = reads.ask('list', call().signal, async () => { asked++; return new Promise(() => {}) })
    t.equal(asked, 2, 'a new question')
    t.not(later, pending)
    reads.separate()
    return failure
  }
  t.equal(await upload('{"public_id":"x","bytes":5}'), undefined)
  t.same(known(), [false, true])
  t.equal(await upload('{"status":"pending"}'), undefined)
  t.same(known(), [false, false])
  t.match(await upload(undefined, { status: 400 }), { code: 'upstream_rejected' })
  t.same(known(), [true, true], 'refused, so nothing was stored')
  t.match(await upload(undefined, { status: 500 }), { members: { outcome: 'unknown' } })
  t.same(known(), [false, false], 'it may have been stored')
})

t.test('a held file is sent again when it was surely not stored, or would replace itself', async (t) => {
  const { upstream, store } = await started(t)
  const small = (): StreamedFile => streamed(randomBytes(1000), { length: 1000 })
  for (const step of [{ status: 500 }, { status: 503 }]) {
    upstream.script(step)
    await t.rejects(store(small(), { parameters: {} }), { code: 'upstream_failed', members: { outcome: 'unknown' } }, 'it may have been stored before it failed')
  }
  upstream.script({ act: 'reset' })
  t.same(told(await store(small())), ['2', 'verified'], 'same public_id, same asset')
  upstream.script({ act: 'reset' })
  await t.rejects(store(small(), { parameters: {} }), { code: 'upstream_failed' }, 'a second asset could be the price')
})

t.test('U5: a streamed file is sent again only when no byte of it was asked for', async (t) => {
  const { upstream, store } = await started(t)
  upstream.script({ at: 1, act: 'reset' })
  await t.rejects(store(streamed(randomBytes(2 * MB), { length: 2 * MB })), { code: 'upstream_failed' })
  upstream.script({ status: 503 })
  await t.rejects(store(streamed(randomBytes(2 * MB), { length: 2 * MB })), { code: 'upstream_failed' })
  t.equal(upstream.seen.length, 2)
  const pace = quickPace()
  const nowhere = new Uploader(connectionTo(t, 'http://name.invalid', { pace }), { ...testConfig([]).upload, singleRequestMaxBytes: 3 * MB }, new UploadBudget(testConfig([]).upload))
  const upload: AnyUpload = { resourceType: 'raw', file: streamed(randomBytes(2 * MB), { length: 2 * MB }), parameters: {}, seal, vouched: 'gateway' }
  await t.rejects(nowhere.store(upload, call()), { code: 'upstream_failed' })
  t.equal(pace.slept.length, 2)
})

t.test('U7, U8: an early refusal is passed on; an early success is not believed', async (t) => {
  const { upstream, store } = await started(t)
  const file = (): StreamedFile => streamed(randomBytes(2 * MB), { length: 2 * MB })
  upstream.script({ at: 100_000, status: 413, body: '{"error":{"message":"Request entity too large"}}' })
  await t.rejects(store(file()), { code: 'payload_too_large' })
  const slow = new PassThrough()
  upstream.script({ at: 10, body: '{"bytes":10}' })
  slow.write(Buffer.alloc(1000))
  await t.rejects(store({ stream: slow, maxLength: 2 * MB, filename: 'x', stop: () => { slow.destroy() } }), { code: 'upstream_failed', message: 'Cloudinary answered before it had the whole file.' })
  t.ok(slow.destroyed, 'and the source is given up, though it was waiting')
})

t.test('M4, M5: a file over the limit has no end upstream, in one request and in chunks', async (t) => {
  const single = await started(t, { maxBytes: 1_500_000 })
  const stream = new PassThrough()
  const running = single.store({ stream, filename: 'x', maxLength: 2 * MB, stop: () => { stream.destroy() } })
  stream.write(Buffer.alloc(1_400_000))
  await single.upstream.received(1)
  stream.write(Buffer.alloc(200_000))
  await t.rejects(running, { code: 'payload_too_large', message: /at least \d+ bytes; the limit is 1500000/ })
  t.match(await single.upstream.ended(), { end: 'aborted' })
  const { upstream, store } = await started(t, { maxBytes: 1_500_000 })
  await t.rejects(store(streamed(randomBytes(2 * MB))), { code: 'payload_too_large' })
  t.ok(upstream.seen.length > 0)
  t.ok(upstream.seen.every((seen) => header(seen, 'content-range')?.endsWith('/-1')), 'the last chunk never came')
})

t.test('M12: fields that are refused after a streamed file abort it before its end', async (t) => {
  const { upstream, store } = await started(t)
  const late = async (): Promise<never> => {
    await upstream.received(1)
    throw invalidRequest([{ pointer: '/fodler', message: 'is not a field' }])
  }
  await t.rejects(store(streamed(randomBytes(2 * MB), { maxLength: 2 * MB + 500 }), { late }), { code: 'invalid_request' })
  t.match(await upstream.ended(), { end: 'aborted' })
})

t.test('M19: a caller that leaves ends the upload at once: while sending, between chunks, while waiting for memory', async (t) => {
  const { upstream, budget, store } = await started(t)
  for (const changes of [{ maxLength: 2 * MB }, {}]) {
    const leaving = new AbortController()
    const stream = new PassThrough()
    const running = store({ stream, filename: 'x', stop: () => { stream.destroy() }, ...changes }, {}, leaving.signal)
    stream.write(Buffer.alloc(400_000))
    await upstream.received(1)
    leaving.abort()
    await t.rejects(running, { code: 'client_closed' })
    t.ok(stream.destroyed)
    t.equal(budget.heldBytes, 0)
  }
  t.notMatch(upstream.seen, [{ end: 'complete' }, { end: 'complete' }])
  const count = upstream.seen.length
  const waiting = new AbortController()
  const loan = await budget.borrow(128 * MB, call().signal)
  const running = store(streamed(randomBytes(1000)), {}, waiting.signal)
  setImmediate(() => setImmediate(() => waiting.abort()))
  await t.rejects(running, { code: 'client_closed' })
  loan.release()
  t.equal(upstream.seen.length, count, 'and no request was made for it')
})

t.test('M35: a file that shrinks or grows while it is read is never stored', async (t) => {
  const { upstream, store } = await started(t)
  for (const length of [999_999, 1_000_001]) await t.rejects(store(streamed(randomBytes(1_000_000), { length })), { code: 'invalid_request' })
  for (const index of upstream.seen.keys()) await upstream.ended(index)
  const last = upstream.seen.filter((seen) => /^bytes 900000-/.test(header(seen, 'content-range') ?? ''))
  t.ok(last.every(({ end }) => end === 'aborted'), 'the last chunk has no end')
})

t.test('a URL is passed on as text, a data URI streams through as text', async (t) => {
  const { upstream, store } = await started(t)
  t.same(told(await store('https://example.com/cat.jpg')), ['1', 'not-checked'])
  const uri = Buffer.from(`data:image/png;base64,${'A'.repeat(4 * MB)}`)
  t.same(told(await store(streamed(uri, { filename: undefined }))), ['1', 'verified'])
  t.match(upstream.seen, [{ fields: { file: 'https://example.com/cat.jpg' } }, { fields: { file: uri.toString() } }])
  upstream.script({ act: 'reset' })
  await t.rejects(store('https://example.com/cat.jpg', { parameters: {} }), { code: 'upstream_failed' })
})

t.test('what was stored is compared: told, or 502 when it must not differ', async (t) => {
  const differs = { body: '{"public_id":"x","bytes":1,"etag":"ab","resource_type":"image"}' }
  const failed = {
    code: 'integrity_failed',
    retryable: false,
    members: { stored: { public_id: 'x', bytes: 1 } },
    headers: { 'x-upload-attempts': '1', 'x-upload-integrity': 'differs' }
  }
  const { upstream, store } = await started(t)
  upstream.script(differs, differs)
  t.same(told(await store(streamed(randomBytes(10), { length: 10 }), { resourceType: 'image' })), ['1', 'differs'])
  const strict = await started(t, { verifyStrict: true })
  strict.upstream.script(differs)
  await t.rejects(strict.store(streamed(randomBytes(10), { length: 10 }), { resourceType: 'image' }), failed)
  await t.rejects(store(streamed(randomBytes(10), { length: 10 }), { resourceType: 'raw' }), failed, 'a raw file may never differ')
  t.equal(upstream.seen.length, 2, 'and is not sent again: it is stored')
})

t.test('a raw file that differs is a failure whichever way it went: held, streamed, in chunks; the one who asks is told', async (t) => {
  const { upstream, store } = await started(t)
  const told: unknown[] = []
  const onStored: UploadCall['onStored'] = ({ integrity, sent }, failure) => {
    told.push([integrity, sent.bytes, failure?.code])
  }
  const ways = [
    [{ length: 10 }, 10, 1],
    [{ length: 2 * MB }, 2 * MB, 1],
    [{}, 700_000, 3],
    [{ length: 4 * MB }, 4 * MB, 14]
  ] as const
  for (const [announced, size, requests] of ways) {
    const before = upstream.seen.length
    upstream.script(...Array.from({ length: requests - 1 }, () => ({})), { body: '{"public_id":"a","bytes":1,"resource_type":"raw"}' })
    const failing = store(streamed(randomBytes(size), announced), { resourceType: 'auto', onStored })
    await t.rejects(failing, { code: 'integrity_failed', message: `${size} bytes were sent; Cloudinary stored 1.` })
    t.equal(upstream.seen.length, before + requests)
    t.same(told.pop(), ['differs', size, 'integrity_failed'])
  }
  await store(streamed(randomBytes(10)), { onStored })
  t.same(told, [['verified', 10, undefined]])
})

t.test('an answer that describes no stored file is 502 with an unknown outcome and the attempts, and is not sent again', async (t) => {
  const { upstream, store } = await started(t)
  const odd = ['{}', '{"bytes":10}', '{"public_id":"x","bytes":"10"}', '{"public_id":"x","bytes":null}', '{"public_id":"x","bytes":-1}', '{"public_id":"x","done":false}']
  for (const [index, body] of odd.entries()) {
    for (const file of [streamed(randomBytes(10), { length: 10 }), streamed(randomBytes(10)), 'https://example.com/a.jpg']) {
      upstream.script({ body })
      await t.rejects(store(file, { resourceType: 'raw' }), {
        code: 'upstream_failed', retryable: false, members: { outcome: 'unknown' }, headers: { 'x-upload-attempts': '1' }
      }, body)
    }
    t.equal(upstream.seen.length, 3 * (index + 1))
  }
})

t.test('an MD5 that was asked for: compared when it is there, and nothing is verified without it', async (t) => {
  const { upstream, store } = await started(t, { verify: 'md5' })
  const bytes = randomBytes(10)
  const answers = [[{ bytes: 10, etag: md5(bytes) }, 'verified'], [{ bytes: 10 }, 'not-checked'], [{ etag: md5(bytes) }, 'not-checked'], [{}, 'not-checked']] as const
  for (const [answer, integrity] of answers) {
    upstream.script({ body: JSON.stringify({ public_id: 'x', resource_type: 'raw', ...answer }) })
    t.same(told(await store(streamed(bytes, { length: 10 }), { resourceType: 'raw' })), ['1', integrity])
  }
  upstream.script({ body: '{"public_id":"x","etag":"cd"}' })
  await t.rejects(store(streamed(bytes, { length: 10 }), { resourceType: 'raw' }), { code: 'integrity_failed', message: /the MD5 cd\./ })
  upstream.script({ body: '{"public_id":"x","etag":"cd"}' })
  const uri = Buffer.from(`data:image/png;base64,${'A'.repeat(4 * MB)}`)
  t.same(told(await store(streamed(uri, { filename: undefined }))), ['1', 'not-checked'], 'the MD5 of a data URI is that of its text')
})

t.test('a small file does not wait for memory: where none is free it is streamed', async (t) => {
  const { upstream, budget, store } = await started(t)
  const bytes = randomBytes(1000)
  const loan = await budget.borrow(128 * MB, call().signal)
  t.same(told(await store(streamed(bytes, { maxLength: 1500 }))), ['1', 'verified'])
  t.match(upstream.seen, [{ file: { md5: md5(bytes) } }])
  loan.release()
})

t.test('uploads together stay within the memory budget, and all of them end', async (t) => {
  const { upstream, budget, store } = await started(t, { bufferBytes: 700_000, chunkBytes: 300_000 })
  let highest = 0
  const watch = setInterval(() => { highest = Math.max(highest, budget.heldBytes) }, 1)
  const files = Array.from({ length: 8 }, () => randomBytes(1_000_000))
  const answers = await Promise.all(files.map(async (bytes) => store(streamed(bytes))))
  clearInterval(watch)
  t.ok(answers.every((answer) => told(answer)[1] === 'verified'))
  t.ok(highest <= 700_000, `${highest} bytes at most`)
  t.equal(upstream.seen.length, 32)
})

t.test('the limit of a form holds for the file, whether the form is known before it or after it', async (t) => {
  const { upstream, store } = await started(t, { singleRequestMaxBytes: 10_000, chunkBytes: 300_000 })
  for (const size of [1000, 700_000]) {
    const limit = (maxBytes: number) => ({ maxBytesOf: () => maxBytes })
    await t.rejects(store(streamed(randomBytes(size)), limit(size - 1)), { code: 'payload_too_large' })
    t.match(told(await store(streamed(randomBytes(size)), limit(size))), [String, 'verified'])
  }
  const late = { late: async () => ({}), maxBytesOf: () => 999 }
  const before = upstream.seen.length
  await t.rejects(store(streamed(randomBytes(1000), { maxLength: 1500 }), late), {
    code: 'payload_too_large'
  })
  t.equal(upstream.seen.length, before, 'nothing whole went up')
})
