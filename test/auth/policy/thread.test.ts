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

t.test('calls it here when a thread cannot read the module', async (t) => {
  const unreadable = `data:text/javascript,${encodeURIComponent(`
    import { isMainThread } from 'node:worker_threads'
    if (!isMainThread) throw Object.assign(new Error('.ts?'), { code: 'ERR_UNKNOWN_FILE_EXTENSION' })
    export const double = (number) => 2 * number
  `)}`
  t.equal(await inThread({ module: unreadable, name: 'double', given: [21] }, never), 42)
})

t.test('ends what does not end by itself: when time is up, and when nobody wants it any more', async (t) => {
  await t.rejects(inThread({ module, name: 'hang', given: [] }, never, 50), {
    message: 'it took longer than 50 ms'
  })
  const closing = new AbortController()
  const hanging = inThread({ module, name: 'hang', given: [] }, closing.signal)
  closing.abort(new Error('closed'))
  await t.rejects(hanging, { message: 'closed' })
  await t.rejects(inThread({ module, name: 'where', given: [] }, closing.signal), { message: 'closed' })
})
