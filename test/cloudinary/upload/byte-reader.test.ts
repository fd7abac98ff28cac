import { PassThrough, Readable } from 'node:stream'
import t from 'tap'
import { ByteReader, SourceStopped } from '../../../src/cloudinary/upload/byte-reader.ts'

t.test('gives the bytes in order and undefined at the end, again and again', async (t) => {
  const reader = new ByteReader(Readable.from([Buffer.from('a'), Buffer.from('b')]))
  let text = ''
  for (let chunk = await reader.next(); chunk !== undefined; chunk = await reader.next()) text += chunk.toString()
  t.equal(text, 'ab')
  t.equal(await reader.next(), undefined)
})

t.test('holds the stream back while nobody reads, and loses nothing of what came meanwhile', async (t) => {
  const stream = new PassThrough({ highWaterMark: 4 })
  const reader = new ByteReader(stream)
  const reading = reader.next()
  stream.write('one')
  t.equal((await reading)?.toString(), 'one')
  stream.write('two')
  stream.write('three')
  t.equal(stream.write('four'), false, 'the writer is told to wait')
  await new Promise((resolve) => { setImmediate(resolve) })
  t.equal(stream.isPaused(), true)
  stream.end()
  let text = ''
  for (let chunk = await reader.next(); chunk !== undefined; chunk = await reader.next()) text += chunk.toString()
  t.equal(text, 'twothreefour')
})

t.test('an end that comes while nobody reads is told to the next who does', async (t) => {
  const stream = new PassThrough()
  const reader = new ByteReader(stream)
  const reading = reader.next()
  stream.end('x')
  t.equal((await reading)?.toString(), 'x')
  await new Promise((resolve) => { stream.on('close', resolve) })
  t.equal(await reader.next(), undefined)
})

t.test('can be stopped while it waits, and leaves the stream as it is', async (t) => {
  const stream = new PassThrough()
  const reader = new ByteReader(stream)
  const reading = reader.next()
  setImmediate(() => reader.stop(new Error('enough')))
  await t.rejects(reading, { message: 'enough' })
  t.equal(stream.destroyed, false)
  await t.rejects(reader.next(), { message: 'enough' })
})

t.test('an end that was not one is a failure: closed, destroyed, or gone before the first read', async (t) => {
  const closed = new PassThrough()
  const reading = new ByteReader(closed).next()
  closed.destroy()
  await t.rejects(reading, SourceStopped)
  const broken = new PassThrough()
  const broke = new ByteReader(broken).next()
  broken.destroy(new Error('cut'))
  await t.rejects(broke, { message: 'cut' })
  await t.rejects(new ByteReader(closed).next(), SourceStopped)
  await t.rejects(new ByteReader(broken).next(), { message: 'cut' })
})

t.test('a stream that has ended already has no bytes, which is no failure', async (t) => {
  const stream = Readable.from([])
  stream.resume()
  await new Promise((resolve) => { stream.on('close', resolve) })
  t.equal(await new ByteReader(stream).next(), undefined)
})
