import fc from 'fast-check'
import t from 'tap'
import { ClaimIndex, type WantedClaims } from '../../../src/auth/policy/claim-index.ts'
import { rounds, seed } from '../../support/rounds.ts'

const indexOf = (...wanted: WantedClaims[]): ClaimIndex<number> =>
  new ClaimIndex(wanted.map((each, index) => [each, index] as const))

t.test('the first item counts whose claims are all held, in a list and in a scope too', async (t) => {
  const index = indexOf(
    { role: 'editor', tenant: 1 }, { role: 'editor' }, { groups: 'staff' }, { scope: 'upload' }, { scope: 7 }
  )
  t.equal(index.find({ role: 'editor', tenant: 1 }), 0)
  t.equal(index.find({ role: 'editor', tenant: '1' }), 1, 'a text is no number')
  t.equal(index.find({ role: ['viewer', 'editor'], groups: ['staff'] }), 1)
  t.equal(index.find({ groups: ['staff'] }), 2)
  t.equal(index.find({ scope: 'read upload' }), 3)
  t.equal(index.find({ scope: ['upload'] }), 3)
  t.equal(index.find({ scope: '7' }), 4)
  t.equal(index.find({ scope: ['7'] }), undefined)
  for (const claims of [{}, { role: 'Editor' }, { role: null }, { scope: 'uploads' }, { groups: 'staf' }]) {
    t.equal(index.find(claims), undefined)
  }
})

t.test('empty claims fit every token, and names of every object are claims like others', async (t) => {
  t.equal(indexOf({ a: 1 }, {}).find({}), 1)
  t.equal(indexOf({}, { a: 1 }).find({ a: 1 }), 0)
  t.equal(indexOf({ constructor: 'x' }, { toString: 'y' }).find({}), undefined)
  t.equal(new ClaimIndex([]).find({ a: 1 }), undefined)
})

t.test('finds what a search of all would find', async (t) => {
  const value = fc.constantFrom('1', '2', 1, 2, true)
  const claims = fc.dictionary(fc.constantFrom('a', 'b', 'scope'), value, { noNullPrototype: true })
  const held = fc.dictionary(
    fc.constantFrom('a', 'b', 'scope'), fc.oneof(value, fc.array(value), fc.constant('1 2')),
    { noNullPrototype: true }
  )
  const fits = (token: Record<string, unknown>, wanted: WantedClaims): boolean =>
    Object.entries(wanted).every(([name, each]) => {
      const found = token[name]
      if (Array.isArray(found)) return found.includes(each)
      return name === 'scope' && typeof found === 'string'
        ? found.split(' ').includes(String(each))
        : found === each
    })
  fc.assert(fc.property(fc.array(claims, { maxLength: 8 }), held, (all, token) => {
    const first = all.findIndex((wanted) => fits(token, wanted))
    return (indexOf(...all).find(token) ?? -1) === first
  }), { numRuns: rounds(5_000), seed: seed(19) })
  t.pass('no counterexample')
})
