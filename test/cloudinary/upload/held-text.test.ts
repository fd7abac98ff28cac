import { PassThrough, Readable } from 'node:stream'
import t from 'tap'
import { UploadBudget } from '../../../src/cloudinary/upload/budget.ts'
import { holdText, type HeldText } from '../../../src/cloudinary/upload/held-text.ts'
import { testConfig } from '../../support/gateway.ts'

const FREE = 1000
const { upload } = testConfig([], { upload: { textMaxBytes: 9000, bufferBytes: 8000, idleTimeoutMs: 50 } })

interface Reading { budget?: UploadBudget, signal?: AbortSignal, length?: number | undefined }

function hold (stream: Readable, reading: Reading = {}): Promise<HeldText> {
  const { budget = new UploadBudget(upload), signal = new AbortController().signal, length } = reading
  const body = { stream, length, stop: () => { stream.pause() }, kind: 'json', freeBytes: FREE } as const
  return holdText(body, { limits: upload, budget, signal, now: Date.now })
}

const pieces = (sizes: number[]): Buffer[] => sizes.map((size, index) => Buffer.alloc(size, index + 65))
const arriving = (...sizes: number[]): Readable => Readable.from(pieces(sizes), { objectMode: false })
const written = (...sizes: number[]): Buffer => Buffer.concat(pieces(sizes))

t.test('a short body is read without being counted, a long one in memory that is borrowed for it', async (t) => {
  for (const [length, counted] of [[FREE, 0], [undefined, 0], [5000, 5000]] as const) {
    const budget = new UploadBudget(upload)
    const sizes = counted > 0 ? [2000, 3000] : [400, 600]
    const { bytes, release } = await hold(arriving(...sizes), { budget, length })
    t.same(bytes, written(...sizes))
    t.equal(budget.heldBytes, counted)
    release()
    t.equal(budget.heldBytes, 0)
  }
})

t.test('one of unknown length borrows all that it may become once it turns out to be long', async (t) => {
  const budget = new UploadBudget(upload)
  const { bytes, release } = await hold(arriving(900, 200, 3000), { budget })
  t.same(bytes, written(900, 200, 3000))
  t.equal(budget.heldBytes, 8000)
  release()
  await t.rejects(hold(arriving(900, 7200), { budget }), { code: 'payload_too_large', message: 'The body has more than 8000 bytes; the limit for JSON is 8000.' })
  t.equal(budget.heldBytes, 0)
  const roomy = new UploadBudget({ ...upload, bufferBytes: 100_000 })
  await t.rejects(hold(arriving(900, 9200), { budget: roomy }), { message: /more than 10000 bytes/ })
  const tiny = new UploadBudget({ ...upload, bufferBytes: 500 })
  await t.rejects(hold(arriving(900, 200), { budget: tiny }), { code: 'payload_too_large', message: /more than 1000 bytes/ })
})

t.test('413 before a byte is read where there never is room, 503 where there is none now', async (t) => {
  const budget = new UploadBudget(upload)
  const unread = arriving(1)
  await t.rejects(hold(unread, { budget, length: 10_001 }), { code: 'payload_too_large', message: 'The body has 10001 bytes; the limit for JSON is 10000.', members: { advice: /multipart/ } })
  await t.rejects(hold(unread, { budget, length: 8001 }), { code: 'payload_too_large', message: /8001 bytes; all uploads together may hold 8000/, members: { advice: /multipart/ } })
  const loan = await budget.borrow(5000, new AbortController().signal)
  await t.rejects(hold(unread, { budget, length: 3001 }), { code: 'overloaded', headers: { 'retry-after': '5' } })
  t.equal(unread.readableDidRead, false)
  await t.rejects(hold(arriving(900, 200), { budget }), { code: 'overloaded' }, 'or once it turns out to be long')
  t.equal(budget.heldBytes, 5000)
  loan.release()
  t.equal((await hold(arriving(3001), { budget, length: 3001 })).bytes.length, 3001)
})

t.test('the memory is given back when the body fails: empty, paused for too long, left by its caller', async (t) => {
  const budget = new UploadBudget(upload)
  await t.rejects(hold(arriving(), { budget, length: undefined }), { code: 'invalid_request', errors: [{ pointer: '/file', message: 'is empty: it has 0 bytes' }] })
  await t.rejects(hold(new PassThrough(), { budget, length: 5000 }), { code: 'request_timeout' })
  const stuck = new PassThrough()
  stuck.write(Buffer.alloc(8000))
  await t.rejects(hold(stuck, { budget }), { code: 'request_timeout' }, 'when it is full, and nobody knows whether more comes')
  t.equal(budget.heldBytes, 0)
  const gone = new AbortController()
  const waiting = new PassThrough()
  const failed = t.rejects(hold(waiting, { budget, signal: gone.signal, length: 5000 }), { code: 'client_closed' })
  gone.abort()
  await failed
  t.equal(budget.heldBytes, 0)
})

t.test('a loan that waits in line goes before a text', async (t) => {
  const budget = new UploadBudget(upload)
  const whole = await budget.borrow(8000, new AbortController().signal)
  const next = budget.borrow(8000, new AbortController().signal)
  whole.release()
  await next
  const leaving = new AbortController()
  const queued = t.rejects(budget.borrow(1, leaving.signal))
  await t.rejects(hold(arriving(2000), { budget, length: 2000 }), { code: 'overloaded' })
  leaving.abort()
  await queued
  const held = await next
  held.release()
  t.equal((await hold(arriving(2000), { budget, length: 2000 })).bytes.length, 2000)
})
