import t from 'tap'
import { answerLimits, AnswerBudget } from '../../../src/plugins/access/answer-budget.ts'

t.test('bytes are bounded together and for each owner, and given back', async (t) => {
  const budget = new AnswerBudget({ maxBytes: 100, maxBytesOfOne: 40 })
  budget.add(['address:a', 'caller:web'], 30)
  t.equal(budget.hasRoom(['address:a'], 10), true)
  t.equal(budget.hasRoom(['address:a'], 11), false)
  t.equal(budget.hasRoom(['address:b', 'caller:web'], 11), false, 'one of the owners is enough')
  t.equal(
    budget.hasRoom(['address:b'], 70), true, 'an answer larger than a share, where its owner has nothing else'
  )
  t.equal(budget.hasRoom(['address:b'], 71), false, 'but not one that all together have no room for')
  t.equal(budget.isFull(['address:a']), false)
  budget.add(['address:a'], 10)
  t.same(
    [budget.isFull(['address:a']), budget.isFull(['address:b']), budget.isFull(['address:b', 'address:a'])],
    [true, false, true]
  )
  t.match(budget, { waitingBytes: 40, owners: 2 })
  budget.add(['address:a'], -10)
  t.equal(budget.hasRoom(['address:a', 'caller:web'], 90, 30), true, 'in place of what waits already')
  budget.add(['address:a'], 5)
  t.equal(budget.hasRoom(['address:a', 'caller:web'], 90, 30), false)
  budget.add(['address:a'], -5)
  budget.add(['address:a', 'caller:web'], -30)
  t.match(budget, { waitingBytes: 0, owners: 0 }, 'nobody is remembered')
  t.equal(budget.hasRoom(['address:a'], 1000), true, 'where nothing waits, any answer has room')
})

t.test('64 MiB wait at most, and a quarter of them for one', async (t) => {
  t.same(answerLimits(), { maxBytes: 67_108_864, maxBytesOfOne: 16_777_216 })
  const budget = new AnswerBudget()
  for (const owner of ['a', 'b', 'c', 'd']) budget.add([owner], 16_777_216)
  t.equal(budget.hasRoom(['e'], 1), false)
})
