import { createHash, randomBytes } from 'node:crypto'
import pino from 'pino'
import t, { type Test } from 'tap'
import { buildApp } from '../../../src/app.ts'
import type { UploadLimits } from '../../../src/config/types.ts'
import { startFaultUpstream } from '../../support/fault-upstream.ts'
import { environmentAt, testConfig } from '../../support/gateway.ts'

/** More than is held and sent in one request whatever the limits are. */
const SIZE = 1_500_000
const LINE = 'what Cloudinary stored differs from what was sent'

interface Answer { status: number, integrity: string | null, body: object }
/** One of the two routes that store files. */
type Way = (kind: string, headers?: Record<string, string>) => Promise<Answer>

const COUNT = /_upload_integrity_total\{environment="production",outcome="(.+)"\} (\d+)/g

/** A gateway with metrics and a log before an upstream that misbehaves. */
async function start (t: Test, upload: Partial<UploadLimits> = {}) {
  const upstream = await startFaultUpstream(t)
  const lines: Array<Record<string, unknown>> = []
  const logger = pino({}, { write: (line) => { lines.push(JSON.parse(line) as Record<string, unknown>) } })
  const metrics = { host: '127.0.0.1', port: 0 }
  const config = testConfig([environmentAt(upstream.url)], { upload, metrics })
  const app = await buildApp({ config, logger })
  t.teardown(() => app.close())
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const file = randomBytes(SIZE)
  const send = async (path: string, fields: Record<string, string>, headers = {}): Promise<Answer> => {
    const form = new FormData()
    for (const [name, value] of Object.entries(fields)) form.append(name, value)
    form.append('file', new Blob([file]), 'x.bin')
    const answer = await fetch(url + path, { method: 'POST', body: form, headers })
    const integrity = answer.headers.get('x-upload-integrity')
    return { status: answer.status, integrity, body: await answer.json() as object } // all answers are JSON objects
  }
  const ways: Record<string, Way> = {
    '/upload': (kind, headers) => send('/upload', { resource_type: kind }, headers),
    '/direct-upload': (kind) => {
      const timestamp = String(Math.floor(Date.now() / 1000))
      const signature = createHash('sha1').update(`timestamp=${timestamp}abcd`).digest('hex')
      return send('/direct-upload', { resource_type: kind, timestamp, signature })
    }
  }
  const told = () => lines.filter(({ msg }) => msg === LINE)
  const counted = async () => {
    const text = await app.metrics?.text() ?? ''
    return Object.fromEntries([...text.matchAll(COUNT)].map(([, outcome, count]) => [outcome, Number(count)]))
  }
  return { upstream, file, ways, told, counted }
}

t.test('an image that differs is answered with a header, a line of the log and a count, by both routes', async (t) => {
  const { upstream, ways, told, counted } = await start(t)
  t.same(await counted(), { verified: 0, differs: 0, failed: 0, 'not-checked': 0 }, 'there before the first event')
  for (const way of Object.values(ways)) {
    upstream.script({ body: '{"public_id":"cats/tom","bytes":1,"resource_type":"image"}' })
    t.match(await way('image'), { status: 200, integrity: 'differs', body: { bytes: 1 } })
    t.match(told().pop(), {
      level: 40,
      reqId: /./,
      environment: 'production',
      public_id: 'cats/tom',
      resource_type: 'image',
      sent_bytes: SIZE,
      stored_bytes: 1
    })
    upstream.script({ body: '{"public_id":"cats/tom","resource_type":"image"}' })
    t.match(await way('image'), { status: 200, integrity: 'not-checked' })
    t.match(await way('raw'), { status: 200, integrity: 'verified' })
  }
  t.same(await counted(), { verified: 2, differs: 2, failed: 0, 'not-checked': 2 })
  t.equal(told().length, 2, 'and nothing is told of the others')
})

t.test('a raw file that differs is 502, by both routes, as raw and as auto that became raw; in chunks too', async (t) => {
  const stored = { public_id: 'x.bin', bytes: 1, resource_type: 'raw' }
  for (const upload of [{}, { singleRequestMaxBytes: 1000, chunkBytes: SIZE / 2 }, { verifyStrict: true }]) {
    const { upstream, ways, told, counted } = await start(t, upload)
    const chunks = Array.from({ length: 'chunkBytes' in upload ? 1 : 0 }, () => ({}))
    for (const way of Object.values(ways)) {
      for (const kind of ['raw', 'auto']) {
        const before = upstream.seen.length
        upstream.script(...chunks, { body: JSON.stringify(stored) })
        const detail = '1500000 bytes were sent; Cloudinary stored 1.'
        const body = { code: 'integrity_failed', retryable: false, detail, stored }
        t.match(await way(kind), { status: 502, integrity: 'differs', body })
        t.equal(upstream.seen.length, before + 1 + chunks.length, 'it is not sent again')
      }
    }
    const line = { environment: 'production', public_id: 'x.bin', sent_bytes: SIZE, stored_bytes: 1 }
    t.match(told(), [line, line, line, line])
    t.match(await counted(), { failed: 4, differs: 0 })
  }
})

t.test('with an Idempotency-Key the same 502 again: nothing is stored twice, told twice or counted twice', async (t) => {
  const { upstream, ways, told, counted } = await start(t)
  upstream.script({ body: '{"public_id":"x.bin","bytes":1,"resource_type":"raw"}' })
  const answers = []
  for (let turn = 0; turn < 3; turn++) answers.push(await ways['/upload']?.('auto', { 'idempotency-key': 'k' }))
  const body = { code: 'integrity_failed', retryable: false, stored: { public_id: 'x.bin' } }
  const answer = { status: 502, integrity: 'differs', body }
  t.match(answers, [answer, answer, answer])
  t.same([upstream.seen.length, told().length], [1, 1])
  t.match(await counted(), { failed: 1 })
})

t.test('the log has both MD5s where they are compared', async (t) => {
  const { upstream, file, ways, told } = await start(t, { verify: 'md5' })
  upstream.script({ body: `{"public_id":"a","bytes":${SIZE},"etag":"cd","resource_type":"image"}` })
  t.match(await ways['/upload']?.('image'), { status: 200, integrity: 'differs' })
  t.match(told(), [{ sent_md5: createHash('md5').update(file).digest('hex'), stored_etag: 'cd' }])
})
