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
    raw_transformation: 'e_brightness:50/r_max'
  }), 'a_vflip.20,ar_16:9,b_rgb:ff0000,c_fill,dpr_2,e_sepia:50,f_auto,g_auto:face,h_200,q_auto:best,r_max,t_thumb.round,w_300,e_brightness:50/r_max')
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
