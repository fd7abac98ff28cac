import t from 'tap'
import type { ReadAnswer } from '../../../../src/cloudinary/upstream/answer.ts'
import { CoalescedReads } from '../../../../src/cloudinary/upstream/account/coalesced-reads.ts'

/** A question whose answer the test gives. */
function question () {
  const signals: AbortSignal[] = []
  const endings: Array<{ resolve: (answer: ReadAnswer) => void, reject: (error: Error) => void }> = []
  const ask = async (signal: AbortSignal): Promise<ReadAnswer> => new Promise((resolve, reject) => {
    signals.push(signal)
    endings.push({ resolve, reject })
  })
  return { ask, signals, endings }
}

const answer: ReadAnswer = { status: 200, headers: {}, body: Buffer.from('{}'), value: {} }
const present = (): AbortSignal => new AbortController().signal

t.test('fifty at the same time share one call; the next one after its answer makes another', async (t) => {
  const reads = new CoalescedReads()
  const { ask, endings } = question()
  const all = Array.from({ length: 50 }, async () => reads.ask('a', present(), ask))
  const other = reads.ask('b', present(), ask)
  t.equal(endings.length, 2)
  endings[0]?.resolve(answer)
  t.same(new Set(await Promise.all(all)).size, 1)
  const late = reads.ask('a', present(), ask)
  t.equal(endings.length, 3)
  for (const { resolve } of endings) resolve(answer)
  t.equal(await late, answer)
  await other
})

t.test('a failure is shared by those who joined, and by nobody else', async (t) => {
  const reads = new CoalescedReads()
  const { ask, endings } = question()
  const all = [reads.ask('a', present(), ask), reads.ask('a', present(), ask)]
  endings[0]?.reject(new Error('no'))
  for (const one of all) await t.rejects(one, { message: 'no' })
  const next = reads.ask('a', present(), ask)
  endings[1]?.resolve(answer)
  t.equal(await next, answer)
})

t.test('who leaves ends nothing for the others; the last one to leave ends the call', async (t) => {
  const reads = new CoalescedReads()
  const { ask, signals, endings } = question()
  const leaving = [new AbortController(), new AbortController()]
  const [first, second] = leaving.map(async ({ signal }) => reads.ask('a', signal, ask))
  const third = reads.ask('a', present(), ask)
  leaving[0]?.abort()
  await t.rejects(first as Promise<unknown>, { code: 'client_closed' })
  t.equal(signals[0]?.aborted, false)
  endings[0]?.resolve(answer)
  t.equal(await second, answer)
  t.equal(await third, answer)
  leaving[1]?.abort() // after its answer

  const last = new AbortController()
  const alone = reads.ask('a', last.signal, ask)
  last.abort(new Error('gone'))
  await t.rejects(alone, { code: 'client_closed' })
  t.equal(signals[1]?.aborted, true)
  const next = reads.ask('a', present(), ask)
  t.equal(signals.length, 3, 'nobody joins a call that was given up')
  endings[1]?.reject(new Error('aborted'))
  endings[2]?.resolve(answer)
  t.equal(await next, answer)
  await t.rejects(reads.ask('a', AbortSignal.abort(), ask), { code: 'client_closed' })
  t.equal(signals.length, 3, 'who is gone already asks nothing')
})

t.test('nobody joins what was asked a second ago or longer: others may have changed the asset meanwhile', async (t) => {
  let nowMs = 0
  const reads = new CoalescedReads(() => nowMs)
  const { ask, endings } = question()
  const first = reads.ask('a', present(), ask)
  nowMs = 999
  const joined = reads.ask('a', present(), ask)
  t.equal(endings.length, 1)
  nowMs = 1_000
  const late = reads.ask('a', present(), ask)
  t.equal(endings.length, 2)
  for (const { resolve } of endings) resolve(answer)
  await Promise.all([first, joined, late])
})

t.test('after a change nobody joins what was asked before it', async (t) => {
  const reads = new CoalescedReads()
  const { ask, endings } = question()
  const before = reads.ask('a', present(), ask)
  reads.separate()
  const after = reads.ask('a', present(), ask)
  t.equal(endings.length, 2)
  endings[0]?.resolve(answer)
  await before
  const joined = reads.ask('a', present(), ask)
  t.equal(endings.length, 2, 'the earlier one took nothing away from the later one')
  endings[1]?.resolve(answer)
  await Promise.all([after, joined])
})
