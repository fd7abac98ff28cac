import t from 'tap'
import { MemoryIdempotencyStore } from '../../src/idempotency/memory-store.ts'
import { KEPT_MS, type Claim, type Hold, type IdempotencyRecord } from '../../src/idempotency/record.ts'

const record: IdempotencyRecord = { fingerprint: 'f', look_for: {} }
const withBody = (length: number): IdempotencyRecord => ({ ...record, outcome: { answer: { status: 200, headers: {}, body: 'x'.repeat(length) } } })

function held (claim: Claim): Hold {
  if (claim.state !== 'held') throw new Error(`the key is ${claim.state}`)
  return claim.hold
}

async function keep (store: MemoryIdempotencyStore, name: string, kept = record): Promise<void> {
  await held(await store.claim(name)).settle(kept)
}

t.test('held by one at a time, then known, or free again', async (t) => {
  const store = new MemoryIdempotencyStore()
  const hold = held(await store.claim('a'))
  t.same(await store.claim('a'), { state: 'in_progress' })
  held(await store.claim('b'))
  await hold.seal(record)
  t.same(await store.claim('a'), { state: 'in_progress' })
  await hold.settle(record)
  t.same(await store.claim('a'), { state: 'known', record })
  const again = held(await store.claim('c'))
  await again.release()
  t.match(await store.claim('c'), { state: 'held' })
  await store.close()
})

t.test('forgotten after 24 hours, not before', async (t) => {
  let nowMs = 0
  const store = new MemoryIdempotencyStore({ now: () => nowMs })
  await keep(store, 'a')
  nowMs = KEPT_MS - 1
  t.match(await store.claim('a'), { state: 'known' })
  nowMs++
  t.match(await store.claim('a'), { state: 'held' }, 'asking did not prolong it')
})

t.test('the least recently used are forgotten when there are too many or they are too large; those that run are not', async (t) => {
  const store = new MemoryIdempotencyStore({ maxEntries: 3, maxBytes: 1000 })
  held(await store.claim('runs'))
  for (const name of ['a', 'b', 'c']) await keep(store, name)
  t.match(await store.claim('a'), { state: 'known' }, 'used again')
  await keep(store, 'd')
  t.match(await store.claim('b'), { state: 'held' })
  for (const name of ['c', 'a', 'd']) t.match(await store.claim(name), { state: 'known' }, name)
  await keep(store, 'large', withBody(2000))
  t.match(await store.claim('large'), { state: 'known' }, 'alone it may be larger')
  for (const name of ['c', 'a', 'd']) t.match(await store.claim(name), { state: 'held' }, name)
  await keep(store, 'small')
  t.match(await store.claim('large'), { state: 'held' })
  t.match(await store.claim('small'), { state: 'known' })
  t.match(await store.claim('runs'), { state: 'in_progress' })
})

t.test('M28: of ten at once one gets the key, a thousand times', async (t) => {
  const store = new MemoryIdempotencyStore()
  for (let round = 0; round < 1000; round++) {
    const states = (await Promise.all(Array.from({ length: 10 }, () => store.claim(`key-${round}`)))).map(({ state }) => state)
    if (states.filter((state) => state === 'held').length !== 1) t.fail(`round ${round}: ${states.join()}`)
  }
  t.match(await store.claim('key-0'), { state: 'in_progress' })
})
