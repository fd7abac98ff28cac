import t from 'tap'
import { checkComponents, normalise, parseComponents, parseTransformation } from '../../../src/sandbox/transformation/parser.ts'

const judge = (text: string) => checkComponents(parseTransformation(text).components)

t.test('normal form: keys sorted in each component, the chain kept, a last format split off', async (t) => {
  const normal = (text: string) => normalise(parseTransformation(text).components)
  t.equal(normal('w_260,h_200,c_crop,g_north'), 'c_crop,g_north,h_200,w_260')
  t.equal(normal('w_10/e_sepia/c_scale,ar_2'), 'w_10/e_sepia/ar_2,c_scale')
  t.equal(normal('w_$foo_add_10,c_scale,$z_5,$foo_$z_mul_2'), '$z_5,$foo_$z_mul_2,c_scale,w_$foo_add_10')
  t.equal(normal('w_80,c_fill,if_w_lt_200'), 'if_w_lt_200,c_fill,w_80')
  t.equal(normal('fl_progressive,w_1,fl_attachment'), 'fl_progressive.attachment,w_1')
  t.match(parseTransformation('c_crop,w_0.5/tiff'), { format: 'tiff' })
  t.equal(normal('c_crop,w_0.5/'), 'c_crop,w_0.5')
})

t.test('400 in the vendor\'s words', async (t) => {
  const refused: [string, string][] = [
    ['w_abc', 'Invalid width in transformation: abc'],
    ['w_-5', 'Invalid width in transformation: -5'],
    ['h_0', 'Invalid height in transformation: 0'],
    ['c_bogus', 'Invalid crop in transformation: bogus'],
    ['g_up', 'Invalid gravity in transformation: up'],
    ['q_101', 'Invalid quality in transformation: 101'],
    ['q_auto:great', 'Invalid quality in transformation: auto:great'],
    ['fl_pdf', 'Invalid flag in transformation: pdf'],
    ['e_nothing', 'Invalid effect in transformation: nothing'],
    ['e_sepia:101', 'Invalid effect in transformation: sepia:101'],
    ['a_90x', 'Invalid angle in transformation: 90x'],
    ['o_101', 'Invalid opacity in transformation: 101'],
    ['r_-1', 'Invalid radius in transformation: -1'],
    ['b_nocolor', 'Invalid background in transformation: nocolor'],
    ['l_text:Arial:Hi', 'Invalid overlay in transformation: text:Arial'],
    ['auto', 'Invalid transformation component - auto'],
    ['{width=512', 'Invalid transformation component - {width=512'],
    ['w_1,,h_1', 'Invalid transformation component - w_1,,h_1'],
    ['zz_1', 'Invalid transformation component - zz_1']
  ]
  for (const [text, message] of refused) t.throws(() => judge(text), { status: 400, message }, text)
})

t.test('what the vendor has and the sandbox has not is refused by name', async (t) => {
  for (const text of ['e_background_removal', 'e_art:zorro', 'e_outline', 'fl_splice', 'l_video:x', 'l_fetch:aHR0cDovL2E', 'sp_hd', 'du_5', 'b_gen_fill', 'b_gen_fill:prompt_sky', 'c_imagga_crop']) {
    t.throws(() => judge(text), { status: 400, message: /^The sandbox does not imitate / }, text)
  }
})

t.test('what is taken without effect is told', async (t) => {
  t.same(judge('c_thumb,g_face,w_10/cs_srgb/dpr_auto,w_auto'), ['g_face', 'cs_srgb', 'dpr_auto', 'w_auto'])
  t.same(judge('c_fill,g_north,w_10,fl_clip'), ['fl_clip'])
})

t.test('a chain has an end', async (t) => {
  t.throws(() => parseComponents(Array.from({ length: 101 }, () => 'w_1')), { status: 400, message: /more than 100/ })
})
