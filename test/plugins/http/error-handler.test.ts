import { connect } from 'node:net'
import fastify from 'fastify'
import { pino } from 'pino'
import t, { type Test } from 'tap'
import { serializeError } from '../../../src/commands/log/serialize-error.ts'
import { GatewayError } from '../../../src/errors.ts'
import errorHandler, { problemDocument } from '../../../src/plugins/http/error-handler.ts'

async function start (t: Test) {
  const app = fastify()
  await app.register(errorHandler, { docs: '/docs/errors' })
  app.get('/fails', async () => { throw new GatewayError('rate_limited', 'Slow down.', { headers: { 'retry-after': '7' }, upstream: { status: 420, message: 'x' }, members: { found_under: ['y'] } }) })
  app.get('/breaks', async (_request, reply) => {
    reply.header('content-length', '3').header('etag', '"x"')
    throw new Error('TOPSECRET inside')
  })
  app.get('/things/:id', async () => 'thing')
  app.delete('/things/:id', async () => 'gone')
  app.register(async (pages) => { pages.get('/', async () => 'page') }, { prefix: '/pages' })
  app.get('/files/*', async ({ url }, reply) => url.endsWith('/absent') ? reply.callNotFound() : 'file')
  app.route({ method: ['PUT', 'PATCH'], url: '/a.b', handler: async () => 'ok' })
  app.addHook('onRequest', async ({ url }) => { if (url === '/refused') throw new GatewayError('unauthorized', 'No key.') })
  app.post('/refused', async () => 'never')
  t.teardown(() => app.close())
  return app
}

t.test('a GatewayError becomes its problem document, with its headers and nothing cached', async (t) => {
  const app = await start(t)
  const answer = await app.inject({ url: '/fails?signature=abc', headers: { 'x-request-id': 'r' } })
  t.match(answer, { statusCode: 429, headers: { 'content-type': 'application/problem+json', 'retry-after': '7', 'cache-control': 'no-store' } })
  t.match(answer.json(), {
    type: '/docs/errors/rate_limited',
    title: 'Too many requests',
    status: 429,
    code: 'rate_limited',
    detail: 'Slow down.',
    instance: '/fails',
    retryable: true,
    upstream: { status: 420, message: 'x' },
    found_under: ['y']
  })
  t.notOk('errors' in answer.json())
})

t.test('the id of a request is in its header too, also where no hook has run', async (t) => {
  const app = await start(t)
  const answer = await app.inject('/nowhere')
  t.equal(answer.headers['x-request-id'], answer.json().request_id)
})

t.test('500 internal: what broke stays inside, and so do the headers of the answer that was meant', async (t) => {
  const app = await start(t)
  const answer = await app.inject('/breaks')
  t.match(answer.json(), { status: 500, code: 'internal', retryable: false })
  t.notMatch(answer.body, /TOPSECRET/)
  t.notOk(answer.headers.etag)
})

t.test('the log has the stack of what broke here, and of a caller\'s mistake its type, message and code alone', async (t) => {
  const lines: string[] = []
  for (const serializers of [{ err: serializeError }, {}]) {
    lines.length = 0
    const app = fastify({ loggerInstance: pino({ serializers }, { write: (line: string) => { lines.push(line) } }) })
    t.teardown(() => app.close())
    await app.register(errorHandler, { docs: '/docs/errors' })
    app.post('/things', async () => 'thing')
    app.get('/mistake', async () => { throw new GatewayError('forbidden', 'No.', { cause: new TypeError('inside', { cause: new Error('deeper') }) }) })
    app.get('/word', async () => { throw new GatewayError('forbidden', 'No.', { cause: 'a word' }) })
    app.get('/breaks', async () => { throw new TypeError('inside') })
    const logged = async (url: string, payload?: string): Promise<Record<string, unknown>> => {
      await app.inject(payload === undefined ? { url } : { method: 'POST', url, payload, headers: { 'content-type': 'application/json' } })
      const told = lines.map((line) => JSON.parse(line) as Record<string, unknown>).filter(({ code }) => code !== undefined) // lines of the error handler
      lines.length = 0
      return told[0] ?? {}
    }
    const json = await logged('/things', '{"a":')
    t.match(json, { level: 30, code: 'invalid_request', err: { type: /Error$/, message: String, code: 'FST_ERR_CTP_INVALID_JSON_BODY' } })
    t.notMatch(JSON.stringify(json), / at |node_modules/)
    const mistake = await logged('/mistake')
    t.match(mistake, { level: 30, code: 'forbidden', err: { type: 'TypeError', message: 'inside' } })
    t.notMatch(JSON.stringify(mistake), / at |deeper/)
    t.match(await logged('/word'), { level: 30, code: 'forbidden', msg: 'No.' })
    t.match(await logged('/breaks'), { level: 50, code: 'internal', err: { type: 'TypeError', message: 'inside', stack: /error-handler\.test/ } })
  }
})

t.test('404 for an unknown path, 405 with Allow for a known path and a wrong method', async (t) => {
  const app = await start(t)
  t.match((await app.inject('/nowhere?x=1')).json(), { status: 404, code: 'route_not_found', detail: 'There is no route GET /nowhere.' })
  const wrong = await app.inject({ method: 'PUT', url: '/things/7' })
  t.match(wrong, { statusCode: 405, headers: { allow: 'DELETE, GET, HEAD' } })
  t.match(wrong.json(), { code: 'method_not_allowed' })
  t.match(await app.inject({ method: 'POST', url: '/files/a/b/c' }), { statusCode: 405, headers: { allow: 'GET, HEAD' } })
  t.match((await app.inject('/files/absent')).json(), { status: 404, code: 'route_not_found' }, 'a route that finds nothing: its method was right')
  t.match(await app.inject({ url: '/a.b' }), { statusCode: 405, headers: { allow: 'PATCH, PUT' } })
  for (const url of ['/pages', '/pages/']) t.match(await app.inject({ method: 'POST', url }), { statusCode: 405, headers: { allow: 'GET, HEAD' } })
  t.match(await app.inject({ url: '/aXb' }), { statusCode: 404 })
})

t.test('415 names what the route takes: its JSON body, or what its part of the document lists', async (t) => {
  const app = await start(t)
  app.post('/json', { schema: { body: { type: 'object' } } }, async () => 'ok')
  app.route({ method: 'POST', url: '/form', config: { requestBody: { content: { 'multipart/form-data': {}, 'text/csv': {} } } }, handler: async () => 'ok' })
  const told = async (url: string) => (await app.inject({ method: 'POST', url, payload: 'x', headers: { 'content-type': 'image/png' } }))
  t.match(await told('/json'), { statusCode: 415, headers: { accept: 'application/json' } })
  t.match((await told('/form')).json(), { code: 'unsupported_media_type', detail: 'This route takes multipart/form-data, text/csv, named in Content-Type.' })
})

t.test('400 for a field in the wrong place says where it belongs', async (t) => {
  const app = fastify({ ajv: { customOptions: { removeAdditional: false } } })
  t.teardown(() => app.close())
  await app.register(errorHandler, { docs: '/docs/errors' })
  const closed = { type: 'object', additionalProperties: false }
  app.post('/things', { schema: { querystring: closed, body: { ...closed, properties: { tags: {} } } } }, async () => 'ok')
  const told = await app.inject({ method: 'POST', url: '/things?tags=a&tag=b', payload: {} })
  t.match(told.json(), { status: 400, errors: [{ pointer: '/tags', message: 'belongs in the body' }] })
})

t.test('403 for a preflight that nobody has answered: its method is not to blame', async (t) => {
  const app = await start(t)
  const headers = { origin: 'https://a.example', 'access-control-request-method': 'GET' }
  t.match((await app.inject({ method: 'OPTIONS', url: '/things/7', headers })).json(), { status: 403, code: 'origin_not_allowed' })
})

t.test('an answer given before the body was read closes the connection, so that the rest is not swallowed', async (t) => {
  const app = await start(t)
  const { port } = new URL(await app.listen({ port: 0, host: '127.0.0.1' }))
  const announce = (head: string): Promise<string> => new Promise((resolve, reject) => {
    const socket = connect(Number(port), '127.0.0.1', () => socket.write(`POST /refused HTTP/1.1\r\nHost: x\r\n${head}\r\n\r\n`))
    let text = ''
    socket.on('data', (data) => { text += data.toString() })
    socket.on('close', () => resolve(text)) // the server closes: nobody sent the body
    socket.on('error', reject)
  })
  t.match(await announce('Content-Length: 300000000'), /^HTTP\/1\.1 401 [^]*connection: close[^]*"code":"unauthorized"/i)
  t.match(await announce('Transfer-Encoding: chunked'), /^HTTP\/1\.1 401 [^]*connection: close/i)
  const whole = await app.inject({ method: 'POST', url: '/refused', payload: '' })
  t.not(whole.headers.connection, 'close')
})

t.test('a problem document leaves out what does not apply', async (t) => {
  const document = problemDocument(new GatewayError('not_found', 'gone', { errors: [{ pointer: '/a', message: 'b' }] }), '/e', '/p', 'r')
  t.same(Object.keys(document), ['type', 'title', 'status', 'code', 'detail', 'advice', 'instance', 'request_id', 'retryable', 'errors'])
})

t.test('a problem inside an answer says what a header would say, and a fault of our own is logged', async (t) => {
  const lines: string[] = []
  const app = fastify({
    logger: { level: 'error', stream: { write: (line: string) => { lines.push(line) } } }
  })
  t.teardown(() => app.close())
  await app.register(errorHandler, { docs: '/docs/errors' })
  app.get('/several', async (request) => [
    new GatewayError('rate_limited', 'Slow down.', { headers: { 'retry-after': '7' } }),
    new GatewayError('forbidden', 'No.', { errors: [{ pointer: '/files/1', message: 'is not yours' }] }),
    new Error('TOPSECRET inside')
  ].map((error) => request.problemOf(error)))
  const answer = await app.inject({ url: '/several?signature=abc' })
  t.match(answer.json(), [
    {
      type: '/docs/errors/rate_limited',
      status: 429,
      code: 'rate_limited',
      retry_after: 7,
      instance: '/several',
      request_id: String
    },
    { status: 403, errors: [{ pointer: '/files/1' }] },
    { status: 500, code: 'internal' }
  ])
  t.notOk('retry_after' in answer.json()[1])
  t.notMatch(answer.body, /TOPSECRET|abc/)
  t.equal(lines.length, 1)
  t.match(lines[0], /TOPSECRET inside/)
})
