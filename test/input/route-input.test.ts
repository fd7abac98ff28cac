import { Type } from '@sinclair/typebox'
import fastify, { type FastifyRequest } from 'fastify'
import t from 'tap'
import { absentBodyOf, bodyReader, jsonFieldsOf, mediaTypesOf, onlyReads, placeOf, queryFieldsOf } from '../../src/input/route-input.ts'

type RouteOptions = FastifyRequest['routeOptions']

t.test('methods that only read', async (t) => {
  t.same(['GET', 'HEAD', 'OPTIONS', 'POST', 'PATCH', 'DELETE'].filter(onlyReads), ['GET', 'HEAD', 'OPTIONS'])
})

t.test('what routes take, as their own declarations say', async (t) => {
  // As in the gateway, where objects are judged field by field, a default of the whole is for us.
  const app = fastify({ ajv: { customOptions: { strictSchema: false } } })
  t.teardown(() => app.close())
  const seen = new Map<string, RouteOptions>()
  app.addHook('onRequest', async ({ routeOptions }) => { seen.set(`${routeOptions.url}`, routeOptions) })
  const A = Type.Object({ a: Type.String() })
  const B = Type.Object({ b: Type.Optional(Type.String()) }, { default: {} })
  app.get('/none', async () => 'ok')
  app.get('/query', { schema: { querystring: A } }, async () => 'ok')
  app.post('/json', { schema: { querystring: A, body: B } }, async () => 'ok')
  app.post('/things/*', { schema: { body: A } }, async () => 'ok')
  const content = { 'multipart/form-data': { schema: B }, 'image/png': {} }
  app.post('/files', { config: { requestBody: { content }, alsoTakes: ['text/x'] } }, async () => 'ok')
  app.post(
    '/described',
    { schema: { body: A }, config: { requestBody: { content: { 'application/json': { schema: B } } } } },
    async () => 'ok'
  )
  app.post('/stream', { config: { requestBody: {} } }, async () => 'ok')
  for (
    const [method, url] of [
      ['GET', '/none'],
      ['GET', '/query?a=1'],
      ['POST', '/json?a=1'],
      ['POST', '/things/x'],
      ['POST', '/files'],
      ['POST', '/described'],
      ['POST', '/stream']
    ] as const
  ) {
    await app.inject({ method, url, ...(method === 'POST' && { payload: { a: '1' } }) })
  }
  const of = <T>(read: (route: RouteOptions) => T): Record<string, T> => Object.fromEntries([...seen].map(([url, route]) => [url, read(route)]))
  t.same(of(bodyReader), {
    '/none': 'nobody',
    '/query': 'nobody',
    '/json': 'json',
    '/things/*': 'json',
    '/files': 'handler',
    '/described': 'json',
    '/stream': 'handler'
  })
  t.same(of(mediaTypesOf), {
    '/none': [],
    '/query': [],
    '/json': ['application/json'],
    '/things/*': ['application/json'],
    '/files': [
      'multipart/form-data', 'image/png', 'text/x'
    ],
    '/described': ['application/json'],
    '/stream': []
  })
  const names = (fields: object | undefined): string => Object.keys(fields ?? {}).join()
  t.same(of((route) => `${names(queryFieldsOf(route))};${names(jsonFieldsOf(route))}`), {
    '/none': ';', '/query': 'a;', '/json': 'a;b', '/things/*': ';a', '/files': ';', '/described': ';a', '/stream': ';'
  })
  t.same(of(absentBodyOf), {
    '/none': undefined,
    '/query': undefined,
    '/json': {},
    '/things/*': undefined,
    '/files': undefined,
    '/described': undefined,
    '/stream': undefined
  })
  t.same(of((route) => placeOf('a', route)), {
    '/none': undefined,
    '/query': 'the query',
    '/json': 'the query',
    '/things/*': 'the body',
    '/files': undefined,
    '/described': 'the body',
    '/stream': undefined
  })
  t.same(of((route) => placeOf('b', route)), {
    '/none': undefined,
    '/query': undefined,
    '/json': 'the body',
    '/things/*': undefined,
    '/files': 'the body',
    '/described': 'the body',
    '/stream': undefined
  })
  t.same(of((route) => placeOf('public_id', route)), {
    '/none': undefined,
    '/query': undefined,
    '/json': undefined,
    '/things/*': 'the path',
    '/files': undefined,
    '/described': undefined,
    '/stream': undefined
  })
  t.equal(placeOf('environment', seen.get('/json') as RouteOptions), 'the query or the X-Environment header') // it has been asked for
  t.equal(placeOf('toString', seen.get('/json') as RouteOptions), undefined) // as above
})
