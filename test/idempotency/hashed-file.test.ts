import { createHash, randomBytes } from 'node:crypto'
import { PassThrough, Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import { HashedFile, HashedText } from '../../src/idempotency/hashed-file.ts'
import type { StreamedFile } from '../../src/input/forms/upload-form.ts'

const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex')
const nothing = async (): Promise<void> => {}
const fileOf = (stream: Readable, changes: Partial<StreamedFile> = {}): StreamedFile => ({ stream, filename: 'x', stop: () => {}, ...changes })

t.test('the bytes pass unchanged; their hash is theirs, at any time', async (t) => {
  const pieces = [randomBytes(100_000), Buffer.of(1), randomBytes(3)]
  const hashed = new HashedFile(fileOf(Readable.from(pieces), { length: 100_004 }), nothing)
  t.match(hashed.file, { filename: 'x', length: 100_004 })
  t.equal(hashed.sha256, sha256(''))
  t.ok((await buffer(hashed.file.stream)).equals(Buffer.concat(pieces)))
  t.equal(hashed.sha256, sha256(Buffer.concat(pieces)))
  t.equal(hashed.bytes, 100_004)
})

t.test('the reader sees the end only after everyone has agreed to it', async (t) => {
  const order: string[] = []
  const hashed = new HashedFile(fileOf(Readable.from([Buffer.from('a')])), async () => {
    await turn()
    order.push(`agreed on ${hashed.bytes}`)
  })
  hashed.file.stream.on('end', () => order.push('end'))
  await buffer(hashed.file.stream)
  t.same(order, ['agreed on 1', 'end'])
  const refused = new HashedFile(fileOf(Readable.from([Buffer.from('a')])), async () => { throw new Error('no') })
  await t.rejects(buffer(refused.file.stream), { message: 'no' })
})

t.test('a source that fails or closes too early fails the reader too, whenever it comes', async (t) => {
  const failing = new PassThrough()
  const hashed = new HashedFile(fileOf(failing), nothing)
  failing.destroy(new Error('broken'))
  await turn()
  t.match(hashed.file.stream.errored, { message: 'broken' })
  const closing = new PassThrough()
  const early = new HashedFile(fileOf(closing), nothing)
  closing.write('some')
  const reading = buffer(early.file.stream)
  closing.destroy()
  await t.rejects(reading, { code: 'ERR_STREAM_PREMATURE_CLOSE' })
})

t.test('when it is stopped the source is left to its own stop, and no end comes any more', async (t) => {
  const source = new PassThrough()
  let stopped = 0
  let ended = 0
  const { file } = new HashedFile(fileOf(source, { stop: () => { stopped++ } }), async () => { ended++ })
  source.write('some')
  await turn()
  file.stop()
  source.end('more')
  await turn()
  t.same([stopped, ended, source.destroyed, file.stream.destroyed], [1, 0, false, true])
})

t.test('a text is hashed as it is', async (t) => {
  t.match(new HashedText('https://example.com/ä'), { file: 'https://example.com/ä', sha256: sha256('https://example.com/ä'), bytes: 22 })
})
