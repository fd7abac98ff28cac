import { once } from 'node:events'
import { connect } from 'node:net'
import fastify from 'fastify'
import t from 'tap'
import callerGone, { closedStatus } from '../../src/plugins/caller-gone.ts'

t.test('the signal fires when the caller leaves before the answer, and only then', async (t) => {
  const app = fastify()
  t.teardown(() => app.close())
  await app.register(callerGone)
  const signals: AbortSignal[] = []
  const statuses: number[] = []
  const arrived = new EventTarget()
  app.post('/waits', async (request) => {
    signals.push(request.callerGone)
    arrived.dispatchEvent(new Event('one'))
    await once(request.callerGone, 'abort')
    return 'too late'
  })
  const asked = new EventTarget()
  app.post('/asks-late', async (request, reply) => {
    asked.dispatchEvent(new Event('one'))
    await new Promise((resolve) => reply.raw.once('close', resolve))
    statuses.push(closedStatus(reply))
    signals.push(request.callerGone)
    return 'too late'
  })
  app.get('/asks-afterwards', (request, reply) => {
    reply.raw.once('close', () => {
      statuses.push(closedStatus(reply))
      signals.push(request.callerGone)
    })
    reply.send('answered')
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

  const askedLate = once(asked, 'one')
  const other = connect(Number(new URL(url).port), '127.0.0.1', () => other.write('POST /asks-late HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n'))
  await askedLate
  other.destroy()
  while (signals.length < 3) await new Promise((resolve) => setImmediate(resolve))
  t.equal(signals[2]?.aborted, true, 'who asks after the caller has left is told at once')

  t.equal(await (await fetch(`${url}/asks-afterwards`)).text(), 'answered')
  while (signals.length < 4) await new Promise((resolve) => setImmediate(resolve))
  t.equal(signals[3]?.aborted, false, 'and who asks after the answer, that it was taken')
  t.same(statuses, [499, 200])
})
