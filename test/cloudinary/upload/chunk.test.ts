import { PassThrough, Readable } from 'node:stream'
import t from 'tap'
import { Chunk } from '../../../src/cloudinary/upload/chunk.ts'
import { Intake } from '../../../src/cloudinary/upload/intake.ts'

const limits = { maxBytes: 1000, idleTimeoutMs: 1000, minBytesPerSecond: 1024, verify: 'bytes' } as const
const intakeOf = (stream: Readable, length?: number): Intake => new Intake({ stream, filename: 'x', length, stop: () => { stream.destroy() } }, limits)

async function textOf (chunk: Chunk): Promise<string> {
  let text = ''
  for await (const part of chunk.bytes()) text += part.toString()
  return text
}

t.test('holds a part of a file, which can be sent as often as need be', async (t) => {
  const intake = intakeOf(Readable.from([Buffer.from('abcd'), Buffer.from('efgh')]))
  const chunk = new Chunk(Buffer.alloc(6))
  await chunk.fill(intake)
  t.equal(chunk.size, 6)
  t.equal(await textOf(chunk), 'abcdef')
  t.equal(await textOf(chunk), 'abcdef')
  const rest = new Chunk(Buffer.alloc(6))
  await rest.fill(intake)
  t.equal(await textOf(rest), 'gh')
})

t.test('can be sent while it is still being filled', async (t) => {
  const stream = new PassThrough()
  const chunk = new Chunk(Buffer.alloc(4))
  const filling = chunk.fill(intakeOf(stream, 4))
  const sending = textOf(chunk)
  stream.write('ab')
  setImmediate(() => stream.end('cd'))
  t.equal(await sending, 'abcd')
  await filling
})

t.test('a source that fails, or that is longer than it said, ends the sending with that failure', async (t) => {
  const stream = new PassThrough()
  const chunk = new Chunk(Buffer.alloc(4))
  const filling = chunk.fill(intakeOf(stream))
  const sending = textOf(chunk)
  stream.destroy(new Error('cut'))
  await t.rejects(filling, { code: 'invalid_multipart' })
  await t.rejects(sending, { code: 'invalid_multipart' })
  const grown = new Chunk(Buffer.alloc(4))
  await t.rejects(grown.fill(intakeOf(Readable.from([Buffer.from('abcd'), Buffer.from('e')]), 4)), { code: 'invalid_request' })
})
