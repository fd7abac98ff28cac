import sharp from 'sharp'
import t from 'tap'
import { startSandbox } from '../../../src/sandbox/index.ts'

const sandbox = await startSandbox()
t.teardown(() => sandbox.close())

const plain = (width: number, height: number, background: string) => sharp({ create: { width, height, channels: 3, background } }).png().toBuffer()
const blue = await plain(10, 8, '#00f')
const marked = await sharp(await plain(100, 60, '#f00')).composite([{ input: blue, left: 20, top: 30 }]).png().toBuffer()
await sandbox.add('marked', { file: marked, custom_coordinates: '20,30,10,8', face_coordinates: '2,2,6,4' })
await sandbox.add('blue', { file: blue })

/** Size of what is delivered, and how many of its pixels are blue. */
async function seen (path: string): Promise<{ size: string, blue: number }> {
  const answer = await fetch(`${sandbox.url}/demo/image/upload/${path}`)
  const { data, info } = await sharp(Buffer.from(await answer.arrayBuffer())).removeAlpha().raw().toBuffer({ resolveWithObject: true })
  let count = 0
  for (let at = 0; at < data.length; at += 3) if ((data[at + 2] ?? 0) > 200 && (data[at] ?? 0) < 50) count++
  return { size: `${info.width}x${info.height}`, blue: count }
}

t.test('a crop without a size is the stored part itself', async (t) => {
  t.same(await seen('c_crop,g_custom/marked.png'), { size: '10x8', blue: 80 })
  t.same(await seen('c_thumb,g_custom/marked.png'), { size: '10x8', blue: 80 })
  t.same(await seen('c_crop,g_face/marked.png'), { size: '6x4', blue: 0 })
  t.same(await seen('c_crop,g_face/c_scale,w_12/marked.png'), { size: '12x8', blue: 0 })
  t.same(await seen('c_crop,g_custom/blue.png'), { size: '10x8', blue: 80 }, 'nothing stored, nothing cut')
})

t.test('the coordinates of the base do not cut its layers', async (t) => {
  t.same(await seen('l_blue,c_crop,g_face/marked.png'), { size: '100x60', blue: 160 })
})
