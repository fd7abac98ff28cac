import t from 'tap'
import { decoded } from '../../src/input/decoded.ts'

t.test('once, and not at all when a percent sign begins no character', async (t) => {
  t.equal(decoded('a%2Fb+c'), 'a/b+c')
  t.equal(decoded('%2525'), '%25')
  for (const text of ['100%', '%zz', '%ff']) t.equal(decoded(text), undefined, text)
})
