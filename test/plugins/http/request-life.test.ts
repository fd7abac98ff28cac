import { once } from 'node:events'
import { connect, Socket } from 'node:net'
import fastify from 'fastify'
import t from 'tap'
import requestLife, { closedStatus, owedAnswers } from '../../../src/plugins/http/request-life.ts'

t.test('the signal fires when the caller leaves before the answer, and only then', async (t) => {
  const app = fastify()
  t.teardown(() => app.close())
  await app.register(requestLife)
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

t.test('the end of a request that is queued behind another one of its connection is told too, and once', async (t) => {
  const app = fastify()
  t.teardown(() => app.close())
  await app.register(requestLife)
  const told: string[] = []
  const signals: AbortSignal[] = []
  app.get('/:name', async (request, reply) => {
    const { name } = request.params as { name: string } // by the route's pattern
    request.whenOver(() => told.push(name))
    signals.push(request.callerGone)
    reply.hijack()
  })
  const { port } = new URL(await app.listen({ port: 0, host: '127.0.0.1' }))
  const socket = connect(Number(port), '127.0.0.1', () => socket.write('GET /first HTTP/1.1\r\nHost: x\r\n\r\nGET /second HTTP/1.1\r\nHost: x\r\n\r\n'))
  while (signals.length < 2) await new Promise((resolve) => setImmediate(resolve))
  t.same(told, [])
  socket.destroy()
  while (told.length < 2) await new Promise((resolve) => setImmediate(resolve))
  t.same(told.sort(), ['first', 'second'])
  t.same(signals.map(({ aborted }) => aborted), [true, true])
})

t.test('what is asked for after the end is done at once', async (t) => {
  const app = fastify()
  t.teardown(() => app.close())
  app.addHook('onRequest', async (request) => {
    if (request.headers['x-gone'] === undefined) return
    request.raw.socket.destroy()
  })
  await app.register(requestLife)
  const late: string[] = []
  app.get('/', async (request, reply) => {
    request.whenOver(() => late.push('gone'))
    reply.hijack()
  })
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  await t.rejects(fetch(url, { headers: { 'x-gone': '1' } }))
  t.same(late, ['gone'])
})

t.test('what is done at the end is done once, however often the end is told', async (t) => {
  const app = fastify()
  await app.register(requestLife)
  let done = 0
  app.get('/', (request, reply) => {
    request.whenOver(() => { done++ })
    reply.raw.once('close', () => reply.raw.emit('close'))
    reply.send('answered')
  })
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  await (await fetch(url)).text()
  await app.close()
  t.equal(done, 1)
})

t.test('the answers that a connection owes, in their order', async (t) => {
  const app = fastify()
  t.teardown(() => app.close())
  await app.register(requestLife)
  const owed: string[][] = []
  const tell = (socket: Socket): void => { owed.push(owedAnswers(socket).map(({ req }) => req.url ?? '')) }
  let answerFirst = (): void => {}
  app.get('/first', async () => new Promise((resolve) => { answerFirst = () => { resolve('one') } }))
  app.get('/second', async (request) => {
    tell(request.raw.socket)
    request.raw.socket.once('close', () => { tell(request.raw.socket) })
    answerFirst()
    return 'two'
  })
  const { port } = new URL(await app.listen({ host: '127.0.0.1', port: 0 }))
  const socket = connect(Number(port), '127.0.0.1', () => { socket.write('GET /first HTTP/1.1\r\nHost: a\r\n\r\nGET /second HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n') })
  socket.resume()
  await once(socket, 'close')
  while (owed.length < 2) await new Promise((resolve) => { setImmediate(resolve) })
  t.same(owed, [['/first', '/second'], []])
  t.same(owedAnswers(new Socket()), [], 'one that asked for nothing')
})
