import t from 'tap'
import { holdOf, LateHold } from '../../src/idempotency/late-hold.ts'
import { MemoryIdempotencyStore } from '../../src/idempotency/memory-store.ts'

const recordOf = (fingerprint: string) => ({ fingerprint, look_for: {} })

t.test('a key that is taken when the upload is sealed', async (t) => {
  const store = new MemoryIdempotencyStore()
  const lateHold = () => new LateHold(async () => store.claim('a', 'web'))
  const first = lateHold()
  const second = lateHold()
  await first.release()
  t.equal((await store.claim('b', 'web')).state, 'held', 'nothing is taken before')
  await first.seal(recordOf('1'))
  await t.rejects(second.seal(recordOf('1')), { code: 'idempotency_in_progress' })
  await second.release()
  t.equal((await store.claim('a', 'web')).state, 'in_progress', 'one that has no key ends none')
  await first.settle(recordOf('1'))

  const third = lateHold()
  t.equal(third.found, undefined)
  await t.rejects(third.seal(recordOf('2')), { code: 'idempotency_in_progress' })
  t.same(third.found, { record: recordOf('1'), asked: recordOf('2') })
  await third.settle(recordOf('2'))
  t.match(await store.claim('a', 'web'), { state: 'known', record: recordOf('1') })
})

t.test('a failed upload gives the key back', async (t) => {
  const store = new MemoryIdempotencyStore()
  const hold = new LateHold(async () => store.claim('a', 'web'))
  await hold.seal(recordOf('1'))
  await hold.release()
  t.equal((await store.claim('a', 'web')).state, 'held')
})

t.test('the hold of a claim', async (t) => {
  const claim = await new MemoryIdempotencyStore().claim('a', 'web')
  t.ok(holdOf(claim))
  t.throws(() => holdOf({ state: 'in_progress' }), {
    code: 'idempotency_in_progress', headers: { 'retry-after': '2' }
  })
})
