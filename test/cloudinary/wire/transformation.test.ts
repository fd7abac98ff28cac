import t from 'tap'
import { eagerToString, transformationToString } from '../../../src/cloudinary/wire/transformation.ts'
import type { GatewayError } from '../../../src/errors.ts'
import type { Transformation } from '../../../src/schemas/transformation.ts'

/** The faults of a refused transformation. */
function faultsOf (write: () => string) {
  try {
    write()
  } catch (error) {
    return (error as GatewayError).errors // only invalidRequest is thrown there
  }
  return []
}

t.test('every parameter, in the order of their codes', async (t) => {
  t.equal(transformationToString({
    width: 300,
    height: '200',
    crop: 'fill',
    aspect_ratio: '16:9',
    quality: 'auto:best',
    gravity: 'auto:face',
    fetch_format: 'auto',
    effect: 'sepia:50',
    radius: 'max',
    angle: 'vflip.20',
    background: '#ff0000',
    dpr: 2,
    named: 'thumb.round',
    x: -10,
    y: 0.5,
    zoom: '1.5',
    overlay: 'text:Arial_20:Hi',
    underlay: 'users:1:paper',
    border: '4px_solid_#00ff00',
    color: '#abc',
    opacity: 50,
    page: '1-3;5',
    density: 150,
    default_image: 'avatar.png',
    flags: ['progressive', 'layer_apply'],
    raw_transformation: 'e_brightness:50/r_max'
  }), 'a_vflip.20,ar_16:9,b_rgb:ff0000,bo_4px_solid_rgb:00ff00,c_fill,co_rgb:abc,d_avatar.png,dn_150,dpr_2,e_sepia:50,f_auto,' +
    'fl_progressive.layer_apply,g_auto:face,h_200,l_text:Arial_20:Hi,o_50,pg_1-3;5,q_auto:best,r_max,t_thumb.round,u_users:1:paper,w_300,' +
    'x_-10,y_0.5,z_1.5,e_brightness:50/r_max')
})

t.test('borders of their parts, and remote layers, as the official package writes them', async (t) => {
  t.equal(transformationToString({ border: {} }), 'bo_2px_solid_black')
  t.equal(transformationToString({ border: { width: 5, color: '#fff' } }), 'bo_5px_solid_rgb:fff')
  const base64 = (text: string): string => Buffer.from(text).toString('base64url')
  t.equal(transformationToString({ overlay: 'fetch:https://example.com/ä b.png' }), `l_fetch:${base64('https://example.com/%C3%A4%20b.png')}`)
  t.equal(transformationToString({ underlay: 'video:fetch:https://example.com/%C3%A4' }), `u_video:fetch:${base64('https://example.com/%C3%A4')}`)
  t.equal(transformationToString({ overlay: 'fetch:https://example.com/100%' }), `l_fetch:${base64('https://example.com/100%25')}`)
  t.match(faultsOf(() => transformationToString({ overlay: 'fetch:https://example.com/\ud800' })), [{ pointer: '/transformation/overlay' }])
})

t.test('layers of their parts', async (t) => {
  t.equal(transformationToString({ overlay: { text: 'Hi, you', font_family: 'Arial', font_size: 20 }, underlay: { public_id: 'users/1/paper' } }), 'l_text:Arial_20:Hi%252C%20you,u_users:1:paper')
  t.equal(transformationToString({ overlay: { url: 'https://example.com/a.png' } }), `l_fetch:${Buffer.from('https://example.com/a.png').toString('base64url')}`)
  for (const overlay of [{ text: 'Hi' }, { public_id: 'a,b' }, {}]) t.match(faultsOf(() => transformationToString({ overlay })), [{ pointer: '/transformation/overlay', message: /or its parts/ }])
})

t.test('a number with a decimal point is a multiple of the original, above 1 too', async (t) => {
  for (const width of [1.5, '1.5', '1.0']) t.equal(transformationToString({ width }), `w_${width}`)
  t.equal(transformationToString('w_1.50'), 'w_1.50')
})

t.test('objects, chains and text', async (t) => {
  t.equal(transformationToString(undefined), '')
  t.equal(transformationToString({}), '')
  t.equal(transformationToString([]), '')
  t.equal(transformationToString([{ width: 0.5 }, {}, { effect: 'grayscale' }]), 'w_0.5/e_grayscale')
  t.equal(transformationToString({ raw_transformation: 'r_max' }), 'r_max')
  t.equal(transformationToString('c_fill,w_100/$x_10/l_text:Arial_20:Hi%252C%20you'), 'c_fill,w_100/$x_10/l_text:Arial_20:Hi%252C%20you')
})

t.test('400: each bad field is named', async (t) => {
  const bad: Record<string, unknown> = {
    width: -5,
    height: 40_000,
    crop: 'fil',
    aspect_ratio: '16/9',
    quality: 101,
    gravity: 'a,b',
    fetch_format: 'web/p',
    effect: 'sepia,w_9999',
    radius: -1,
    angle: 'upside',
    background: 'red/blue',
    dpr: 0,
    named: 'a%2Fb',
    raw_transformation: 'w_100/../secret',
    sharpness: 3
  }
  const faults = faultsOf(() => transformationToString([{ width: 1 }, bad] as Transformation)) // what no schema has checked
  t.strictSame(faults.map(({ pointer }) => pointer).sort(), Object.keys(bad).map((key) => `/transformation/1/${key}`).sort())
  t.match(faults.find(({ pointer }) => pointer.endsWith('/sharpness'))?.message, /not a field/)
  t.match(faults.find(({ pointer }) => pointer.endsWith('/width'))?.message, /pixels/)
})

t.test('400: text that would leave the transformation part of the path', async (t) => {
  for (const text of ['', 'v1/secret', 's--abcdefgh--/w_1', 'w_1//w_2', '/w_1', 'w_1/', 'w_1?x', 'w_1#x', 'w_100%', 'w_1/secret', 'w_1\n', '..', '$a']) {
    t.match(faultsOf(() => transformationToString(text, '/eager/0')), [{ pointer: '/eager/0', message: /Cloudinary syntax/ }], JSON.stringify(text))
  }
})

t.test('eager: an extension may follow, a pipe may not', async (t) => {
  t.equal(eagerToString('c_fill,w_50/png', '/eager/0'), 'c_fill,w_50/png')
  t.equal(eagerToString({ width: 50, crop: 'fill', format: 'png' }, '/eager/0'), 'c_fill,w_50/png')
  t.equal(eagerToString({ width: 50 }, '/eager/0'), 'w_50')
  t.equal(eagerToString([{ width: 50 }, { angle: 90 }], '/eager/0'), 'w_50/a_90')
  t.match(faultsOf(() => eagerToString('w_1|w_2', '/eager/1')), [{ pointer: '/eager/1' }])
  t.match(faultsOf(() => eagerToString({ raw_transformation: 'w_1|w_2' }, '/eager/1')), [{ pointer: '/eager/1', message: /separates/ }])
  t.match(faultsOf(() => eagerToString({ width: 5, format: '.png' }, '/eager/2')), [{ pointer: '/eager/2/format' }])
})
