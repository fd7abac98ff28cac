import { Type } from '@sinclair/typebox'
import t from 'tap'
import { BLANK, blank, SPELLING, spelled } from '../../src/schemas/habits.ts'

t.test('marks stay with a schema, and neither JSON nor a validator sees them', async (t) => {
  const plain = Type.String({ maxLength: 3 })
  const marked = Type.Optional(spelled('folder', blank('clears', plain)))
  t.equal(marked[SPELLING as never], 'folder') // symbols are no part of its type
  t.equal(marked[BLANK as never], 'clears') // as above
  t.equal(JSON.stringify(marked), JSON.stringify(plain))
  t.same(Object.keys(marked), Object.keys(plain))
  t.equal(Type.Object({ marked }).required, undefined, 'it is optional still')
})
