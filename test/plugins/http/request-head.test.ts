import { connect } from 'node:net'
import fastify from 'fastify'
import t from 'tap'
import errorHandler from '../../../src/plugins/http/error-handler.ts'
import oneHost from '../../../src/plugins/http/request-head.ts'

t.test('400 without a host or with two; HTTP/1.0 may have none', async (t) => {
  const app = fastify({ http: { requireHostHeader: false } })
  t.teardown(() => app.close())
  await app.register(errorHandler, { docs: '/docs/errors' })
  await app.register(oneHost)
  app.get('/', async () => 'fine')
  const { port } = new URL(await app.listen({ port: 0, host: '127.0.0.1' }))
  const send = (version: string, ...headers: string[]): Promise<string> => new Promise((resolve, reject) => {
    const socket = connect(Number(port), '127.0.0.1', () => socket.write([`GET / HTTP/${version}`, ...headers, 'Connection: close', '', ''].join('\r\n')))
    let text = ''
    socket.on('data', (data) => { text += data.toString() })
    socket.on('close', () => resolve(text))
    socket.on('error', reject)
  })
  t.match(await send('1.1', 'Host: a'), /^HTTP\/1\.1 200 [^]*fine/)
  t.match(await send('1.0'), /^HTTP\/1\.[01] 200 /)
  t.match(await send('1.1', 'Host: a', 'HOST: b'), /^HTTP\/1\.1 400 [^]*"pointer":"\/Host","message":"must be given once"/)
  t.match(await send('1.1'), /^HTTP\/1\.1 400 [^]*"message":"is required"/)
})
