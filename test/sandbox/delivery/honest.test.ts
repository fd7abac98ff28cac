import sharp from 'sharp'
import t from 'tap'
import { startSandbox } from '../../../src/sandbox/index.ts'
import { transformationCoverage } from '../../../src/sandbox/transformation/coverage.ts'

/*
 * Nothing is dropped in silence: for each line of the coverage table, what is called real changes what is delivered, what
 * is called ignored changes nothing and is named in X-Sandbox-Ignored, and what is called refused is refused by name.
 */

t.setTimeout(300_000)

const gradient = (width: number, height: number) => Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><defs><linearGradient id="g" x2="1" y2="1">
  <stop offset="0" stop-color="#a06a50"/><stop offset="1" stop-color="#5a8098"/></linearGradient></defs><rect width="100%" height="100%" fill="#777"/><rect x="6" y="6" width="${width - 16}" height="${height - 12}" fill="url(#g)"/></svg>`)
const opaque = await sharp(gradient(60, 40)).removeAlpha().png().toBuffer()
const veiled = await sharp(gradient(60, 40)).composite([{ input: Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="60" height="40"><rect width="60" height="40" fill="#fff" fill-opacity=".4"/></svg>'), blend: 'dest-in' }]).png().toBuffer()
const frames = await Promise.all(['#f00', '#0f0', '#00f'].map((background) => sharp({ create: { width: 20, height: 20, channels: 3, background } }).png().toBuffer()))

const sandbox = await startSandbox({ seed: 1, clock: () => Date.UTC(2030, 0, 1) })
t.teardown(() => sandbox.close())
await sandbox.add('photo', { file: await sharp(opaque).withMetadata({ orientation: 6 }).jpeg({ quality: 95 }).toBuffer() })
await sandbox.add('plain', { file: opaque })
await sandbox.add('veil', { file: veiled })
await sandbox.add('soft', { file: await sharp(opaque).webp().toBuffer() })
await sandbox.add('film', { file: await sharp(frames, { join: { animated: true } }).gif({ delay: [100, 100, 100] }).toBuffer() })
await sandbox.add('shape', { file: Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20"><circle cx="10" cy="10" r="9"/></svg>') })
await fetch(`${sandbox.url}/v1_1/demo/transformations`, { method: 'POST', headers: { authorization: `Basic ${btoa('1234:abcd')}` }, body: new URLSearchParams({ name: 'small', transformation: 'w_10' }) })

async function get (path: string): Promise<{ status: number, error: string, ignored: string, everything: string, body: Buffer, headers: Headers }> {
  const answer = await fetch(`${sandbox.url}/demo/image/upload/${path}`)
  const body = Buffer.from(await answer.arrayBuffer())
  const { headers } = answer
  const shown = ['content-type', 'content-disposition', 'vary'].map((name) => headers.get(name)).join()
  return { status: answer.status, error: headers.get('x-cld-error') ?? '', ignored: headers.get('x-sandbox-ignored') ?? '', everything: shown + body.toString('latin1'), body, headers }
}

/** A chain that shows it and one that is the same without it. */
type Shown = readonly [withIt: string, without: string]
const onPlain = (text: string, without = 'w_50'): Shown => [`w_50/${text}/plain.png`, `${without}/plain.png`]

const PARAMETERS: Readonly<Record<string, Shown>> = {
  a: onPlain('a_90'),
  ar: onPlain('ar_1,c_fill'),
  b: ['c_pad,w_50,h_50,b_red/plain.png', 'c_pad,w_50,h_50/plain.png'],
  bo: onPlain('bo_2px_solid_red'),
  c: ['c_fill,w_30,h_30/plain.png', 'w_30,h_30/plain.png'],
  co: onPlain('e_colorize,co_red', 'w_50/e_colorize'),
  d: ['d_plain/nobody.png', 'nobody.png'],
  dl: ['dl_500/film.gif', 'w_20/film.gif'],
  dn: ['dn_200/shape.png', 'dn_100/shape.png'],
  dpr: ['w_20,dpr_2.0/plain.png', 'w_20/plain.png'],
  e: onPlain('e_negate'),
  f: onPlain('f_webp'),
  fl: onPlain('fl_attachment'),
  g: ['c_crop,w_20,h_20,g_north_west/plain.png', 'c_crop,w_20,h_20/plain.png'],
  h: ['h_20/plain.png', 'w_60/plain.png'],
  if: ['if_w_gt_10,w_20/plain.png', 'if_w_gt_100,w_20/plain.png'],
  l: onPlain('l_veil,w_10'),
  o: onPlain('o_50'),
  pg: ['pg_2/film.png', 'pg_1/film.png'],
  q: ['q_20/photo.jpg', 'q_90/photo.jpg'],
  r: onPlain('r_max'),
  t: ['t_small/plain.png', 'w_60/plain.png'],
  u: ['u_plain/veil.png', 'w_60/veil.png'],
  w: ['w_20/plain.png', 'w_60/plain.png'],
  x: ['c_crop,w_20,h_20,x_5/plain.png', 'c_crop,w_20,h_20/plain.png'],
  y: ['c_crop,w_20,h_20,y_5/plain.png', 'c_crop,w_20,h_20/plain.png']
}
/** Values that the ignored and refused keys may have. */
const SAMPLE: Readonly<Record<string, string>> = { cs: 'srgb', vc: 'h264', z: '1.5' }
/** Its proof is in video.test.ts, where ffmpeg is. */
const ELSEWHERE = new Set(['so'])

const LARGER = new Set(['mfit', 'mpad'])
const FLAGS: Readonly<Record<string, Shown>> = {
  attachment: onPlain('fl_attachment'),
  cutter: onPlain('l_shape,fl_cutter', 'w_50/l_shape'),
  getinfo: onPlain('fl_getinfo'),
  ignore_aspect_ratio: ['h_20,fl_ignore_aspect_ratio/plain.png', 'h_20/plain.png'],
  layer_apply: onPlain('l_shape/a_45/fl_layer_apply', 'w_50/l_shape/a_45'),
  lossy: ['w_50,fl_lossy/plain.png', 'w_50/plain.png'],
  no_overflow: ['w_20/l_plain,fl_no_overflow/plain.png', 'w_20/l_plain/plain.png'],
  png24: ['w_50,fl_png24/veil.png', 'w_50/veil.png'],
  png32: ['w_50,fl_png32/plain.png', 'w_50/plain.png'],
  png8: ['w_50,fl_png8/plain.png', 'w_50/plain.png'],
  preserve_transparency: ['w_50,f_auto,fl_preserve_transparency/soft', 'w_50,f_auto/soft'],
  progressive: ['w_50,fl_progressive/photo.jpg', 'w_50/photo.jpg'],
  relative: ['l_shape,w_0.5,fl_relative/plain.png', 'l_shape,w_0.5/plain.png'],
  text_disallow_overflow: ['l_text:DejaVu_40:Wide text/fl_layer_apply,fl_text_disallow_overflow/plain.png', 'l_text:DejaVu_40:Wide text/fl_layer_apply/plain.png'],
  tiled: onPlain('l_shape,w_5,fl_tiled', 'w_50/l_shape,w_5')
}
/** What these ask for is what happens anyway. */
const HABITS: Readonly<Record<string, (answer: Awaited<ReturnType<typeof get>>) => Promise<unknown>>> = {
  animated: async ({ body }) => (await sharp(body).metadata()).pages === 3,
  awebp: async ({ body }) => (await sharp(body).metadata()).pages === 3,
  force_strip: async ({ body }) => (await sharp(body).metadata()).exif === undefined,
  immutable_cache: async ({ headers }) => headers.get('cache-control')?.includes('immutable'),
  rasterize: async ({ body }) => (await sharp(body).metadata()).format === 'webp',
  strip_profile: async ({ body }) => (await sharp(body).metadata()).icc === undefined
}

const EFFECTS: Readonly<Record<string, Shown>> = {
  blue: onPlain('e_blue:50'),
  contrast: onPlain('e_contrast:50'),
  gamma: onPlain('e_gamma:50'),
  green: onPlain('e_green:50'),
  loop: ['e_loop:5/film.gif', 'w_20/film.gif'],
  mask: ['l_shape/fl_layer_apply,e_mask/plain.png', 'l_shape/fl_layer_apply/plain.png'],
  multiply: ['l_plain/fl_layer_apply,e_multiply/plain.png', 'l_plain/fl_layer_apply/plain.png'],
  opacity_threshold: ['e_opacity_threshold/veil.png', 'w_60/veil.png'],
  overlay: ['l_plain/fl_layer_apply,e_overlay/plain.png', 'l_plain/fl_layer_apply/plain.png'],
  recolor: onPlain('e_recolor:0.3:0.7:0.1:0.3:0.6:0.1:0.2:0.5:0.1'),
  red: onPlain('e_red:50'),
  replace_color: onPlain('e_replace_color:red'),
  screen: ['l_plain/fl_layer_apply,e_screen/plain.png', 'l_plain/fl_layer_apply/plain.png'],
  shear: onPlain('e_shear:20:0')
}

function shownBy (kind: string, name: string): Shown {
  if (kind === 'crop mode') {
    const size = LARGER.has(name) ? 'w_90,h_90' : 'w_30,h_30'
    return [`c_${name},${size}/plain.png`, 'w_60/plain.png']
  }
  const shown = kind === 'parameter' ? PARAMETERS[name] : kind === 'flag' ? FLAGS[name] : EFFECTS[name] ?? onPlain(`e_${name}`)
  if (!shown) throw new Error(`Nothing shows what ${kind} ${name} does`)
  return shown
}

/** How a line that is ignored or refused is written. */
function written (kind: string, name: string): string {
  if (kind === 'value') return name
  if (kind === 'flag') return `fl_${name}`
  return kind === 'effect' ? `e_${name}` : `${name}_${SAMPLE[name] ?? 'x'}`
}

for (const { kind, name: shownName, support } of transformationCoverage()) {
  const name = kind === 'parameter' ? shownName.split('_')[0] ?? '' : shownName
  if (kind === 'parameter' && ELSEWHERE.has(name)) continue
  t.test(`${kind} ${shownName} is ${support}`, async (t) => {
    if (support === 'refused') {
      const answer = await get(`${written(kind, name)}/plain.png`)
      t.match(answer, { status: 400, error: /^The sandbox does not imitate / })
    } else if (support === 'ignored') {
      const text = written(kind, name)
      // `f_auto:video` is `f_auto` then.
      const rest = text.startsWith('f_auto') ? 'c_fill,w_20,h_20/f_auto' : 'c_fill,w_20,h_20'
      const [answer, without] = [await get(`c_fill,w_20,h_20/${text}/photo.jpg`), await get(`${rest}/photo.jpg`)]
      t.match(answer, { status: 200, ignored: text })
      t.equal(answer.everything, without.everything)
    } else if (kind === 'flag' && HABITS[name]) {
      t.ok(await HABITS[name](await get(`w_20,fl_${name}/film.webp`)))
    } else {
      const [withIt, without] = await Promise.all(shownBy(kind, name).map(get)) as [Awaited<ReturnType<typeof get>>, Awaited<ReturnType<typeof get>>] // two asked for
      t.not(withIt.everything + withIt.status, without.everything + without.status)
      t.equal(withIt.ignored, without.ignored, 'nothing of it is ignored')
      if (name !== 'd' && name !== 'text_disallow_overflow') t.equal(withIt.status, 200, withIt.error)
    }
  })
}

t.test('what has no effect on this asset or in this format is named too', async (t) => {
  await sandbox.add('marked', { file: opaque, face_coordinates: '10,10,20,20', regions: '{"left":[[0,0],[20,40]]}' })
  const ignored = async (path: string) => (await get(path)).ignored
  t.equal(await ignored('q_50/plain.png'), 'q_50')
  t.equal(await ignored('q_50,fl_png8/plain.png'), '')
  t.equal(await ignored('q_50/plain.webp'), '')
  t.equal(await ignored('so_2,w_20/plain.png'), 'so_2')
  t.equal(await ignored('c_crop,g_face,w_10,h_10/plain.png'), 'g_face')
  t.equal(await ignored('c_crop,g_face,w_10,h_10/marked.png'), '', 'coordinates were stored')
  t.equal(await ignored('c_crop,g_region_!left!,w_10,h_10/marked.png'), '')
  t.equal(await ignored('c_crop,g_region_!right!,w_10,h_10/marked.png'), 'g_region_!right!')
  t.equal(await ignored('l_text:Arial_20_bold_stroke_antialias_none:Hi/plain.png'), 'font Arial, text style stroke_antialias')
  t.equal(await ignored('l_text:DejaVu Sans_20_italic_letter_spacing_2_center:Hi/plain.png'), '')
  t.equal(await ignored('e_tint:60:red:0p:blue:100p/plain.png'), 'e_tint:60:red:0p:blue:100p')
  t.equal(await ignored('e_tint:60:rgb:ff0000/plain.png'), '')
  t.equal(await ignored('e_improve:indoor:50/plain.png'), 'e_improve:indoor:50')
})

t.test('fl_lossy: GIF loses a little, PNG becomes JPEG unless there is something to see through, and stays in the store', async (t) => {
  const lossy = await get('w_50,fl_lossy/plain.png')
  t.match(await sharp(lossy.body).metadata(), { format: 'jpeg' })
  t.equal(lossy.headers.get('content-type'), 'image/jpeg')
  t.equal((await get('w_50,fl_lossy/plain.png')).headers.get('etag'), lossy.headers.get('etag'))
  t.match(await sharp((await get('w_50,fl_lossy/veil.png')).body).metadata(), { format: 'png', isPalette: true })
  t.match(await sharp((await get('w_50,h_50,c_pad,fl_lossy/plain.png')).body).metadata(), { format: 'png' })
  t.match(await get('w_18,fl_lossy/film.gif'), { status: 200, ignored: '' })
  const kept = await fetch(`${sandbox.url}/v1_1/demo/resources/image/upload/plain?max_results=500`, { headers: { authorization: `Basic ${btoa('1234:abcd')}` } })
  const { derived } = await kept.json() as { derived: Array<{ transformation: string }> } // an asset's details
  t.equal(derived.filter(({ transformation }) => transformation === 'fl_lossy,w_50').length, 1)
})

t.test('strengths count: half of a stretch lies between none and all of it', async (t) => {
  const pixels = async (path: string) => sharp((await get(path)).body).removeAlpha().raw().toBuffer()
  const plain = await pixels('w_60/plain.png')
  const change = async (path: string) => (await pixels(path)).reduce((sum, value, at) => sum + Math.abs(value - (plain[at] ?? 0)), 0) / plain.length
  for (const name of ['auto_contrast', 'auto_color', 'auto_brightness', 'improve']) {
    const [half, all] = [await change(`e_${name}:50/plain.png`), await change(`e_${name}:100/plain.png`)]
    t.ok(all > 2 && Math.abs(half * 2 - all) < 2, `${name}: ${half.toFixed(1)} and ${all.toFixed(1)}`)
  }
  const color = async (path: string) => [...(await sharp((await get(path)).body).raw().toBuffer()).subarray(0, 3)]
  t.same(await color('e_tint:100:rgb:0000ff/plain.png'), await color('e_tint:100:blue/plain.png'))
  const middle = async (path: string) => [...(await sharp((await get(path)).body).raw().toBuffer()).subarray(0, 4)]
  t.same((await middle('e_recolor:1:0:0:0:0:1:0:0:0:0:1:0:0:0:0:0.5/veil.png'))[3], Math.round(((await middle('w_60/veil.png'))[3] ?? 0) / 2), 'the fourth row is the alpha channel')
})

t.test('formats that nothing here can read are refused by name, and delivered as they are', async (t) => {
  const bmp = Buffer.alloc(58)
  bmp.write('BM')
  for (const [at, value] of [[2, 58], [10, 54], [14, 40], [18, 1], [22, 1]] as const) bmp.writeUInt32LE(value, at)
  await sandbox.add('drawing', { file: bmp })
  t.match(await get('drawing.bmp'), { status: 200, body: bmp })
  t.match(await get('w_10/drawing.png'), { status: 400, error: 'The sandbox does not imitate transformations of bmp images' })
})
