import fastify from 'fastify'
import t from 'tap'
import relay from '../../../src/plugins/actions/relay.ts'

t.test('an answer is passed on byte by byte, with its status and headers', async (t) => {
  const app = fastify()
  t.teardown(() => app.close())
  await app.register(relay)
  const body = Buffer.from('{ "b": 1,\n "a": 1.0, "n": 12345678901234567890 }')
  app.get('/plain', async (_request, reply) => reply.relay({ status: 200, headers: {}, body }))
  app.get('/relayed', async (_request, reply) => reply.relay({ status: 201, headers: { 'x-featureratelimit-limit': '500', 'x-request-id': 'theirs' }, body }))
  const answer = await app.inject('/relayed')
  t.match(answer, { statusCode: 201, headers: { 'x-featureratelimit-limit': '500', 'x-upstream-request-id': 'theirs', 'content-type': 'application/json; charset=utf-8' } })
  t.equal(answer.body, body.toString())
  t.equal((await app.inject('/plain')).body, body.toString())
  t.notOk(answer.headers['x-request-id'], 'their id does not take the place of ours')
})
