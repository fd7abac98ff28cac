import fc from 'fast-check'
import t from 'tap'
import { MemoryRateStore, verdictAt } from '../../src/auth/rate-limit.ts'
import { rounds } from '../support/rounds.ts'

const rate = { requests: 3, perSeconds: 6 }

t.test('a quota may be used at once, and comes back bit by bit', async (t) => {
  let nowMs = 1_000_000
  const store = new MemoryRateStore({ now: () => nowMs })
  t.same(await store.take('a', rate), { allowed: true, remaining: 2, resetSeconds: 2, retryAfterSeconds: 0 })
  t.same(await store.take('a', rate), { allowed: true, remaining: 1, resetSeconds: 4, retryAfterSeconds: 0 })
  t.same(await store.take('a', rate), { allowed: true, remaining: 0, resetSeconds: 6, retryAfterSeconds: 0 })
  t.same(await store.take('a', rate), { allowed: false, remaining: 0, resetSeconds: 6, retryAfterSeconds: 2 })
  t.equal((await store.take('b', rate)).allowed, true, 'others are not concerned')
  nowMs += 2_000
  t.same(await store.take('a', rate), { allowed: true, remaining: 0, resetSeconds: 6, retryAfterSeconds: 0 })
  t.equal((await store.take('a', rate)).allowed, false, 'what is refused does not count')
  nowMs += 60_000
  t.equal((await store.take('a', rate)).remaining, 2, 'no more than one quota is saved up')
})

t.test('over any time no more passes than one quota and what came back meanwhile', async (t) => {
  fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 1500 }), { minLength: 1, maxLength: 200 }), (steps) => {
    let nowMs = 0
    let whole = 0
    const passed: number[] = []
    for (const step of steps) {
      nowMs += step
      const { verdict, wholeAtMs } = verdictAt(nowMs, whole, rate)
      whole = wholeAtMs
      if (verdict.allowed) passed.push(nowMs)
      t.ok(verdict.remaining >= 0 && verdict.remaining < rate.requests)
      t.equal(verdict.retryAfterSeconds > 0, !verdict.allowed)
    }
    const most = rate.requests + Math.floor(nowMs / 1000 / rate.perSeconds * rate.requests) + 1
    return passed.length <= most
  }), { numRuns: rounds(200) })
})

t.test('only so many keys are remembered', async (t) => {
  const store = new MemoryRateStore({ maxKeys: 2 })
  for (const key of ['a', 'b', 'a', 'c']) await store.take(key, rate)
  t.equal(store.size, 2)
  t.equal((await store.take('a', rate)).remaining, 0, 'the one used last is kept')
  await store.close()
  t.equal(store.size, 0)
})
