import fastify from 'fastify'
import t from 'tap'
import relay from '../../src/plugins/relay.ts'

t.test('an answer is passed on byte by byte, with its status and headers', async (t) => {
  const app = fastify()
  t.teardown(() => app.close())
  await app.register(relay)
  const body = Buffer.from('{ "b": 1,\n "a": 1.0, "n": 12345678901234567890 }')
  app.get('/relayed', async (_request, reply) => reply.relay({ status: 201, headers: { 'x-featureratelimit-limit': '500' }, body }))
  const answer = await app.inject('/relayed')
  t.match(answer, { statusCode: 201, headers: { 'x-featureratelimit-limit': '500', 'content-type': 'application/json; charset=utf-8' } })
  t.equal(answer.body, body.toString())
})
