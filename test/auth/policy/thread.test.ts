import t from 'tap'
import { inThread } from '../../../src/auth/policy/thread.ts'

const module = `data:text/javascript,${encodeURIComponent(`
import { threadId } from 'node:worker_threads'
export const where = (...given) => ({ threadId, given })
export const fail = () => { throw new RangeError('not like this') }
export const hang = () => { for (;;); }
`)}`
const never = new AbortController().signal

t.test('calls a function elsewhere, and returns what it returns', async (t) => {
  const answer = await inThread({ module, name: 'where', given: ['a', { b: [1] }] }, never)
  t.match(answer, { threadId: Number, given: ['a', { b: [1] }] })
  t.not((answer as { threadId: number }).threadId, 0) // checked just before
})

t.test('fails as the function does, and when there is none', async (t) => {
  await t.rejects(inThread({ module, name: 'fail', given: [] }, never), { message: 'not like this' })
  await t.rejects(inThread({ module, name: 'nothing', given: [] }, never), TypeError)
})

t.test('ends what does not end by itself: when time is up, and when nobody wants it any more', async (t) => {
  await t.rejects(inThread({ module, name: 'hang', given: [] }, never, 50), { message: 'it took longer than 50 ms' })
  const closing = new AbortController()
  const hanging = inThread({ module, name: 'hang', given: [] }, closing.signal)
  closing.abort(new Error('closed'))
  await t.rejects(hanging, { message: 'closed' })
  await t.rejects(inThread({ module, name: 'where', given: [] }, closing.signal), { message: 'closed' })
})
