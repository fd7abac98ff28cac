import t from 'tap'
import sharp from 'sharp'
import { openGallery, picture } from '../../support/gallery.ts'

const { sandbox, photo, get } = await openGallery()
t.teardown(() => sandbox.close())

async function sizeOf (path: string) {
  const { status, body, error } = await get(path)
  if (status !== 200) return `${status} ${error ?? ''}`
  const { width, height, pageHeight } = await sharp(body).metadata()
  return `${width}x${pageHeight ?? height}`
}

t.test('the worked sizes, as pixels', async (t) => {
  await sandbox.add('sizes', { file: photo })
  const table: [string, string][] = [
    ['c_scale,w_400', '400x240'], ['c_scale,h_400,w_400', '400x400'], ['c_scale,w_0.5', '500x300'], ['c_scale,fl_ignore_aspect_ratio,h_150', '1000x150'],
    ['c_fit,h_400,w_400', '400x240'], ['c_limit,h_2000,w_2000', '1000x600'], ['c_mfit,h_400,w_400', '1000x600'], ['c_fill,h_400,w_400', '400x400'],
    ['ar_1:1,c_fill', '600x600'], ['ar_16:9,c_fill,w_400', '400x225'], ['c_pad,h_400,w_400', '400x400'], ['c_lpad,h_1100,w_1100', '1100x1100'],
    ['c_crop,h_400,w_400', '400x400'], ['c_fill,dpr_2.0,h_200,w_200', '400x400'], ['c_fill,g_auto,h_150,w_50', '50x150'],
    ['c_scale,w_400/c_crop,h_100,w_100/a_90,w_50', '50x50'], ['a_90', '600x1000'], ['bo_5px_solid_red,w_100', '110x70'], ['r_max,c_fill,w_50,h_50', '50x50'],
    ['$z_5/c_scale,w_$z_mul_20', '100x60'], ['if_w_gt_500,c_scale,w_100', '100x60'], ['if_w_lt_500/c_scale,w_100/if_else/c_scale,w_50/if_end', '50x30'],
    ['w_iw_div_4', '250x150'], ['l_sizes,w_1200,h_700', '1200x700'], ['l_sizes,w_1200,h_700,fl_no_overflow', '1000x600'], ['l_sizes/w_0.1,fl_relative/fl_layer_apply,g_north', '1000x600']
  ]
  for (const [text, expected] of table) t.equal(await sizeOf(`/demo/image/upload/${text}/v1/sizes.jpg`), expected, text)
})

t.test('g_auto: a cut finds what catches the eye, scaled or not', async (t) => {
  const meadow = sharp(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="300" height="200"><rect width="300" height="200" fill="#787"/><circle cx="260" cy="30" r="14" fill="#f00"/></svg>'))
  await sandbox.add('meadow', { file: await meadow.png().toBuffer() })
  const redness = async (text: string) => {
    const { data, info } = await sharp((await get(`/demo/image/upload/${text}/v1/meadow.png`)).body).removeAlpha().raw().toBuffer({ resolveWithObject: true })
    let red = 0
    for (let at = 0; at < data.length; at += 3) if ((data[at] ?? 0) > 200) red++
    return `${info.width}x${info.height} ${red > 0 ? 'with' : 'without'} it`
  }
  t.equal(await redness('c_crop,g_auto,h_60,w_60'), '60x60 with it')
  t.equal(await redness('c_crop,h_60,w_60'), '60x60 without it')
  t.equal(await redness('c_fill,g_auto,h_60,w_30'), '30x60 with it')
  t.equal(await redness('ar_1:2,c_fill,g_auto'), '100x200 with it')
  t.equal(await redness('c_fill,h_20,w_20000'), '20000x20 without it', 'what is thrown away is not made')
})

t.test('EXIF: turned upright, then stripped; a_ignore leaves it as it lies', async (t) => {
  const turned = await picture(40, 20).jpeg().withMetadata({ orientation: 6 }).toBuffer()
  await sandbox.add('turned', { file: turned })
  t.equal(await sizeOf('/demo/image/upload/q_80/turned.jpg'), '20x40')
  t.equal(await sizeOf('/demo/image/upload/a_ignore/turned.jpg'), '40x20')
  const { body } = await get('/demo/image/upload/w_20/turned.jpg')
  t.equal((await sharp(body).metadata()).exif, undefined)
})

t.test('animated GIF and WebP stay animated, and stop where the format is still', async (t) => {
  const frames = await Promise.all(['#f00', '#0f0', '#00f'].map((background) => sharp({ create: { width: 60, height: 40, channels: 3, background } }).png().toBuffer()))
  const gif = await sharp(frames, { join: { animated: true } }).gif({ delay: [100, 200, 300], loop: 2 }).toBuffer()
  await sandbox.add('moving', { file: gif })
  const frameFacts = async (path: string) => {
    const { pages = 1, delay, loop, width, height } = await sharp((await get(path)).body).metadata()
    return { pages, delay, loop, width, height }
  }
  t.same(await frameFacts('/demo/image/upload/c_fill,h_30,w_30/moving'), { pages: 3, delay: [100, 200, 300], loop: 2, width: 30, height: 30 })
  t.match(await frameFacts('/demo/image/upload/e_negate/r_5/moving.webp'), { pages: 3, delay: [100, 200, 300] })
  t.match(await frameFacts('/demo/image/upload/w_30/moving.png'), { pages: 1 })
  t.match(await frameFacts('/demo/image/upload/pg_2/moving.png'), { pages: 1 })
  const { data } = await sharp((await get('/demo/image/upload/pg_2/moving.png')).body).raw().toBuffer({ resolveWithObject: true })
  t.same([...data.subarray(0, 3)], [0, 255, 0], 'pg_2 is the second frame')
})

t.test('colours end up where they should', async (t) => {
  await sandbox.add('red', { file: await sharp({ create: { width: 20, height: 20, channels: 3, background: '#ff0000' } }).png().toBuffer() })
  await sandbox.add('dot', { file: await sharp({ create: { width: 4, height: 4, channels: 3, background: '#0000ff' } }).png().toBuffer() })
  const at = async (text: string, x: number, y: number, extension = 'png') => {
    const { body, status, error } = await get(`/demo/image/upload/${text}/v1/red.${extension}`)
    if (status !== 200) return `${status} ${error}`
    const { data, info } = await sharp(body).ensureAlpha().raw().toBuffer({ resolveWithObject: true })
    return [...data.subarray((y * info.width + x) * 4, (y * info.width + x) * 4 + 4)].join()
  }
  t.equal(await at('e_negate', 0, 0), '0,255,255,255')
  t.equal(await at('c_pad,h_20,w_40', 0, 0), '0,0,0,0', 'PNG: transparent padding')
  t.equal(await at('b_green,c_pad,h_20,w_40', 0, 0), '0,128,0,255')
  t.equal(await at('c_pad,h_20,w_40', 0, 0, 'webp'), '0,0,0,0')
  t.match(await at('c_pad,h_20,w_40', 0, 0, 'jpg'), /^25[345],25[345],25[345],255$/, 'JPEG: white padding')
  t.equal(await at('r_max', 0, 0), '0,0,0,0')
  t.match(await at('r_max', 0, 0, 'jpg'), /^2[45]\d,2[0-5]\d,2[0-5]\d,255$/, 'JPEG: what is cut away is white')
  t.equal(await at('o_50', 5, 5), '255,0,0,128')
  t.equal(await at('bo_3px_solid_rgb:00f,w_20', 1, 1), '0,0,255,255')
  t.equal(await at('l_dot,g_south_east', 19, 19), '0,0,255,255')
  t.equal(await at('l_dot,g_south_east', 0, 0), '255,0,0,255')
  t.equal(await at('l_dot,g_north_west,x_2,y_3', 2, 3), '0,0,255,255')
  t.equal(await at('u_dot,w_30,h_30/c_scale,w_30', 0, 0), '0,0,255,255', 'an underlay shows around the base')
  t.equal(await at('e_grayscale', 0, 0), '54,54,54,255')
  t.equal(await at('e_replace_color:lime:10:red', 0, 0), '0,255,0,255')
  t.equal(await at('e_make_transparent:5', 0, 0), '255,0,0,0')
})

t.test('text: drawn in the bundled font, at its size, wrapped on request', async (t) => {
  await sandbox.add('paper', { file: await sharp({ create: { width: 400, height: 200, channels: 3, background: '#fff' } }).png().toBuffer() })
  const dark = async (text: string) => {
    const { body, error } = await get(`/demo/image/upload/${text}/v1/paper.png`)
    if (error) return error
    const { data } = await sharp(body).greyscale().raw().toBuffer({ resolveWithObject: true })
    return data.reduce((count, value) => count + (value < 128 ? 1 : 0), 0)
  }
  t.equal(await dark('w_400'), 0)
  const plain = Number(await dark('l_text:Arial_40:Hello%252C%20World%252F%26'))
  const bold = Number(await dark('l_text:Arial_40_bold:Hello%252C%20World%252F%26'))
  t.ok(plain > 500, 'something is written')
  t.ok(bold > plain, 'bold is darker')
  t.equal(await dark('l_text:Arial_40:Hello,co_white'), 0, 'white on white')
  t.equal(await sizeOf('/demo/image/upload/l_text:Arial_40:a%20long%20line%20that%20does%20not%20fit%20at%20all%20in%20here,c_fit,w_380/v1/paper.png'), '400x200')
  t.equal(await dark('l_text:Arial_80:far too long for this,fl_text_disallow_overflow'), 'Text overflows the base image')
  t.equal(await dark('l_text:Arial_20:%3Cspan%3E%26amp%3B,co_white'), 0, 'markup is text')
})
