import t from 'tap'
import { ALL_FORMATS, contentType, isReadable } from '../../../src/sandbox/transformation/output-formats.ts'
import { IMAGE, VIDEO } from '../../../src/sandbox/format-names.ts'
import { startSandbox } from '../../../src/sandbox/index.ts'

t.test('whatever is stored as an image or a video has a URL that delivers it', async (t) => {
  t.same([...IMAGE, ...VIDEO].filter((format) => !ALL_FORMATS.has(format)), [])
  const sandbox = await startSandbox()
  t.teardown(() => sandbox.close())
  const model = Buffer.alloc(64)
  model.write('glTF')
  model.writeUInt32LE(2, 4)
  model.writeUInt32LE(64, 8)
  const { url } = await sandbox.add('model', { file: model, filename: 'model.glb' }) as unknown as { url: string } // as an upload answers
  t.match(url, /model\.glb$/)
  t.same(Buffer.from(await (await fetch(url)).arrayBuffer()), model)
  const resized = await fetch(url.replace('/upload/', '/upload/w_10/'))
  t.equal(resized.status, 400)
  t.match(resized.headers.get('x-cld-error'), /glb/)
})

t.test('pixels are made of what sharp reads, and of videos', async (t) => {
  for (const format of [undefined, 'jpg', 'png', 'webp', 'avif', 'gif', 'tiff', 'svg', 'mp4', 'webm']) t.equal(isReadable(format), true, String(format))
  for (const format of ['glb', 'psd', 'pdf', 'bmp', 'ico', 'djvu']) t.equal(isReadable(format), false, format)
  t.equal(contentType('glb'), 'application/octet-stream')
})
