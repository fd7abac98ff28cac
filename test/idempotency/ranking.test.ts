import fc from 'fast-check'
import t from 'tap'
import { Ranking } from '../../src/idempotency/ranking.ts'
import { rounds, seed } from '../support/rounds.ts'

interface Item { size: number }

const largestFirst = (): Ranking<Item> => new Ranking((one, other) => other.size - one.size)

t.test('an empty one has no first, and what is not there can be removed', async (t) => {
  const ranking = largestFirst()
  t.equal(ranking.first, undefined)
  const item = { size: 1 }
  ranking.remove(item)
  ranking.place(item)
  t.equal(ranking.first, item)
  ranking.remove(item)
  t.equal(ranking.first, undefined)
})

t.test('whatever is added, changed and removed, the first is the largest', async (t) => {
  const steps = fc.array(
    fc.record({ item: fc.nat(20), size: fc.option(fc.nat(50), { nil: undefined }) }), { maxLength: 200 }
  )
  fc.assert(fc.property(steps, (sequence) => {
    const ranking = largestFirst()
    const known = new Map<number, Item>()
    return sequence.every(({ item: name, size }) => {
      const item = known.get(name) ?? { size: 0 }
      if (size === undefined) {
        ranking.remove(item)
        known.delete(name)
      } else {
        item.size = size
        known.set(name, item)
        ranking.place(item)
      }
      return (ranking.first?.size ?? -1) === Math.max(-1, ...[...known.values()].map(({ size }) => size))
    })
  }), { numRuns: rounds(1_000), seed: seed(13) })
  t.pass('no counterexample')
})

t.test('finding and moving the first takes few comparisons, however many there are', async (t) => {
  const comparisonsAt = (count: number): number => {
    let comparisons = 0
    const ranking = new Ranking<Item>((one, other) => {
      comparisons++
      return other.size - one.size
    })
    const items = Array.from({ length: count }, (_, index) => ({ size: index }))
    for (const item of items) ranking.place(item)
    comparisons = 0
    const item = ranking.first as Item // there are some
    item.size = 0
    ranking.place(item)
    return comparisons
  }
  t.ok(comparisonsAt(10_000) <= 2 * Math.log2(10_000) + 2)
  t.ok(comparisonsAt(10_000) - comparisonsAt(1_000) <= 8)
})
