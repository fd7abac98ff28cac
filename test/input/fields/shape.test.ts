import t from 'tap'
import { allows, isList, shapeOf } from '../../../src/input/fields/shape.ts'

t.test('a shape allows the types that it names', async (t) => {
  t.ok(allows({ type: 'string' }, 'string'))
  t.ok(allows({ type: ['string', 'array'] }, 'array'))
  t.notOk(allows({ type: ['string', 'array'] }, 'object'))
  t.notOk(allows({}, 'object'))
  t.notOk(allows(undefined, 'object'))
})

t.test('a list stays one where one of its items may stand for it, and not where text has a meaning of its own', async (t) => {
  t.ok(isList({ type: 'array' }))
  t.ok(isList({ type: ['array', 'object'] }))
  t.notOk(isList({ type: ['string', 'array'] }))
  t.notOk(isList({ type: 'object' }))
})

t.test('a member has the shape of its name, or that of any other name', async (t) => {
  const width = { type: 'integer' }
  const any = { type: 'string' }
  t.equal(shapeOf({ properties: { width } }, 'width'), width)
  t.equal(shapeOf({ properties: { width } }, 'toString'), undefined)
  t.equal(shapeOf({ properties: { width }, additionalProperties: any }, 'toString'), any)
  t.equal(shapeOf({ additionalProperties: false }, 'width'), undefined)
})
