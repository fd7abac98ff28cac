import type { IncomingMessage } from 'node:http'
import { PassThrough } from 'node:stream'
import t from 'tap'
import { boundariesOf, FormWatch, gone } from '../../../src/input/forms/form-watch.ts'

const PART = '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n'

function watched (): { raw: PassThrough, watch: FormWatch } {
  const raw = Object.assign(new PassThrough(), { headers: { 'content-type': 'multipart/form-data; boundary=b' } })
  return { raw, watch: new FormWatch(raw as unknown as IncomingMessage) } // its headers and bytes are all that is read
}

t.test('every boundary that a Content-Type names', async (t) => {
  t.same(boundariesOf('multipart/form-data; boundary=a; BOUNDARY="b c"; charset=utf-8'), ['a', 'b c'])
  t.same(boundariesOf('multipart/form-data; boundary='), [''])
  t.same(boundariesOf(''), [])
})

t.test('a body is whole at its end, and not at its last boundary', async (t) => {
  const { raw, watch } = watched()
  raw.write(`${PART}--b--`)
  raw.pause()
  let isWhole = false
  const whole = watch.whole().then(() => { isWhole = true })
  await new Promise(setImmediate)
  t.equal(isWhole, false)
  raw.end('\r\n')
  await whole
  t.equal(watch.failure, undefined)
  t.equal(watch.bytes, `${PART}--b--\r\n`.length)
  await watch.whole()
})

t.test('a fault is known at once, wherever the body ends', async (t) => {
  const { raw, watch } = watched()
  raw.write(`${PART}--b--${PART}`)
  await watch.whole()
  t.match(watch.failure, { code: 'invalid_multipart', message: /behind its closing boundary/ })
})

t.test('a caller that leaves behind the last boundary has not sent its form', async (t) => {
  const { raw, watch } = watched()
  raw.write(`${PART}--b--`)
  const whole = watch.whole()
  raw.destroy()
  await t.rejects(whole, gone())
  t.match(gone(), { code: 'client_closed' })
})

t.test('a body whose boundary nobody named is at fault with its first byte', async (t) => {
  for (const headers of [{}, { 'content-type': 'multipart/form-data' }]) {
    const raw = Object.assign(new PassThrough(), { headers })
    const watch = new FormWatch(raw as unknown as IncomingMessage) // as above
    raw.end(PART)
    await watch.whole()
    t.match(watch.failure, { code: 'invalid_multipart' })
  }
})
