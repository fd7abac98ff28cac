import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { Arena } from '../../../src/cloudinary/upload/arena.ts'

/** Where a piece lies in its block. */
const extentOf = ({ memory }: { memory: Buffer }): [number, number] =>
  [memory.byteOffset, memory.byteOffset + memory.length]

t.test('pieces are cut from one block and never overlap; texts come from its end', async (t) => {
  const arena = new Arena(100)
  const [one, two, text] = [arena.take(40), arena.take(20), arena.take(30, 'end')]
  t.same([one, two, text].map(extentOf), [[0, 40], [40, 60], [70, 100]])
  t.equal(one.memory.buffer, text.memory.buffer)
  t.equal(arena.fits(10), true)
  t.equal(arena.fits(11), false)
  t.throws(() => arena.take(11), RangeError)
  one.release()
  t.same(extentOf(arena.take(5, 'end')), [65, 70], 'the last gap')
  const again = arena.take(40)
  t.same(extentOf(again), [0, 40], 'the first gap that is large enough')
  one.release()
  t.equal(arena.fits(40), false, 'giving back twice counts once')
})

t.test('1000 random pieces: no byte belongs to two of them', async (t) => {
  const arena = new Arena(1000)
  const held = new Set<ReturnType<Arena['take']>>()
  let lent = 0
  for (let round = 0; round < 1000; round++) {
    const bytes = 1 + (round * 7919) % 300
    const leaving = arena.fits(bytes) ? [] : [...held].filter((_, index) => (round + index) % 3 > 0)
    for (const loan of leaving) {
      held.delete(loan)
      loan.release()
    }
    if (!arena.fits(bytes)) continue
    const loan = arena.take(bytes, round % 4 === 0 ? 'end' : 'start')
    const [start, end] = extentOf(loan)
    const overlaps = [...held].map(extentOf).filter(([from, to]) => start < to && from < end)
    if (overlaps.length > 0 || end - start !== bytes || end > 1000) t.fail(`${start}-${end} was lent twice`)
    held.add(loan)
    lent++
  }
  t.ok(lent > 500, `${lent} were lent`)
})

t.test('more than the capacity is a buffer of its own, beside nothing else', async (t) => {
  const arena = new Arena(100)
  const large = arena.take(500)
  t.equal(large.memory.length, 500)
  t.equal(arena.fits(1), false)
  large.release()
  t.equal(arena.fits(100), true)
})

t.test('a block that nobody wanted for a while is let go, and found again while it is there', async (t) => {
  const arena = new Arena(100, 10)
  const { memory: { buffer }, release } = arena.take(1)
  release()
  const soon = arena.take(1)
  t.equal(soon.memory.buffer, buffer)
  await sleep(30)
  t.equal(arena.take(1).memory.buffer, buffer, 'as long as a piece of it is lent')
  const other = new Arena(100, 10)
  const held = other.take(1)
  held.release()
  await sleep(30)
  t.equal(other.take(1).memory.buffer, held.memory.buffer, 'the collector has not taken it')
})
