import { createReadStream, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import t from 'tap'
import { openStreamed } from '../../src/api/streams.ts'
import type { OnProgress, OpenedStream } from '../../src/api/upload-form.ts'

/** Reads a form as a server would, and tells whether its length was announced rightly. */
async function received (source: OpenedStream, onProgress?: OnProgress) {
  const { body, headers = {} } = source.form({ folder: 'a"b', tags: ['x'] }, onProgress)
  const bytes = await buffer(Readable.from(body as AsyncIterable<Uint8Array>))
  const form = await new Response(bytes, { headers }).formData()
  const file = form.get('file') as File
  const { 'content-length': announced } = headers
  return {
    folder: form.get('folder'),
    tags: form.get('tags'),
    name: file.name,
    text: await file.text(),
    announced: announced === undefined ? undefined : Number(announced) - bytes.length
  }
}

t.test('openStreamed', async (t) => {
  const folder = t.testdir({ 'cat.txt': 'miaow' })
  const fields = { folder: 'a"b', tags: '["x"]' }

  t.test('reads a file, as often as need be, and reports progress', async (t) => {
    const source = await openStreamed({ path: join(folder, 'cat.txt') })
    const progress: unknown[] = []
    t.equal(source.replayable, true)
    t.same(
      await received(source, (...sent) => { progress.push(sent) }),
      { ...fields, name: 'cat.txt', text: 'miaow', announced: 0 }
    )
    t.same(progress, [[5, 5]])
    t.same(await received(source), { ...fields, name: 'cat.txt', text: 'miaow', announced: 0 })
  })

  t.test('says what went wrong while it was read', async (t) => {
    const broken = new Error('The disk is broken.')
    const failing = async function * () { yield new Uint8Array(1); throw broken }
    const bytes = (size: number) => async function * () { yield new Uint8Array(size) }
    const announced = /^The file does not have the announced 3 bytes\.$/
    const cases = [
      [failing, 'The disk is broken.', 3], [bytes(2), announced, 3], [bytes(4), announced, 3]
    ] as const
    for (const [read, message, size] of cases) {
      const { body, failure } = (await openStreamed({ stream: read(), size })).form({})
      await t.rejects(buffer(Readable.from(body as AsyncIterable<Uint8Array>)), { message })
      t.match(failure?.(), { error: { message } })
    }
    const { body, failure } = (await openStreamed({ stream: bytes(3)(), size: 3 })).form({})
    await buffer(Readable.from(body as AsyncIterable<Uint8Array>))
    t.equal(failure?.(), undefined)
  })

  t.test('gives a file another name, and writes that as browsers do', async (t) => {
    const name = 'a "cat"\r\n.txt'
    t.match(
      await received(await openStreamed({ path: join(folder, 'cat.txt'), name })),
      { text: 'miaow', name: /^a (?:%22|")cat/ }
    )
  })

  t.test('refuses folders, what cannot be read, and what is no source', async (t) => {
    await t.rejects(
      openStreamed({ path: folder }),
      { name: 'TypeError', message: `${folder} is not a file.` }
    )
    await t.rejects(openStreamed({ path: join(folder, 'none') }), { code: 'ENOENT' })
    await t.rejects(openStreamed({} as never), TypeError)
  })

  t.test('reads a stream once', async (t) => {
    const stream = Readable.from([Buffer.from('mi'), Buffer.from('aow')])
    const known = await openStreamed({ stream, name: 'a.txt', size: 5 })
    t.equal(known.replayable, false)
    t.same(await received(known), { ...fields, name: 'a.txt', text: 'miaow', announced: 0 })
    t.same(
      await received(await openStreamed(new Blob(['miaow']).stream())),
      { ...fields, name: 'file', text: 'miaow', announced: undefined }
    )
    writeFileSync(join(folder, 'dog.txt'), 'wuff')
    t.match(
      await received(await openStreamed(createReadStream(join(folder, 'dog.txt')))),
      { name: 'file', text: 'wuff' }
    )
  })

  t.test('says so where nothing opens files', async (t) => {
    const { getBuiltinModule } = process
    t.teardown(() => { process.getBuiltinModule = getBuiltinModule })
    process.getBuiltinModule = (() => undefined) as never // as in a browser
    await t.rejects(openStreamed({ path: 'a.txt' }), { message: 'Only Node uploads files by their paths.' })
  })
})
