import sharp from 'sharp'
import t from 'tap'
import { startSandbox } from '../../../src/sandbox/index.ts'

const sandbox = await startSandbox()
t.teardown(() => sandbox.close())
const file = await sharp({ create: { width: 200, height: 100, channels: 3, background: '#08f' } }).jpeg().withMetadata({ orientation: 6 }).toBuffer()
await sandbox.add('plain', { width: 200, height: 100, context: { wide: '60', half: '0.5', mark: 'logo' } })
await sandbox.add('logo', { width: 300, height: 20 })
await sandbox.add('turned', { file })

async function sizeOf (path: string): Promise<string> {
  const answer = await fetch(`${sandbox.url}/demo/image/upload/${path}`)
  if (answer.status !== 200) return `${answer.status} ${String(answer.headers.get('x-cld-error'))}`
  const { width, height } = await sharp(Buffer.from(await answer.arrayBuffer())).metadata()
  return [`${width}x${height}`, answer.headers.get('x-sandbox-ignored') ?? ''].join(' ').trim()
}

t.test('typed variables: numbers from context, and layers that it names', async (t) => {
  t.equal(await sizeOf('$w_ctx:!wide!_to_i,c_scale,w_$w/v1/plain.png'), '60x30')
  t.equal(await sizeOf('$w_ctx:!wide!_to_i_add_40/c_scale,w_$w/v1/plain.png'), '100x50')
  t.equal(await sizeOf('$f_ctx:!half!_to_f,c_scale,w_$f_mul_iw/v1/plain.png'), '100x50')
  t.equal(await sizeOf('$mark_ctx:!mark!/l_$mark/v1/plain.png'), '300x100', 'as wide as the layer')
  t.equal(await sizeOf('$mark_ref:!logo!/l_$mark/v1/plain.png'), '300x100')
  t.equal(await sizeOf('$w_w_div_2/$mark_ctx:!mark!/l_$mark,w_10/c_scale,w_$w/v1/plain.png'), '100x50', 'one that depends on the picture is in nobody\'s way')
})

t.test('if_ils: nothing can tell how drawn a picture looks, so it is a photograph, and the condition is named', async (t) => {
  t.equal(await sizeOf('if_ils_gt_0.5,c_scale,w_20/v1/plain.png'), '200x100 if_ils_gt_0.5')
  t.equal(await sizeOf('if_ils_lt_0.5,c_scale,w_20/v1/plain.png'), '20x10 if_ils_lt_0.5')
  t.equal(await sizeOf('if_w_gt_100_and_ils_lt_1/c_scale,w_20/if_end/v1/plain.png'), '20x10 if_w_gt_100_and_ils_lt_1')
})

t.test('a_auto turns a picture as its Exif orientation says, which is what happens anyway', async (t) => {
  t.equal(await sizeOf('a_auto/v1/turned.png'), '100x200')
  t.equal(await sizeOf('a_ignore/v1/turned.png'), '200x100')
  t.equal(await sizeOf('a_auto.vflip,c_scale,w_50/v1/turned.png'), '50x100')
  t.match(await sizeOf('a_automatic/v1/turned.png'), '400 Invalid angle in transformation: automatic')
})
