import t from 'tap'
import sharp from 'sharp'
import { addAsset } from '../../../src/sandbox/add-asset.ts'
import { buildSandbox } from '../../../src/sandbox/index.ts'
import { seeded } from '../../support/geometry-oracle.ts'
import { rounds, seed } from '../../support/rounds.ts'

t.setTimeout(240_000)

const TOGETHER = 8
const RUNS = rounds(5_000)

const { app, context } = await buildSandbox()
t.teardown(() => app.close())

function picture (width: number, height: number) {
  return sharp(Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><rect width="100%" height="100%" fill="#c33"/>
    <rect width="50%" height="50%" fill="#3c3"/><circle cx="50%" cy="50%" r="${height / 4}" fill="#ff0"/></svg>`))
}

/** Without a socket: many thousands would take most of the time. */
async function get (url: string) {
  const { statusCode: status, headers, rawPayload: body } = await app.inject(url)
  return { status, body, error: headers['x-cld-error'] }
}

t.test('random transformation strings: always an answer, never a 5xx', async (t) => {
  await addAsset(context, 'fuzz', { file: await picture(30, 20).png().toBuffer() })
  const random = seeded(seed(4))
  const pick = <T>(list: readonly T[]) => list[Math.floor(random() * list.length)] as T // never empty
  const valid = ['a_20', 'a_-90', 'a_hflip.vflip', 'ar_1:2', 'ar_0.5', 'b_red', 'b_transparent', 'bo_2px_solid_red', 'c_fill', 'c_crop', 'c_pad', 'c_lpad', 'c_thumb', 'c_limit', 'co_green', 'dpr_2.0', 'dpr_0.1',
    'e_sepia', 'e_blur:5', 'e_trim', 'e_trim:100', 'e_shadow:20', 'e_pixelate:3', 'e_vignette', 'e_shear:20:30', 'e_tint:50', 'e_improve', 'e_hue:-100', 'e_gamma:-50', 'e_colorize', 'e_gradient_fade:100', 'e_blackwhite:0',
    'e_opacity_threshold', 'e_make_transparent:100', 'e_replace_color:red', 'e_simulate_colorblind', 'e_blur_region:5', 'e_sharpen', 'e_unsharp_mask:2000', 'e_contrast:-100', 'e_saturation:-100',
    'f_webp', 'fl_layer_apply', 'fl_relative', 'fl_tiled', 'fl_cutter', 'fl_no_overflow', 'fl_png8', 'g_north', 'g_auto', 'g_xy_center', 'h_10', 'h_1', 'h_0.5', 'if_w_gt_5', 'if_else', 'if_end', 'l_fuzz', 'l_text:Arial_9:x', 'o_0', 'o_50',
    'pg_1', 'pg_9', 'q_1', 'q_auto', 'r_5', 'r_max', 'r_1:2:3:4', 'r_9999', 'u_fuzz', 'w_10', 'w_1', 'w_0.5', 'w_2.5', 'w_iw', 'w_$a_mul_2', '$a_5', '$a_0', 'x_-5', 'x_50', 'y_0.3', 'y_7']
  const keys = ['a', 'ar', 'b', 'bo', 'c', 'd', 'dpr', 'e', 'f', 'fl', 'g', 'if', 'l', 'o', 'pg', 'q', 'r', 't', 'w', 'x', '$a', 'zz', '']
  const values = ['10', '0.5', '-3', 'auto', 'rgb:f00', 'é', '%', '()', '', '99999999999', 'NaN', '__proto__', 'constructor', '!a!', 'w_div_0', '1:0', '0', '...', 'text:a_1:', '$a']
  // One in five is meant to be rendered, the others are mostly nonsense.
  const token = (at: number) => random() < (at % 5 === 0 ? 0.95 : 0.3) ? pick(valid) : `${pick(keys)}_${pick(values)}`
  const answers = new Map<number, number>()
  const one = async (at: number) => {
    const chain = Array.from({ length: 1 + at % 3 }, () => Array.from({ length: 1 + Math.floor(random() * 3) }, () => encodeURIComponent(token(at))).join(','))
    const path = `/demo/image/upload/${chain.join('/')}/v1/fuzz.png`
    const { status, error, body } = await get(path)
    if (status >= 500) t.fail(`${status} ${String(error)}: ${path}`)
    // Only an image that was broken before may be called broken.
    if (error === 'Invalid image file') t.fail(`${error}: ${path}`)
    if (status === 200 && body.length === 0) t.fail(`no bytes: ${path}`)
    answers.set(status, (answers.get(status) ?? 0) + 1)
  }
  for (let at = 0; at < RUNS; at += TOGETHER) {
    await Promise.all(Array.from({ length: Math.min(TOGETHER, RUNS - at) }, (_, offset) => one(at + offset)))
  }
  const count = (status: number) => answers.get(status) ?? 0
  t.equal([...answers.values()].reduce((one, other) => one + other), RUNS)
  t.equal((await get('/demo/image/upload/c_scale,w_7/v1/fuzz.png')).status, 200, 'it still renders')
  t.ok(count(200) > RUNS / 20 && count(400) > RUNS / 2, JSON.stringify([...answers]))
})
