import t from 'tap'
import { RENDERED_EFFECTS } from '../../../src/sandbox/render/effects.ts'
import { transformationCoverage } from '../../../src/sandbox/transformation/coverage.ts'
import { BLENDS, SHAPED, STRENGTHS } from '../../../src/sandbox/transformation/effect-rules.ts'

t.test('the table promises exactly the effects that are rendered', async (t) => {
  t.same([...Object.keys(STRENGTHS), ...Object.keys(SHAPED)].sort(), RENDERED_EFFECTS)
  const real = transformationCoverage().filter(({ kind, support }) => kind === 'effect' && support === 'real').map(({ name }) => name)
  t.same(real, [...RENDERED_EFFECTS, ...BLENDS].sort())
})

t.test('each key of the grammar stands in it once', async (t) => {
  const names = transformationCoverage().filter(({ kind }) => kind === 'parameter').map(({ name }) => name.split('_')[0])
  t.same(names, 'a ac af ar b bl bo br c co cs d dl dn dpr du e eo f fl fn fps g h if ki l o p pg q r so sp t u vc vs w x y z'.split(' '))
})
