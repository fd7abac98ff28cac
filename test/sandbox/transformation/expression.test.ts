import t from 'tap'
import { evaluate } from '../../../src/sandbox/transformation/expression.ts'

const scope = {
  numbers: { w: 500, h: 250, ar: 2, iw: 1000 },
  variables: new Map([['$z', '5'], ['$name', '!big!'], ['$again', '$z'], ['$loop', '$loop']]),
  tags: ['cat', 'dog'],
  context: { product: 'shoe', wide: '120', share: '0.5', note: '12 pieces' },
  metadata: { colour: 'red', sizes: ['s', 'm'], stock: 3 }
}

t.test('conditions and sums, with the usual order of operators', async (t) => {
  const cases: [string, unknown][] = [
    ['w_lt_200', false], ['w_gt_200_and_h_lte_250', true], ['w_eq_1_or_ar_eq_2:1', true], ['$z_mul_2_add_1', 11], ['1_add_2_mul_3', 7],
    ['10_sub_2_sub_3', 5], ['2_pow_3', 8], ['iw_div_4', 250], ['7_mod_4', 3], ['$name_eq_!big!', true], ['!cat!_in_tags', true],
    ['!cat:cow!_nin_tags', true], ['ctx:!product!_eq_!shoe!', true], ['$again_eq_5', true], ['md:!colour!_eq_!red!', true], ['!s!_in_md:!sizes!', true], ['md:!stock!_gt_2', true], ['md:!none!', ''], ['ref:!a:b!', 'a:b'], ['ctx:!wide!_to_i', 120], ['ctx:!wide!_to_i_mul_2', 240], ['ctx:!share!_to_f', 0.5], ['ctx:!share!_to_i', 0], ['ctx:!note!_to_i_add_1', 13],
    ['ctx:!product!_to_f', 0], ['md:!stock!_to_i_lt_4', true], ['!7.9!_to_i', 7], ['$name_to_i', 0], ['1_add_ctx:!wide!_to_i_div_2', 61], ['$unknown_add_1', 1], ['!a_b!_ne_!c!', true]
  ]
  for (const [text, expected] of cases) t.equal(evaluate(text, scope), expected, text)
})

t.test('400: what is no expression', async (t) => {
  for (const text of ['w_lt', 'nonsense_lt_2', 'w_w', '', 'w_lt_2_3', '$loop', 'w_plus_1', '1_'.repeat(200)]) {
    t.throws(() => evaluate(text, scope), { status: 400, message: /^Invalid expression in transformation/ }, text.slice(0, 20))
  }
})
