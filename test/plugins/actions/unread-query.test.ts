import { Type } from '@sinclair/typebox'
import fastify from 'fastify'
import t from 'tap'
import unreadQuery from '../../../src/plugins/actions/unread-query.ts'
import { startGateway } from '../../support/gateway.ts'

t.test('a route that says nothing about its query has a closed one; one that does keeps its own', async (t) => {
  const app = fastify({ ajv: { customOptions: { removeAdditional: false } } })
  t.teardown(() => app.close())
  app.get('/outside', async () => 'ok')
  await app.register(async (scope) => {
    await scope.register(unreadQuery)
    scope.get('/plain', async () => 'ok')
    scope.post('/body', { schema: { body: Type.Object({}) } }, async () => 'ok')
    scope.get('/own', { schema: { querystring: Type.Object({ a: Type.String() }, { additionalProperties: false }) } }, async () => 'ok')
  })
  const status = async (url: string, method: 'GET' | 'HEAD' | 'POST' = 'GET') => (await app.inject({ method, url, ...(method === 'POST' && { payload: {} }) })).statusCode
  for (const [url, method] of [['/plain'], ['/plain', 'HEAD'], ['/body', 'POST']] as const) {
    t.equal(await status(url, method), 200, url)
    t.equal(await status(`${url}?`, method), 200)
    t.equal(await status(`${url}?a=1`, method), 400)
    t.equal(await status(`${url}?a`, method), 400)
  }
  t.same([await status('/own?a=1'), await status('/own?a=1&b=2'), await status('/own')], [200, 400, 400])
  t.equal(await status('/outside?a=1'), 200)
})

t.test('the whole gateway: pages and probes take what is appended for caches, everything else is closed', async (t) => {
  const { app } = await startGateway(t)
  for (const url of ['/healthz', '/readyz', '/docs/', '/docs/errors', '/openapi.json', '/postman.json']) t.equal((await app.inject(`${url}?_=1`)).statusCode, 200, url)
  t.match((await app.inject('/environments?_=1')).json(), { status: 400, errors: [{ pointer: '/_' }] })
  t.equal((await app.inject('/environments')).statusCode, 200)
  t.match((await app.inject({ method: 'POST', url: '/url?width=300', payload: { public_id: 'a' } })).json(), { status: 400, errors: [{ pointer: '/width', message: /^is not a field of this action/ }] })
  t.equal((await app.inject({ method: 'POST', url: '/url?environment=production', payload: { public_id: 'a' } })).statusCode, 200)
})
