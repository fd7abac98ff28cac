import t from 'tap'
import { SignatureLimits } from '../../../src/cloudinary/explain/signature-limits.ts'

t.test('remembers the limit of a signature, for its life', async (t) => {
  let nowMs = 1
  const limits = new SignatureLimits({ now: () => nowMs })
  limits.remember('demo', 'one', 10)
  limits.remember('demo', 'two', undefined)
  t.same([limits.find('demo', 'one'), limits.find('demo', 'two'), limits.find('other', 'one')], [
    10, undefined, undefined
  ])
  limits.remember('demo', 'two', 20)
  limits.remember('demo', 'one', undefined)
  t.same([limits.find('demo', 'one'), limits.find('demo', 'two')], [undefined, 20], 'the latest decides')
  nowMs += 3_600_001
  t.equal(limits.find('demo', 'two'), undefined)
})

t.test('the oldest go first, and only at the bound', async (t) => {
  const limits = new SignatureLimits({ maxEntries: 3 })
  for (const signature of ['a', 'b', 'c', 'd']) limits.remember('demo', signature, 1)
  t.same(['a', 'b', 'd'].map((signature) => limits.find('demo', signature)), [undefined, 1, 1])
})

t.test('accounts and signatures count with their length', async (t) => {
  const limits = new SignatureLimits({ maxBytes: 10_000 })
  limits.remember('demo', 'a', 1)
  for (let number = 0; number < 10; number++) limits.remember('demo', `${number}${'x'.repeat(1_000)}`, 1)
  t.equal(limits.find('demo', 'a'), undefined)
})
