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

t.test('only so many keys are remembered, and who is pushed out does not get its quota anew', async (t) => {
  let nowMs = 1_000
  const store = new MemoryRateStore({ maxEntries: 100, now: () => nowMs })
  for (let count = 0; count < 3; count++) await store.take('used up', rate)
  await store.take('used once', rate)
  for (let other = 0; other < 1_000; other++) await store.take(`other ${other}`, rate)
  t.equal(store.size, 100)
  t.match(await store.take('used up', rate), { allowed: false, retryAfterSeconds: 2 })
  t.match(await store.take('used once', rate), { allowed: true, remaining: 1 })
  const newcomers = await Promise.all(Array.from(
    { length: 100 }, (_, index) => store.take(`new ${index}`, rate)
  ))
  t.ok(
    newcomers.filter(({ remaining }) => remaining === 2).length >= 99,
    'others share their places with hardly anybody'
  )
  nowMs += 6_000
  t.match(
    await store.take('used up', rate), { allowed: true, remaining: 2 }, 'its quota is refilled like any other'
  )
  await store.close()
  t.equal(store.size, 0)
})

t.test('what is whole again leaves no trace', async (t) => {
  let nowMs = 1_000
  const store = new MemoryRateStore({ maxEntries: 1, now: () => nowMs })
  await store.take('a', rate)
  nowMs += 2_000
  await store.take('b', rate)
  t.equal((await store.take('a', rate)).remaining, 2)
})

t.test('long keys take the places of several', async (t) => {
  const store = new MemoryRateStore({ maxBytes: 10_000 })
  const rate = { requests: 1, perSeconds: 60 }
  for (let number = 0; number < 100; number++) await store.take(`caller:${'x'.repeat(1_000)}${number}`, rate)
  t.ok(store.size < 5, `${store.size} are kept`)
  t.equal((await store.take(`caller:${'x'.repeat(1_000)}0`, rate)).allowed, false, 'what the others used is remembered')
})
