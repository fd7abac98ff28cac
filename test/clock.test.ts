import t from 'tap'
import { steadyClock, wallClock } from '../src/clock.ts'

t.test('the time of day follows the clock that somebody sets; spans do not', async (t) => {
  const before = steadyClock()
  const set = t.intercept(Date, 'now', { value: () => 42 })
  t.equal(wallClock(), 42)
  t.ok(steadyClock() >= before)
  set.restore()
  t.ok(wallClock() > 1_700_000_000_000)
})
