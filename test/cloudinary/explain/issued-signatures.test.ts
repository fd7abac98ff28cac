import t from 'tap'
import { IssuedSignatures } from '../../../src/cloudinary/explain/issued-signatures.ts'

const fields = { folder: 'a' }

t.test('remembers what a signature covers, for its life', async (t) => {
  const issued = new IssuedSignatures()
  issued.remember('one', 'staging', fields, 1000)
  t.match(issued.find('one', 1000 + 3600), { environment: 'staging', fields, issuedAtSeconds: 1000 })
  t.equal(issued.find('one', 1000 + 3601), undefined, 'an hour later it is of no use')
  t.equal(issued.find('two', 1000), undefined)
})

t.test('is bounded by number, by size and by time; the oldest go first', async (t) => {
  const few = new IssuedSignatures({ maxEntries: 2 })
  for (const signature of ['one', 'two', 'three']) few.remember(signature, 'x', fields, 1)
  t.strictSame(['one', 'two', 'three'].map((signature) => few.find(signature, 1) !== undefined), [false, true, true])

  const many = new IssuedSignatures({ maxEntries: 2 })
  for (let number = 0; number < 5000; number++) many.remember(`s${number}`, 'x', fields, 1)
  t.strictSame([4997, 4998, 4999].map((number) => many.find(`s${number}`, 1) !== undefined), [false, true, true])
  t.equal(many.size, 2)

  const small = new IssuedSignatures({ maxCharacters: 40 })
  small.remember('one', 'x', { tags: 'a'.repeat(30) }, 1)
  small.remember('two', 'x', { tags: 'b'.repeat(30) }, 1)
  t.equal(small.size, 1)
  small.remember('three', 'x', { tags: 'c'.repeat(100) }, 1)
  t.equal(small.size, 0, 'nothing larger than the whole memory is kept')

  const brief = new IssuedSignatures({ lifetimeSeconds: 10 })
  brief.remember('one', 'x', fields, 1)
  brief.remember('two', 'x', fields, 20)
  t.equal(brief.size, 1)
})

t.test('the same signature again is one entry', async (t) => {
  const issued = new IssuedSignatures()
  issued.remember('one', 'x', fields, 1)
  issued.remember('one', 'y', fields, 2)
  t.equal(issued.size, 1)
  t.equal(issued.find('one', 2)?.environment, 'y')
})
