import t from 'tap'
import { spelledOut, wireText } from '../../../src/sandbox/transformation/long-names.ts'
import { parseTransformation } from '../../../src/sandbox/transformation/parser.ts'

t.test('a chain spelled out has long names, and numbers where nothing is lost', async (t) => {
  const { components } = parseTransformation('c_scale,w_100/h_0.5,w_1.0/dl_50,pg_2/$size_5,if_w_gt_1,w_$size')
  t.same(spelledOut(components), [{ crop: 'scale', width: 100 }, { height: 0.5, width: '1.0' }, { delay: 50, page: 2 }, { if: 'w_gt_1', $size: 5, width: '$size' }])
})

t.test('what is spelled out reads back as it was', async (t) => {
  for (const text of ['', 'c_scale,w_100', 'c_fill,g_face,h_0.50,w_1.0/r_max/e_sepia:40', 't_small,w_5', 'l_text:Arial_20:a%2Cb%2Fc', 'fl_lossy.progressive,q_auto:good', 'dl_50/dn_300,pg_2', 'if_w_gt_1,w_5/$size_5,w_$size']) {
    const { components } = parseTransformation(text)
    t.same(parseTransformation(wireText(spelledOut(components))).components, components, text)
  }
})

t.test('objects as clients write them', async (t) => {
  const cases: [unknown, string][] = [
    ['c_scale,w_5', 'c_scale,w_5'],
    [{ crop: 'scale', width: 20 }, 'c_scale,w_20'],
    [[{ crop: 'scale', width: 20 }, 'r_max', {}], 'c_scale,w_20/r_max'],
    [{ transformation: ['a', 'b'] }, 't_a.b'],
    [{ transformation: [{ width: 5 }, { height: 6 }], angle: [90, 'hflip'] }, 'w_5/h_6/a_90.hflip'],
    [{ flags: ['lossy', 'progressive'], effect: ['sepia', 40], opacity: null }, 'fl_lossy.progressive,e_sepia:40'],
    [{ background: '#ff0000', raw_transformation: 'w_5,h_6' }, 'b_rgb:ff0000,w_5,h_6'],
    [{ overlay: 'text:Arial_20:a, b/c' }, 'l_text:Arial_20:a%2C b%2Fc'],
    [{ width: 5, fetch_format: 'auto', format: 'png' }, 'w_5,f_auto/png'],
    [{ c: 'fill', w: 5 }, 'c_fill,w_5']
  ]
  for (const [given, text] of cases) t.equal(wireText(given), text, text)
})

t.test('400: what is no transformation', async (t) => {
  for (const given of [5, true, null, [null], { width: { is: 5 } }, { width: [[5]] }, { width: true }]) {
    t.throws(() => wireText(given), { status: 400, message: /^Invalid transformation component - / }, JSON.stringify(given))
  }
  t.throws(() => wireText({ width: { is: 5 } }), { message: 'Invalid transformation component - {"width":{"is":5}}' })
})
