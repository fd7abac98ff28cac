import { createHash } from 'node:crypto'
import { PassThrough, Readable } from 'node:stream'
import t from 'tap'
import { SourceStopped } from '../../../src/cloudinary/upload/byte-reader.ts'
import { Intake, requireSize, tooLarge } from '../../../src/cloudinary/upload/intake.ts'
import { GatewayError } from '../../../src/errors.ts'
import type { StreamedFile } from '../../../src/input/forms/upload-form.ts'

const limits = { maxBytes: 10, idleTimeoutMs: 1000, minBytesPerSecond: 1024, verify: 'bytes' } as const

function fileOf (stream: Readable, changes: Partial<StreamedFile> = {}): StreamedFile {
  return { stream, filename: 'x', stop: () => { stream.destroy() }, ...changes }
}
const from = (...texts: string[]): Readable => Readable.from(texts.map((text) => Buffer.from(text)))

async function drain (intake: Intake): Promise<string> {
  let text = ''
  for await (const chunk of intake.chunks()) text += chunk.toString()
  return text
}

t.test('counts what passes and hashes it when asked', async (t) => {
  const intake = new Intake(fileOf(from('he', 'llo'), { maxLength: 7 }), { ...limits, verify: 'md5' })
  await intake.begin()
  t.equal(await intake.more(), true)
  t.equal(await drain(intake), 'hello')
  t.match(intake, { bytes: 5, ended: true, filename: 'x', length: undefined, maxLength: 7 })
  t.equal(intake.md5(), createHash('md5').update('hello').digest('hex'))
  t.equal(await intake.more(), false)
  t.equal(await intake.next(), undefined)
  intake.stop(new Error('over')) // nothing left to stop
  t.equal(new Intake(fileOf(from('a')), limits).md5(), undefined, 'not asked: not computed')
})

t.test('bytes that are put back come again and are not counted twice', async (t) => {
  const intake = new Intake(fileOf(from('hello'), { length: 5 }), limits)
  const first = await intake.next()
  intake.putBack(first?.subarray(2) ?? Buffer.alloc(0))
  t.equal(await drain(intake), 'llo')
  t.equal(intake.bytes, 5)
  t.equal(intake.maxLength, 5)
})

t.test('M3: 400 for zero bytes, before anything is sent', async (t) => {
  await t.rejects(new Intake(fileOf(from()), limits).begin(), { code: 'invalid_request', message: '/file: is empty: it has 0 bytes' })
})

t.test('M4, M5: 413 with both numbers, for the announced and for the counted size; one byte less passes', async (t) => {
  await t.rejects(new Intake(fileOf(from('x'), { length: 11 }), limits).begin(), { code: 'payload_too_large', message: 'The file has 11 bytes; the limit is 10.' })
  const counted = new Intake(fileOf(from('12345', '678901')), limits)
  await t.rejects(drain(counted), { code: 'payload_too_large', message: 'The file has at least 11 bytes; the limit is 10.' })
  t.equal(await drain(new Intake(fileOf(from('1234567890')), limits)), '1234567890')
  t.equal(tooLarge(2, 1).message, 'The file has 2 bytes; the limit is 1.')
})

t.test('of a data URI the bytes that it stands for are counted, not its characters', async (t) => {
  const uri = (bytes: number): string => `data:application/octet-stream;base64,${Buffer.alloc(bytes).toString('base64')}`
  const intake = (length: number | undefined, ...texts: string[]): Intake => new Intake(fileOf(from(...texts), { filename: undefined, length }), { ...limits, verify: 'md5' })
  for (const bytes of [8, 9, 10]) t.equal(await drain(intake(uri(bytes).length, uri(bytes))), uri(bytes))
  await t.rejects(intake(uri(11).length, uri(11)).begin(), { code: 'payload_too_large', message: 'The file has 11 bytes; the limit is 10.' })
  await t.rejects(drain(intake(undefined, uri(12), 'A'.repeat(400))), { code: 'payload_too_large', message: 'The file has at least 12 bytes; the limit is 10.' })
})

t.test('400 for a data URI that is no base64, before its last bytes are given on', async (t) => {
  const given = async (length: number | undefined, ...texts: string[]): Promise<string> => {
    const intake = new Intake(fileOf(from(...texts), { filename: undefined, length }), limits)
    let all = ''
    try {
      for await (const chunk of intake.chunks()) all += chunk.toString()
    } catch (error) {
      t.match(error, { code: 'invalid_request', errors: [{ pointer: '/file' }] })
      return all
    }
    throw new Error('was taken')
  }
  const head = 'data:;base64,'
  t.equal(await given(head.length + 5, head, 'QUJDR'), head, 'known length: the last piece is held back')
  t.equal(await given(undefined, head, 'QUJDR'), `${head}QUJDR`, 'unknown length: the end of the body is')
  t.equal(await given(undefined, head, 'QU D', 'QUJD'), head)
})

t.test('M35: 400 when a file has more or fewer bytes than announced', async (t) => {
  await t.rejects(drain(new Intake(fileOf(from('abc'), { length: 2 }), limits)), { code: 'invalid_request' })
  await t.rejects(drain(new Intake(fileOf(from('abc'), { length: 4 }), limits)), { code: 'invalid_request', message: '/file: does not have the 4 bytes that were announced' })
})

t.test('M21: 408 when the caller pauses too long, and only the caller\'s pauses count', async (t) => {
  const stream = new PassThrough()
  const intake = new Intake(fileOf(stream), { ...limits, idleTimeoutMs: 30 })
  stream.write('a')
  await intake.begin()
  await new Promise((resolve) => { setTimeout(resolve, 60) }) // our own pause
  t.equal((await intake.next())?.toString(), 'a')
  await t.rejects(intake.next(), { code: 'request_timeout' })
})

t.test('M21: 408 when the bytes drip', async (t) => {
  let now = 0
  const stream = new PassThrough()
  const intake = new Intake(fileOf(stream), { ...limits, maxBytes: 1000 }, () => now)
  const drip = async (): Promise<unknown> => {
    const reading = intake.next()
    setImmediate(() => {
      now += 20_000
      stream.write('a')
    })
    return reading
  }
  await drip()
  await t.rejects(drip(), { code: 'request_timeout', message: 'The file comes at less than 1024 bytes per second.' })
})

t.test('what a failing source means: gone, broken multipart, or something of ours', async (t) => {
  const failing = async (error: Error): Promise<unknown> => {
    const stream = new PassThrough()
    stream.destroy(error)
    return new Intake(fileOf(stream), limits).begin()
  }
  await t.rejects(failing(Object.assign(new Error('x'), { code: 'FST_MP_PREMATURE_CLOSE' })), { code: 'client_closed' })
  await t.rejects(failing(new Error('Unexpected end of multipart data')), { code: 'invalid_multipart' })
  await t.rejects(failing(Object.assign(new Error('x'), { code: 'EIO' })), { code: 'internal' })
  await t.rejects(failing(new GatewayError('forbidden', 'x')), { code: 'forbidden' })
})

t.test('can be given up while it waits', async (t) => {
  let stopped = false
  const stream = new PassThrough()
  const intake = new Intake(fileOf(stream, { stop: () => { stopped = true } }), limits)
  const reading = intake.next()
  setImmediate(() => intake.stop(new SourceStopped('over')))
  await t.rejects(reading, { code: 'client_closed' })
  t.ok(stopped)
})

t.test('the bytes that are to be stored: those of a file, and those that a data URI stands for', async (t) => {
  const read = async (text: string, filename: string | undefined): Promise<number> => {
    const intake = new Intake({ stream: Readable.from([Buffer.from(text)]), filename, stop: () => {} }, {
      maxBytes: 100, idleTimeoutMs: 1000, minBytesPerSecond: 1024, verify: 'bytes'
    })
    while (await intake.next()) { /* only counted */ }
    return intake.storedBytes
  }
  t.equal(await read('data:text/plain;base64,\r\naGVs\r\nbG8=\r\n', undefined), 5)
  t.equal(await read('data:text/plain;base64,aGVsbG8=', 'a.txt'), 31)
})

t.test('a limit that is known late holds for what has come and for what comes', async (t) => {
  const whole = new Intake(fileOf(from('hello')), limits)
  t.equal(await drain(whole), 'hello')
  whole.limitTo(5)
  t.throws(() => whole.limitTo(4), {
    code: 'payload_too_large', message: 'The file has 5 bytes; the limit is 4.'
  })
  const begun = new Intake(fileOf(from('he', 'llo')), limits)
  await begun.begin()
  begun.limitTo(4)
  await t.rejects(drain(begun), { message: 'The file has at least 5 bytes; the limit is 4.' })
  const announced = new Intake(fileOf(from('hello'), { length: 5 }), limits)
  t.throws(() => announced.limitTo(3), { message: 'The file has 5 bytes; the limit is 3.' })
  const uri = 'data:text/plain;base64,aGVsbG8='
  const text = new Intake({ stream: from(uri), filename: undefined, stop: () => {} }, {
    ...limits, maxBytes: 100
  })
  t.equal(await drain(text), uri)
  t.doesNotThrow(() => text.limitTo(5), 'the bytes that it stands for')
  t.throws(() => text.limitTo(4), { code: 'payload_too_large' })
  t.throws(() => whole.limitTo(100), { message: /limit is 4/ }, 'a lower limit stays')
})

t.test('an announced size is held to the limits, and only an exact one to that of the caller', async (t) => {
  t.doesNotThrow(() => requireSize(limits))
  t.doesNotThrow(() => requireSize(limits, { bytes: 10, exact: true }))
  t.throws(() => requireSize(limits, { bytes: 11, exact: true }), { code: 'payload_too_large', message: 'The file has 11 bytes; the limit is 10.' })
  t.throws(() => requireSize(limits, { bytes: 11, exact: false }), { message: 'The file has at least 11 bytes; the limit is 10.' })
  t.throws(() => requireSize(limits, { bytes: 5, exact: true }, 4), { message: 'The file has 5 bytes; the limit is 4.' })
  t.doesNotThrow(() => requireSize(limits, { bytes: 5, exact: false }, 4), 'around a file there may be more')
})
