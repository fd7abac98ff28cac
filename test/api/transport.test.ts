import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { text as textOf } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { GatewayTransport } from '../../src/api/transport.ts'

const LIST = { method: 'get', path: '/resources' } as const
const DELETE = { method: 'delete', path: '/resources/{public_id}', pathNames: { public_id: 'a/b' } } as const
const OVERLOADED = JSON.stringify({ code: 'overloaded', detail: 'Full.', retryable: true })

type AnswerWith = (response: ServerResponse, request: IncomingMessage) => void

/** A server that answers as it is told, one answer after the other, and remembers what it was asked. */
async function serverOf (t: Test, ...answers: AnswerWith[]) {
  const asked: IncomingMessage[] = []
  const server = createServer((request, response) => {
    asked.push(request)
    answers[Math.min(asked.length, answers.length) - 1]?.(response, request)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => { server.closeAllConnections(); server.close() })
  const { port } = server.address() as AddressInfo // it listens on a port
  return { url: `http://127.0.0.1:${port}`, asked }
}
const json = (status: number, text: string): AnswerWith => (response) => {
  response.writeHead(status).end(text)
}

t.test('GatewayTransport', async (t) => {
  t.test('refuses a URL or a key that it cannot use, and repeats neither', async (t) => {
    const urls = [
      '', 'localhost:8080', 'ftp://x', 'http://user:pass@x', 'http://x/?key=pass', 'http://x/#pass', '/pass'
    ]
    for (const url of urls) {
      const message = /^The URL of the gateway must be like http:\/\/127\.0\.0\.1:8080, without credentials\.$/
      t.throws(() => new GatewayTransport({ url }), { name: 'TypeError', message })
    }
    for (const key of ['', 'a\nb', 'clé', 'a b']) {
      t.throws(() => new GatewayTransport({ url: 'http://x', key }), { message: /visible ASCII/ })
    }
  })

  t.test('takes no success for one that is not the gateway\'s', async (t) => {
    const request = { ...LIST, answers: ['resources', 'partial'] }
    for (
      const answer of [
        json(200, '{"login":true}'), json(200, 'null'), json(200, '7'), json(200, ''), json(204, '')
      ]
    ) {
      const { url, asked } = await serverOf(t, answer)
      await t.rejects(
        new GatewayTransport({ url }).ask(request, {}),
        { name: 'GatewayProblem', code: 'unexpected_answer', message: /is not the gateway's/ }
      )
      t.equal(asked.length, 1)
    }
    const { url } = await serverOf(t, json(200, '{"partial":1}'))
    t.same(await new GatewayTransport({ url }).ask(request, {}), { partial: 1 })
  })

  t.test('blames nobody for what it cannot send', async (t) => {
    const { url, asked } = await serverOf(t, json(200, '{}'))
    const gateway = new GatewayTransport({ url })
    await t.rejects(gateway.ask(LIST, { environment: 'a\nb' }), { name: 'TypeError', message: /header/ })
    await t.rejects(gateway.ask(LIST, { environment: 'é\u0100' }), { name: 'TypeError' })
    t.same(asked, [])
  })

  t.test('throws what was wrong with the source, and sends it once', async (t) => {
    const { url, asked } = await serverOf(t, () => {})
    const error = new Error('The disk is broken.')
    const form = () => ({
      body: (async function * () { throw error })(),
      failure: () => ({ error })
    })
    const upload = { method: 'post', path: '/upload', form } as const
    t.equal(await new GatewayTransport({ url }).ask(upload, {}).catch((thrown: unknown) => thrown), error)
    t.ok(asked.length <= 1)
  })

  t.test('sends key, environment and query, below a prefix', async (t) => {
    const { url, asked } = await serverOf(t, json(200, '{"resources":[]}'))
    const query = { public_ids: ['a,b', 'c'], tags: true, prefix: undefined }
    const transport = new GatewayTransport({ url: `${url}/media/`, key: 'k1', environment: 'staging' })
    t.same(
      await transport.ask({ ...LIST, query }, {}),
      { resources: [] }
    )
    await transport.tell(DELETE, { environment: 'editor', timeoutMs: Infinity })
    t.equal(asked[0]?.url, `/media/resources?public_ids=${encodeURIComponent('["a,b","c"]')}&tags=true`)
    t.match(asked[0]?.headers, { authorization: 'Bearer k1', 'x-environment': 'staging' })
    t.match(
      asked[1],
      { method: 'DELETE', url: '/media/resources/a%2Fb', headers: { 'x-environment': 'editor' } }
    )
    const { url: bare, asked: plainly } = await serverOf(t, json(200, '{}'))
    await new GatewayTransport({ url: bare }).ask(LIST, {})
    t.notMatch(Object.keys(plainly[0]?.headers ?? {}).join(), /authorization|x-environment/)
  })

  t.test('builds a form for each attempt', async (t) => {
    const bodies: string[] = []
    const answer = (status: number) => (response: ServerResponse, request: IncomingMessage): void => {
      textOf(request).then((text) => {
        bodies.push(text)
        response.writeHead(status).end(status === 200 ? '{}' : OVERLOADED)
      }, t.fail)
    }
    const { url, asked } = await serverOf(t, answer(503), answer(200))
    let count = 0
    const form = () => ({ body: `form ${++count}`, headers: { 'content-type': 'text/x-form' } })
    const headers = { 'idempotency-key': 'k' }
    await new GatewayTransport({ url }).ask({ method: 'post', path: '/upload', form, headers }, {})
    t.same(bodies, ['form 1', 'form 2'])
    t.match(asked[1]?.headers, { 'content-type': 'text/x-form', 'idempotency-key': 'k' })
  })

  t.test('asks again, and tells once', async (t) => {
    const { url, asked } = await serverOf(t, json(503, OVERLOADED), json(200, '{"resources":[]}'))
    const transport = new GatewayTransport({ url })
    t.same(await transport.ask(LIST, {}), { resources: [] })
    t.equal(asked.length, 2)
    const full = await serverOf(t, json(503, OVERLOADED))
    await t.rejects(
      new GatewayTransport({ url: full.url }).tell(DELETE, {}),
      { name: 'GatewayProblem', code: 'overloaded' }
    )
    t.equal(full.asked.length, 1)
    await t.rejects(new GatewayTransport({ url: full.url, retries: 0 }).ask(LIST, {}), { code: 'overloaded' })
    t.equal(full.asked.length, 2)
  })

  t.test('tells what is no answer of a gateway', async (t) => {
    const page = await serverOf(t, json(200, '<html>'))
    await t.rejects(
      new GatewayTransport({ url: page.url, retries: 0 }).ask(LIST, {}),
      { name: 'GatewayUnreachable', message: `${page.url} did not answer with JSON.` }
    )
    const broken = await serverOf(t, (response) => { response.destroy() })
    await t.rejects(
      new GatewayTransport({ url: broken.url, retries: 0 }).ask(LIST, {}),
      { name: 'GatewayUnreachable', message: `${broken.url} did not answer.` }
    )
    const moved = await serverOf(t, (response) => { response.writeHead(302, { location: broken.url }).end() })
    await t.rejects(
      new GatewayTransport({ url: moved.url, retries: 0, key: 'k1' }).ask(LIST, {}),
      { name: 'GatewayUnreachable' }
    )
    t.equal(broken.asked.length, 1, 'a redirect takes the key nowhere')
  })

  t.test('ends at its timeout, and with the reason of the signal', async (t) => {
    const controller = new AbortController()
    const silent = await serverOf(t, () => { controller.abort(new Error('enough')) })
    await t.rejects(
      new GatewayTransport({ url: silent.url }).ask(LIST, { signal: controller.signal }),
      { message: 'enough' }
    )
    await t.rejects(new GatewayTransport({ url: silent.url, timeoutMs: 1 }).ask(LIST, {}), {
      name: 'TimeoutError'
    })
    t.ok(silent.asked.length < 4, 'neither is repeated')
  })

  t.test('takes another fetch', async (t) => {
    const echo = async ({ url }: Request) => Response.json({ url })
    const transport = new GatewayTransport({ url: 'http://gateway.test', fetch: echo })
    t.same(await transport.ask(LIST, {}), { url: 'http://gateway.test/resources' })
    t.ok(transport.http.GET)
  })
})
