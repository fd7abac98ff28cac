import { connect } from 'node:net'
import fastify from 'fastify'
import t from 'tap'
import { answerClientError } from '../../../src/plugins/http/client-errors.ts'
import errorHandler from '../../../src/plugins/http/error-handler.ts'
import headerNames from '../../../src/plugins/http/header-names.ts'

t.test('400 for header names with a blank, and the connection ends', async (t) => {
  let asked = 0
  const app = fastify({ clientErrorHandler: answerClientError('/docs/errors') })
  t.teardown(() => app.close())
  await app.register(errorHandler, { docs: '/docs/errors' })
  await app.register(headerNames)
  app.post('/', async () => { asked++ })
  const { port } = new URL(await app.listen({ port: 0, host: '127.0.0.1' }))
  // Newer Nodes refuse these by themselves; what counts is that it is done.
  for (const header of ['Content-Length : 40', 'Transfer-Encoding : chunked', 'X Y: z', 'X-Tab\t: z']) {
    const text = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(port), '127.0.0.1', () => socket.write(`POST / HTTP/1.1\r\nHost: a\r\n${header}\r\n\r\nPOST / HTTP/1.1\r\nHost: a\r\n\r\n`))
      let text = ''
      socket.on('data', (data) => { text += data.toString() }).on('close', () => resolve(text)).on('error', reject)
    })
    t.match(text, /^HTTP\/1\.1 400 [^]*"code":"invalid_request"/, header)
    t.equal(text.match(/^HTTP\/1\.1 /gm)?.length, 1, 'and nothing after it is taken for a request')
  }
  // As an older parser would hand it on.
  const answer = await app.inject({ method: 'POST', url: '/', headers: { 'content-length ': '40' } })
  t.match(answer, { statusCode: 400, headers: { connection: 'close' }, body: /name holds a blank/ })
  t.equal(asked, 0)
  t.equal((await app.inject({ method: 'POST', url: '/', headers: { 'x-plain': 'a b' } })).statusCode, 200)
})
