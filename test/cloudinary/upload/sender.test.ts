import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { Form } from '../../../src/cloudinary/upload/multipart-body.ts'
import { mayBeStored, UploadSender, type Piece } from '../../../src/cloudinary/upload/sender.ts'
import type { UpstreamLimits } from '../../../src/config/types.ts'
import { GatewayError } from '../../../src/errors.ts'
import { call, connectionTo, quickPace } from '../../support/connection.ts'
import { startFaultUpstream, type Step } from '../../support/fault-upstream.ts'

async function * bytes (text: string): AsyncGenerator<Buffer> { yield Buffer.from(text) }

const form = (head: Form['head'] = {}): Form => ({ head, file: { chunks: bytes('hello'), filename: 'x', length: 5 } })
const piece = (changes: Partial<Piece> = {}): Piece => ({ form, retry: 'always', ...changes })
const NAMED: Piece = { form: () => form({ public_id: 'x' }), retry: 'unless_stored' }
const UNNAMED: Piece = { form, retry: 'unless_stored' }

interface Started {
  upstream: Awaited<ReturnType<typeof startFaultUpstream>>
  /** Sends the requests of one more upload. */
  sender: () => UploadSender
  pace: ReturnType<typeof quickPace>
}

async function started (t: Test, limits: Partial<UpstreamLimits> = {}): Promise<Started> {
  const upstream = await startFaultUpstream(t)
  const pace = quickPace()
  const connection = connectionTo(t, upstream.url, { pace, limits })
  return { upstream, sender: () => new UploadSender(connection, { resourceType: 'video', vouched: 'gateway' }, call()), pace }
}

t.test('one request with its length and headers, one answer', async (t) => {
  const { upstream, sender } = await started(t)
  const upload = sender()
  const answer = await upload.send(piece({ range: { 'x-unique-upload-id': 'ab', 'content-range': 'bytes 0-4/5' } }))
  t.match(JSON.parse(answer.body.toString()), { bytes: 5 })
  t.equal(upload.attempts, 1)
  t.match(upstream.seen[0], { method: 'POST', url: '/v1_1/demo/video/upload', file: { bytes: 5 } })
  const headers = upstream.seen[0]?.rawHeaders.map((each) => each.toLowerCase()) ?? []
  for (const name of ['x-unique-upload-id', 'content-range', 'content-length', 'user-agent']) t.ok(headers.includes(name), name)
})

t.test('sent again with a new form while that is harmless, three times in all', async (t) => {
  const { upstream, sender } = await started(t)
  upstream.script({ status: 500 }, { act: 'reset' })
  const upload = sender()
  await upload.send(piece())
  t.equal(upload.attempts, 3)
  upstream.script({ status: 500 }, { status: 500 }, { status: 500 })
  await t.rejects(sender().send(piece()), { code: 'upstream_failed' })
  t.equal(upstream.seen.length, 6)
})

t.test('what could be stored twice is sent again only when it was not stored, or replaces itself', async (t) => {
  const { upstream, sender } = await started(t)
  const attempts = async (upload: UploadSender, sent: Piece): Promise<number> => {
    await upload.send(sent)
    return upload.attempts
  }
  upstream.script({ status: 500 })
  await t.rejects(sender().send(UNNAMED), { code: 'upstream_failed' })
  upstream.script({ status: 500 })
  t.equal(await attempts(sender(), NAMED), 2)
  upstream.script({ status: 500 })
  await t.rejects(sender().send(piece({ retry: 'unless_begun' })), { code: 'upstream_failed' }, 'the bytes are gone')
  t.equal(upstream.seen.length, 4)
})

t.test('a refusal that asks for patience is passed on at once, but for a chunk in the middle of its file', async (t) => {
  const { upstream, sender, pace } = await started(t)
  const chunk = (start: number, partial: boolean): Piece =>
    piece({ range: { 'x-unique-upload-id': 'ab', 'content-range': `bytes ${start}-${start + 4}/15` }, partial })
  for (const [status, code] of [[429, 'rate_limited'], [420, 'quota_exhausted']] as const) {
    const refusal: Step = { status, headers: { 'retry-after': '1' } }
    for (const sent of [NAMED, UNNAMED, piece(), chunk(0, true), chunk(10, false)]) {
      upstream.script(refusal)
      await t.rejects(sender().send(sent), { code, headers: { 'retry-after': '1' } })
    }
    t.same(pace.slept, [], 'nobody was kept waiting')
    upstream.script(refusal)
    const upload = sender()
    await upload.send(chunk(5, true))
    t.equal(upload.attempts, 2, 'its caller still has bytes to send')
    t.same(pace.slept.splice(0), [1050])
  }
  upstream.script({ status: 429, headers: { 'retry-after': '60' } })
  await t.rejects(sender().send(chunk(5, true)), { code: 'rate_limited' }, 'no longer than half a minute')
})

t.test('not sent again when the refusal is final, or when the wait is too long', async (t) => {
  const { upstream, sender, pace } = await started(t)
  upstream.script({ status: 400 })
  await t.rejects(sender().send(piece()), { code: 'upstream_rejected' })
  upstream.script({ status: 429, headers: { 'retry-after': '60' } })
  await t.rejects(sender().send(piece()), { code: 'rate_limited' })
  t.same(pace.slept, [])
})

t.test('a body of unknown length is chunked; a success before its end is not one', async (t) => {
  const { upstream, sender } = await started(t)
  async function * waiting (): AsyncGenerator<Buffer> {
    yield Buffer.from('a')
    await new Promise(() => {}) // the rest never comes
  }
  upstream.script({ at: 1, body: '{"bytes":1}' })
  const endless = (): Form => ({ head: {}, file: { chunks: waiting(), filename: 'x' } })
  await t.rejects(sender().send(piece({ form: endless, retry: 'unless_begun' })), { code: 'upstream_failed', message: 'Cloudinary answered before it had the whole file.' })
  t.match(upstream.seen[0]?.rawHeaders.join().toLowerCase(), 'transfer-encoding,chunked')
})

t.test('answers that hang open the circuit, unless another one comes in the same time', async (t) => {
  const { upstream, sender } = await started(t, { uploadHeadersTimeoutMs: 200 })
  const hanging = async (meanwhile: () => Promise<unknown>): Promise<void> => {
    upstream.script(...Array.from({ length: 10 }, () => ({ act: 'silent' as const })))
    const before = upstream.seen.length
    const all = Array.from(
      { length: 10 }, async () => sender().send(UNNAMED).catch((error: unknown) => error)
    )
    while (upstream.seen.slice(before).filter(({ end }) => end === 'complete').length < 10) await sleep(1)
    await meanwhile()
    for (const failure of await Promise.all(all)) t.match(failure, { code: 'upstream_timeout' })
  }
  await hanging(async () => sender().send(UNNAMED))
  await sender().send(UNNAMED)
  await hanging(async () => {})
  await t.rejects(sender().send(UNNAMED), { code: 'upstream_unavailable' })
})

t.test('may be stored: all of it was sent, and it was not refused', async (t) => {
  const error = (status?: number): GatewayError => new GatewayError('upstream_failed', 'x', status === undefined ? {} : { upstream: { status } })
  t.equal(mayBeStored(error(429), { finished: true }), false)
  t.equal(mayBeStored(error(500), { finished: true }), true, 'it may have failed after it stored the file')
  t.equal(mayBeStored(error(), { finished: false }), false)
  t.equal(mayBeStored(error(), { finished: true }), true)
  t.equal(mayBeStored(error(200), { finished: true }), true, 'an answer that cannot be read may have been a success')
})

t.test('a failure says after how many attempts it was given up, over all pieces of the file, beside what it says else', async (t) => {
  const { upstream, sender } = await started(t)
  const upload = sender()
  upstream.script({ status: 500 }, { status: 500 }, {}, { status: 500 }, { status: 429, headers: { 'retry-after': '60' } })
  await upload.send(piece())
  await t.rejects(upload.send(piece()), { code: 'rate_limited', upstream: { status: 429 }, headers: { 'retry-after': '60', 'x-upload-attempts': '4' } })
  await upload.send(piece())
  t.equal(upload.attempts, 4)
  const refused = new GatewayError('signature_mismatch', 'no', { errors: [{ pointer: '/a', message: 'b' }] })
  await t.rejects(sender().send(piece({ form: () => { throw refused } })), { code: 'signature_mismatch', errors: refused.errors, upstream: undefined, headers: { 'x-upload-attempts': '0' } })
  const broken = new Error('a fault of ours')
  t.equal(await sender().send(piece({ form: () => { throw broken } })).catch((error: unknown) => error), broken, 'is passed on as it is')
})

t.test('M31: a failure says when the file may be stored all the same', async (t) => {
  const outcome = async (steps: Step[], sent: Piece): Promise<unknown> => {
    const { upstream, sender } = await started(t)
    upstream.script(...steps)
    return sender().send(sent).catch((error: GatewayError) => error.members['outcome'])
  }
  t.equal(await outcome([{ act: 'reset' }], UNNAMED), 'unknown', 'all was sent, no answer came')
  t.equal(await outcome([{ status: 500 }], UNNAMED), 'unknown', 'a failure inside Cloudinary tells nothing')
  t.equal(await outcome([{ body: '<html>' }], UNNAMED), 'unknown', 'an answer that nobody can read')
  t.equal(await outcome([{ act: 'reset' }, { status: 400 }], NAMED), 'unknown', 'the second attempt was refused, the first was not')
  t.equal(await outcome([{ status: 400 }], NAMED), undefined, 'refused')
  t.equal(await outcome([{ act: 'reset' }], { ...piece({ retry: 'unless_begun' }), partial: true }), undefined, 'more was to follow')
  async function * broken (): AsyncGenerator<Buffer> {
    yield Buffer.from('hello')
    throw new GatewayError('request_timeout', 'too slow')
  }
  t.equal(await outcome([], { ...UNNAMED, form: () => ({ head: {}, file: { chunks: broken(), filename: 'x' } }) }), undefined, 'never whole')
  const { upstream, sender } = await started(t)
  const invalid = Object.assign(new Error('late fields'), { validation: [] })
  const tail = async (): Promise<never> => { throw invalid }
  t.equal(await sender().send(piece({ form: () => ({ ...form(), tail }) })).catch((error: unknown) => error), invalid, 'what the validator says of late fields is passed on as it is')
  t.match(await upstream.ended(), { end: 'aborted' })
})
