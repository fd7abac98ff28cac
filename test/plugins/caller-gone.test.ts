import { once } from 'node:events'
import { connect } from 'node:net'
import fastify from 'fastify'
import t from 'tap'
import callerGone from '../../src/plugins/caller-gone.ts'

t.test('the signal fires when the caller leaves before the answer, and only then', async (t) => {
  const app = fastify()
  t.teardown(() => app.close())
  await app.register(callerGone)
  const signals: AbortSignal[] = []
  const arrived = new EventTarget()
  app.post('/waits', async (request) => {
    signals.push(request.callerGone)
    arrived.dispatchEvent(new Event('one'))
    await once(request.callerGone, 'abort')
    return 'too late'
  })
  app.post('/answers', async (request) => {
    signals.push(request.callerGone)
    return { body: request.body, aborted: request.callerGone.aborted }
  })
  const url = await app.listen({ port: 0, host: '127.0.0.1' })

  const answered = await fetch(`${url}/answers`, { method: 'POST', body: 'whole body read' })
  t.same(await answered.json(), { body: 'whole body read', aborted: false })

  const came = once(arrived, 'one')
  const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write('POST /waits HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n'))
  await came
  const [, waiting] = signals
  const gone = once(waiting ?? t.context, 'abort')
  socket.destroy()
  await gone
  t.equal(waiting?.aborted, true)
  t.equal(signals[0]?.aborted, false, 'an answered request was never aborted')
})
