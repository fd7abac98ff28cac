import t, { type Test } from 'tap'
import { multipartBody } from '../../src/cloudinary/multipart-body.ts'
import { surelyNotStored, UploadDelivery, type Delivery, type UploadJob } from '../../src/cloudinary/upload-delivery.ts'
import { GatewayError } from '../../src/errors.ts'
import { startFaultUpstream, type Step } from '../fault-upstream.ts'
import { call, connectionTo, quickPace } from './connection.ts'

const job: UploadJob = { resourceType: 'video', file: 'https://example.com/a', fields: {}, authorize: () => ({}), vouched: 'gateway' }

async function * bytes (text: string): AsyncGenerator<Buffer> { yield Buffer.from(text) }

function deliveryOf (changes: Partial<Delivery> = {}): Delivery {
  return { body: () => multipartBody({ head: {}, file: { chunks: bytes('hello'), filename: 'x', length: 5 } }), repeatable: () => true, ...changes }
}

async function started (t: Test): Promise<{ upstream: Awaited<ReturnType<typeof startFaultUpstream>>, delivery: UploadDelivery, pace: ReturnType<typeof quickPace> }> {
  const upstream = await startFaultUpstream(t)
  const pace = quickPace()
  return { upstream, delivery: new UploadDelivery(connectionTo(t, upstream.url, { pace })), pace }
}

t.test('one request with its length and headers, one answer', async (t) => {
  const { upstream, delivery } = await started(t)
  const { answer, attempts } = await delivery.deliver(job, deliveryOf({ headers: { 'x-unique-upload-id': 'ab', 'content-range': 'bytes 0-4/5' } }), call())
  t.match(JSON.parse(answer.body.toString()), { bytes: 5 })
  t.equal(attempts, 1)
  t.match(upstream.seen[0], { method: 'POST', url: '/v1_1/demo/video/upload', file: { bytes: 5 } })
  const headers = upstream.seen[0]?.rawHeaders.map((each) => each.toLowerCase()) ?? []
  for (const name of ['x-unique-upload-id', 'content-range', 'content-length', 'user-agent']) t.ok(headers.includes(name), name)
})

t.test('repeated with a new body while that is harmless, three times in all', async (t) => {
  const { upstream, delivery } = await started(t)
  upstream.script({ status: 500 }, { act: 'reset' })
  const { attempts } = await delivery.deliver(job, deliveryOf(), call())
  t.equal(attempts, 3)
  upstream.script({ status: 500 }, { status: 500 }, { status: 500 })
  await t.rejects(delivery.deliver(job, deliveryOf(), call()), { code: 'upstream_failed' })
  t.equal(upstream.seen.length, 6)
})

t.test('not repeated when it could do harm, when it is final, or when the wait is too long', async (t) => {
  const { upstream, delivery, pace } = await started(t)
  const progress: object[] = []
  upstream.script({ status: 500 })
  await t.rejects(delivery.deliver(job, deliveryOf({ repeatable: (_error, seen) => { progress.push(seen); return false } }), call()), { code: 'upstream_failed' })
  t.same(progress, [{ begun: true, finished: true }])
  upstream.script({ status: 400 })
  await t.rejects(delivery.deliver(job, deliveryOf(), call()), { code: 'upstream_rejected' })
  upstream.script({ status: 429, headers: { 'retry-after': '60' } })
  await t.rejects(delivery.deliver(job, deliveryOf(), call()), { code: 'rate_limited' })
  t.same(pace.slept, [])
})

t.test('a body of unknown length is chunked; a success before its end is not one', async (t) => {
  const { upstream, delivery } = await started(t)
  async function * waiting (): AsyncGenerator<Buffer> {
    yield Buffer.from('a')
    await new Promise(() => {}) // the rest never comes
  }
  upstream.script({ at: 1, body: '{"bytes":1}' })
  const body = (): ReturnType<typeof multipartBody> => multipartBody({ head: {}, file: { chunks: waiting(), filename: 'x' } })
  await t.rejects(delivery.deliver(job, deliveryOf({ body, repeatable: () => false }), call()), { code: 'upstream_failed', message: 'Cloudinary answered before it had the whole file.' })
  t.match(upstream.seen[0]?.rawHeaders.join().toLowerCase(), 'transfer-encoding,chunked')
})

t.test('surely not stored: refused, or never whole', async (t) => {
  const error = (status?: number): GatewayError => new GatewayError('upstream_failed', 'x', status === undefined ? {} : { upstream: { status } })
  t.equal(surelyNotStored(error(429), { begun: true, finished: true }), true)
  t.equal(surelyNotStored(error(500), { begun: true, finished: true }), false, 'it may have failed after it stored the file')
  t.equal(surelyNotStored(error(), { begun: true, finished: false }), true)
  t.equal(surelyNotStored(error(), { begun: true, finished: true }), false)
  t.equal(surelyNotStored(error(200), { begun: true, finished: true }), false, 'an answer that cannot be read may have been a success')
})

t.test('a failure says after how many tries it was given up, beside what it says else', async (t) => {
  const { upstream, delivery } = await started(t)
  upstream.script({ status: 500 }, { status: 429, headers: { 'retry-after': '60' } })
  await t.rejects(delivery.deliver(job, deliveryOf({ repeats: 2 }), call()), { code: 'rate_limited', upstream: { status: 429 }, headers: { 'retry-after': '60', 'x-upload-attempts': '4' } })
  t.match(await delivery.deliver(job, deliveryOf({ repeats: 2 }), call()), { attempts: 3 })
  const refused = new GatewayError('signature_mismatch', 'no', { errors: [{ pointer: '/a', message: 'b' }] })
  await t.rejects(delivery.deliver(job, deliveryOf({ body: () => { throw refused } }), call()), { code: 'signature_mismatch', errors: refused.errors, upstream: undefined, headers: { 'x-upload-attempts': '0' } })
  const broken = new Error('a fault of ours')
  t.equal(await delivery.deliver(job, deliveryOf({ body: () => { throw broken } }), call()).catch((error: unknown) => error), broken, 'is passed on as it is')
})

t.test('M31: a failure says when the file may be stored all the same', async (t) => {
  const outcome = async (steps: Step[], changes: Partial<Delivery> = {}): Promise<unknown> => {
    const { upstream, delivery } = await started(t)
    upstream.script(...steps)
    return delivery.deliver(job, deliveryOf(changes), call()).catch((error: GatewayError) => error.members['outcome'])
  }
  const last: Partial<Delivery> = { repeatable: () => false }
  t.equal(await outcome([{ act: 'reset' }], last), 'unknown', 'all was sent, no answer came')
  t.equal(await outcome([{ status: 500 }], last), 'unknown', 'a failure inside Cloudinary tells nothing')
  t.equal(await outcome([{ body: '<html>' }], last), 'unknown', 'an answer that nobody can read')
  t.equal(await outcome([{ act: 'reset' }, { status: 400 }]), 'unknown', 'the second try was refused, the first was not')
  t.equal(await outcome([{ status: 400 }]), undefined, 'refused')
  t.equal(await outcome([{ act: 'reset' }], { ...last, partial: true }), undefined, 'more was to follow')
  async function * broken (): AsyncGenerator<Buffer> {
    yield Buffer.from('hello')
    throw new GatewayError('request_timeout', 'too slow')
  }
  t.equal(await outcome([], { ...last, body: () => multipartBody({ head: {}, file: { chunks: broken(), filename: 'x' } }) }), undefined, 'never whole')
})
