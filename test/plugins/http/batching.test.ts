import fastify from 'fastify'
import t, { type Test } from 'tap'
import batching from '../../../src/plugins/http/batching.ts'
import { answerClientError } from '../../../src/plugins/http/client-errors.ts'
import requestLife from '../../../src/plugins/http/request-life.ts'
import { talk } from '../../support/talk.ts'

const GET = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n${more}\r\n`
const LAST = 'Connection: close\r\n'

/** A server that writes down what happens to requests, and in which order. */
async function start (t: Test) {
  const app = fastify({ clientErrorHandler: answerClientError('/docs/errors') })
  t.teardown(() => app.close())
  const seen: string[] = []
  await app.register(batching)
  await app.register(requestLife)
  app.server.prependListener('request', ({ url }) => { seen.push(`${url} read`) })
  app.addHook('onRequest', (request, _reply, done) => {
    seen.push(`${request.url} handled`)
    done()
  })
  app.post('/body', ({ raw }, reply) => { reply.send({ complete: raw.complete }) })
  app.get('/*', ({ url }, reply) => {
    seen.push(`${url} answered`)
    reply.send(url)
  })
  return { url: await app.listen({ port: 0, host: '127.0.0.1' }), seen }
}

t.test('the first request of a turn is handled at once, the others once all have been read, in their order', async (t) => {
  const { url, seen } = await start(t)
  t.match(await talk(url, GET('/1') + GET('/2') + GET('/3', LAST)), /\/1HTTP[^]*\/2HTTP[^]*\/3$/)
  t.same(seen, [
    '/1 read', '/1 handled', '/1 answered',
    '/2 read', '/3 read',
    '/2 handled', '/2 answered', '/3 handled', '/3 answered'
  ])
})

t.test('a body that came with its head is complete when a request that waited is handled', async (t) => {
  const { url } = await start(t)
  const answer = await talk(url, `${GET('/1')}POST /body HTTP/1.1\r\nHost: x\r\n${LAST}Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}`)
  t.match(answer, /\{"complete":true\}$/)
})

t.test('what cannot be parsed does not overtake a request that waits', async (t) => {
  const { url, seen } = await start(t)
  const answer = await talk(url, `${GET('/1')}${GET('/2')}no http at all\r\n\r\n`)
  t.match(answer, /^HTTP\/1\.1 200 [^]*\r\n\r\n\/1HTTP\/1\.1 200 [^]*\r\n\r\n\/2$/, 'both answers, whole, and the end of the connection')
  t.same(seen, ['/1 read', '/1 handled', '/1 answered', '/2 read', '/2 handled', '/2 answered'])
})
