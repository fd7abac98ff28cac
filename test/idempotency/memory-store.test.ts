import t from 'tap'
import { MemoryIdempotencyStore } from '../../src/idempotency/memory-store.ts'
import { KEPT_MS, type Claim, type Hold, type IdempotencyRecord } from '../../src/idempotency/record.ts'

const record: IdempotencyRecord = { fingerprint: 'f', look_for: {} }
const withBody = (length: number): IdempotencyRecord => ({ ...record, outcome: { answer: { status: 200, headers: {}, body: 'x'.repeat(length) } } })

function held (claim: Claim): Hold {
  if (claim.state !== 'held') throw new Error(`the key is ${claim.state}`)
  return claim.hold
}

async function keep (
  store: MemoryIdempotencyStore, name: string, kept = record, caller = 'web'
): Promise<void> {
  await held(await store.claim(name, caller)).settle(kept)
}

t.test('held by one at a time, then known, or free again', async (t) => {
  const store = new MemoryIdempotencyStore()
  const hold = held(await store.claim('a', 'web'))
  t.same(await store.claim('a', 'web'), { state: 'in_progress' })
  held(await store.claim('b', 'web'))
  await hold.seal(record)
  t.same(await store.claim('a', 'web'), { state: 'in_progress' })
  await hold.settle(record)
  t.same(await store.claim('a', 'web'), { state: 'known', record })
  const again = held(await store.claim('c', 'web'))
  await again.release()
  t.match(await store.claim('c', 'web'), { state: 'held' })
  await store.close()
})

t.test('forgotten after 24 hours, not before', async (t) => {
  let nowMs = 0
  const store = new MemoryIdempotencyStore({ now: () => nowMs })
  await keep(store, 'a')
  nowMs = KEPT_MS - 1
  t.match(await store.claim('a', 'web'), { state: 'known' })
  nowMs++
  t.match(await store.claim('a', 'web'), { state: 'held' }, 'asking did not prolong it')
})

t.test('at the bound the caller that holds most loses the oldest of its own; others keep theirs', async (t) => {
  let forgotten = 0
  const store = new MemoryIdempotencyStore({ maxEntries: 10, onForgotten: () => { forgotten++ } })
  await keep(store, 'other', record, 'other')
  for (let number = 0; number < 30; number++) await keep(store, `many-${number}`, record, 'many')
  t.match(
    await store.claim('other', 'other'), { state: 'known' },
    'not the one that holds little, though it is the oldest'
  )
  t.equal(forgotten, 21)
  t.match(await store.claim('many-29', 'many'), { state: 'known' })
  t.match(await store.claim('many-21', 'many'), { state: 'known' }, 'its last nine')
  const hold = held(await store.claim('third', 'third'))
  t.match(await store.claim('many-21', 'many'), { state: 'held' }, 'a newcomer takes from the largest, too')
  t.match(await store.claim('other', 'other'), { state: 'known' })
  await hold.release()
})

t.test('of callers that hold as much, the one with the oldest key loses it', async (t) => {
  let nowMs = 1
  const store = new MemoryIdempotencyStore({ maxEntries: 3, now: () => nowMs })
  for (const name of ['a', 'b', 'c', 'd']) {
    nowMs++
    await keep(store, name, record, name)
  }
  for (const name of ['b', 'c', 'd']) t.match(await store.claim(name, name), { state: 'known' }, name)
})

t.test('keys that run are never forgotten: 503 when there are no others', async (t) => {
  const store = new MemoryIdempotencyStore({ maxEntries: 3 })
  const holds = []
  for (const name of ['a', 'b']) holds.push(held(await store.claim(name, 'many')))
  await keep(store, 'done', record, 'other')
  holds.push(held(await store.claim('c', 'many')))
  await t.rejects(store.claim('d', 'other'), { code: 'overloaded', headers: { 'retry-after': /\d/ } })
  for (const name of ['a', 'b', 'c']) t.match(await store.claim(name, 'many'), { state: 'in_progress' }, name)
  await holds[0]?.release()
  t.match(await store.claim('d', 'other'), { state: 'held' }, 'room again')
})

t.test('who fills the memory with large answers loses its own as well', async (t) => {
  const store = new MemoryIdempotencyStore({ maxBytes: 10_000 })
  await keep(store, 'small', record, 'small')
  for (let number = 0; number < 20; number++) await keep(store, `large-${number}`, withBody(1_000), 'large')
  t.match(await store.claim('small', 'small'), { state: 'known' })
  t.match(await store.claim('large-19', 'large'), { state: 'known', record: withBody(1_000) })
  t.match(await store.claim('large-0', 'large'), { state: 'held' })
})

t.test('an answer that is too large to keep is not kept, but its key is', async (t) => {
  const store = new MemoryIdempotencyStore({ maxBytes: 10_000 })
  await keep(store, 'a', withBody(2_000))
  t.strictSame(await store.claim('a', 'web'), { state: 'known', record: { fingerprint: 'f', look_for: {} } })
})

t.test('what has run out makes room, and is not counted as forgotten', async (t) => {
  let nowMs = 0
  let forgotten = 0
  const store = new MemoryIdempotencyStore({
    maxEntries: 3, now: () => nowMs, onForgotten: () => { forgotten++ }
  })
  for (const name of ['a', 'b', 'c']) await keep(store, name)
  nowMs = KEPT_MS
  for (const name of ['d', 'b', 'e']) await keep(store, name)
  t.equal(forgotten, 0)
  for (const name of ['d', 'b', 'e']) t.match(await store.claim(name, 'web'), { state: 'known' }, name)
})

t.test('M28: of ten at once one gets the key, a thousand times', async (t) => {
  const store = new MemoryIdempotencyStore()
  for (let round = 0; round < 1000; round++) {
    const states = (await Promise.all(Array.from({ length: 10 }, () =>
      store.claim(`key-${round}`, 'web')))).map(({ state }) => state)
    if (states.filter((state) => state === 'held').length !== 1) t.fail(`round ${round}: ${states.join()}`)
  }
  t.match(await store.claim('key-0', 'web'), { state: 'in_progress' })
})

t.test('long names of callers count as bytes of their keys', async (t) => {
  let forgotten = 0
  const store = new MemoryIdempotencyStore({ maxBytes: 100_000, onForgotten: () => { forgotten++ } })
  for (let number = 0; number < 20; number++) {
    const claim = await store.claim(`key ${number}`, `${number}${'x'.repeat(10_000)}`)
    if (claim.state === 'held') await claim.hold.settle({ fingerprint: 'f', look_for: {} as never })
  }
  t.equal(forgotten, 16, 'each takes 20,000 bytes')
})
