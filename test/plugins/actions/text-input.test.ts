import { Type } from '@sinclair/typebox'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import fastify from 'fastify'
import t from 'tap'
import textInput from '../../../src/plugins/actions/text-input.ts'

t.test('lists and maps given as text are read before validation, in the query and in JSON bodies', async (t) => {
  const app = fastify()
  t.teardown(() => app.close())
  await app.register(textInput)
  const Fields = Type.Object({ tags: Type.Optional(Type.Array(Type.String())), n: Type.Optional(Type.Integer()) })
  app.post('/fields', { schema: { querystring: Fields, body: Fields } }, async ({ query, body }) => ({ query, body }))
  app.post('/plain', async ({ query, body }) => ({ query, body }))
  const read = await app.inject({ method: 'POST', url: '/fields?tags=a,b&n=4', payload: { tags: 'c,d', n: 5 } })
  t.same(read.json(), { query: { tags: ['a', 'b'], n: 4 }, body: { tags: ['c', 'd'], n: 5 } })
  t.same((await app.inject({ method: 'POST', url: '/fields', payload: { tags: ['x'] } })).json(), { query: {}, body: { tags: ['x'] } })
  t.match(await app.inject({ method: 'POST', url: '/fields', payload: '[1]', headers: { 'content-type': 'application/json' } }), { statusCode: 400 })
  t.same((await app.inject({ method: 'POST', url: '/plain?tags=a,b', payload: { tags: 'a,b' } })).json(), { query: { tags: 'a,b' }, body: { tags: 'a,b' } })
})

t.test('an empty body is no body, even when Content-Type says that it is JSON: many clients always say so', async (t) => {
  const app = fastify()
  t.teardown(() => app.close())
  await app.register(textInput)
  app.delete('/things', async ({ body }) => ({ body: body ?? 'none' }))
  app.post('/things', { schema: { body: Type.Object({}) } }, async ({ body }) => ({ body }))
  const send = (method: 'DELETE' | 'POST', payload: string) => app.inject({ method, url: '/things', payload, headers: { 'content-type': 'application/json' } })
  t.same((await send('DELETE', '')).json(), { body: 'none' })
  t.same((await send('POST', '{}')).json(), { body: {} })
  t.match(await send('POST', ''), { statusCode: 400 }, 'where one is needed, the schema says so')
  t.match((await send('POST', '{"a":')).json(), { code: 'FST_ERR_CTP_INVALID_JSON_BODY' })
  t.match((await send('POST', '{"__proto__":{}}')).json(), { statusCode: 400 })
})

t.test('a handler that reads its body by itself has the same JSON', async (t) => {
  const app = fastify()
  t.teardown(() => app.close())
  await app.register(textInput)
  app.addContentTypeParser('text/x', { parseAs: 'buffer' }, async (_request: unknown, body: Buffer) => body)
  app.post('/things', async (request) => ({ read: await request.parseJson(request.body as Buffer) ?? 'nothing' })) // the parser above makes one
  const send = async (payload: string) => (await app.inject({ method: 'POST', url: '/things', payload, headers: { 'content-type': 'text/x' } })).json<Record<string, unknown>>()
  t.same(await send('\ufeff{"a":[1]}'), { read: { a: [1] } })
  t.same(await send(''), { read: 'nothing' })
  t.match(await send('{"a":'), { code: 'FST_ERR_CTP_INVALID_JSON_BODY' })
  t.match(await send('{"a":1,"a":2}'), { statusCode: 400, message: /\/a: is given twice/ })
})

t.test('a body that was left out is the default of its schema, and each request has its own', async (t) => {
  const app = fastify({ ajv: { customOptions: { strictSchema: false } } }).withTypeProvider<TypeBoxTypeProvider>()
  t.teardown(() => app.close())
  await app.register(textInput)
  const body = Type.Object({ n: Type.Optional(Type.Integer()), list: Type.Optional(Type.Array(Type.Integer())) }, { default: { list: [] } })
  app.post('/things', { schema: { body } }, async (request) => {
    request.body.list?.push(1)
    return request.body
  })
  const send = async (payload?: object) => (await app.inject({ method: 'POST', url: '/things', ...(payload && { payload }) })).json<unknown>()
  t.same(await send(), { list: [1] })
  t.same(await send(), { list: [1] })
  t.same(await send({ n: 1 }), { n: 1 })
})

t.test('400 for JSON that would quietly become something else, with a pointer; a byte order mark says nothing', async (t) => {
  const app = fastify()
  t.teardown(() => app.close())
  await app.register(textInput)
  app.post('/things', async ({ body }) => ({ body }))
  const send = (payload: string | Buffer) => app.inject({ method: 'POST', url: '/things', payload, headers: { 'content-type': 'application/json' } })
  for (const [payload, pointer] of [
    ['{"a":{"b":1,"b":2}}', '/a/b'], ['{"a":1,"\\u0061":1}', '/a'], ['{"a":1e999}', '/a'], ['{"a":"\\udc00"}', '/a'], [Buffer.from('7b2261223a22ff227d', 'hex'), '/a']
  ] as const) t.match(await send(payload), { statusCode: 400, body: new RegExp(`${pointer}: `) }, String(payload))
  t.same((await send('\ufeff{"a":"ä"}')).json(), { body: { a: 'ä' } })
  t.same((await send('"\\ud83d\\ude00"')).json(), { body: '😀' })
})
