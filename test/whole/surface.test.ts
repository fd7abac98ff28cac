import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { parse } from 'yaml'
import { buildApp } from '../../src/app.ts'
import { digestOf } from '../../src/auth/policy/keys.ts'
import type { Config } from '../../src/config/types.ts'
import { environmentAt, testConfig } from '../support/gateway.ts'
import { LONG } from '../support/rounds.ts'
import { samplePath as sample, withRouteTable } from '../support/route-table.ts'
import { announce } from '../support/talk.ts'

const KEY = 'surface-key'
/** Names that no word of an answer looks like. */
const ENVIRONMENTS = ['quokka', 'wombat']
/** Whoever may reach the address may ask for these. Everything else needs a key. */
const OPEN = new Set([
  '/', '/healthz', '/readyz', '/openapi.json', '/openapi.yaml', '/postman.json',
  '/docs', '/docs/', '/docs/errors', '/docs/errors/:code', '/docs/errors.js', '/docs/page.css',
  '/llms.txt', '/docs/static/*',
  '/client.js', '/upload-element.js', '/upload-element.de.js', '/upload-element.ar.js',
  // The signature is its credential.
  '/direct-upload'
])

type Auth = Partial<Config['auth']>

interface Route { method: string, url: string, operationId: string | undefined, hidden: boolean }

/** A gateway that wants keys, and its router table as the routes themselves filled it. */
async function startSurface (
  t: Test, auth: Auth = { mode: 'keys', keys: [{ caller: 'web', digest: digestOf(KEY) }] }
): Promise<{ app: FastifyInstance, table: Route[] }> {
  const environments = ENVIRONMENTS.map((name) => environmentAt('http://127.0.0.1:9', { name }))
  const config = testConfig(environments, { auth, metrics: { host: '127.0.0.1', port: 0 } })
  const { app, table } = await withRouteTable(() => buildApp({ config }))
  t.teardown(() => app.close())
  return {
    app,
    table: table.map(({ method, options: { url, schema } }) => ({
      method, url, operationId: schema?.operationId, hidden: schema?.hide === true
    }))
  }
}

const isOpen = ({ url }: Route): boolean => OPEN.has(url)

t.test('A1: without a key', async (t) => {
  const { app, table } = await startSurface(t)
  const base = await app.listen({ host: '127.0.0.1', port: 0 })
  const guarded = table.filter((route) => !isOpen(route))

  t.test('the table is the whole gateway, and what is open is in it', async (t) => {
    t.ok(guarded.length >= 15, `${guarded.length} guarded routes`)
    for (const url of OPEN) t.ok(table.some((route) => route.url === url), `${url} exists`)
  })
  t.test('401 with a challenge on every route that is not listed as open', async (t) => {
    for (const { method, url } of guarded) {
      const answer = await app.inject(
        { method: method as 'GET', url: sample(url) }
      ) // one that the router knows
      t.match(answer, { statusCode: 401, headers: { 'www-authenticate': /^Bearer / } }, `${method} ${url}`)
      if (method !== 'HEAD') t.match(answer.json(), { code: 'unauthorized' }, `${method} ${url}`)
    }
  })
  t.test('never 401 on those that are', async (t) => {
    for (const { method, url } of table.filter(isOpen)) {
      const { statusCode } = await app.inject(
        { method: method as 'GET', url: sample(url) }
      ) // one that the router knows
      t.not(statusCode, 401, `${method} ${url}`)
    }
  })
  t.test('401 and the connection closes, where a body was announced: it is not read', async (t) => {
    for (const route of guarded) {
      for (const framing of ['Content-Length: 300000000', 'Transfer-Encoding: chunked']) {
        t.match(
          await announce(base, [
            `${route.method} ${sample(route.url)} HTTP/1.1`,
            'Host: 127.0.0.1',
            'Content-Type: application/json',
            framing
          ]),
          /^HTTP\/1\.1 401 [^]*\r\nconnection: close\r\n/i,
          `${route.method} ${route.url}, ${framing}`
        )
      }
    }
  })
})

t.test('403 on every guarded route for a caller that may do nothing, whatever the form of the request', async (t) => {
  const policy = `callers: { nobody: { keys: ['sha256:${digestOf(KEY).toString('hex')}'], actions: [] } }`
  const { app, table } = await startSurface(t, {
    mode: 'keys', policyFile: join(t.testdir({ 'policy.yaml': policy }), 'policy.yaml')
  })
  const headers = { authorization: `Bearer ${KEY}` }
  // The list of environments is for every caller, and the rules say that this one may sign nothing.
  const told = new Set(['/environments', '/signature/rules'])
  const guarded = table.filter((route) => !isOpen(route) && !told.has(route.url)).concat(
    table.filter(({ url }) => url === '/direct-upload')
  )
  t.ok(guarded.length >= 15, `${guarded.length} guarded routes`)
  for (const { method, url } of guarded) {
    const answer = await app.inject(
      {
        method: method as 'GET',
        url: sample(url),
        headers,
        ...(method === 'POST' && { payload: { public_id: 'cats/tom' } })
      }
    ) // one that the router knows
    t.equal(answer.statusCode, 403, `${method} ${url}`)
    if (method !== 'HEAD') {
      t.match(
        answer.json(), { code: 'forbidden', detail: /may not do/ }, `${method} ${url}`
      )
    }
  }
  t.equal((await app.inject({ url: '/environments', headers })).statusCode, 200)
})

t.test('O1: the router table and openapi.yaml agree, both ways', async (t) => {
  const { table } = await startSurface(t)
  const document = parse(
    readFileSync(join(import.meta.dirname, '../../openapi.yaml'), 'utf8')
  ) as { paths: Record<string, Record<string, { operationId: string }>> } // generated from the schemas
  const written = Object.entries(document.paths).flatMap(
    ([url, methods]) => Object.entries(methods).map(
      ([method, { operationId }]) => `${method.toUpperCase()} ${url} ${operationId}`
    )
  )
  // HEAD comes with each GET, and pages for readers are no part of the contract.
  const served = table.filter(({ method, hidden }) => method !== 'HEAD' && !hidden)
    .map(
      (
        { method, url, operationId }
      ) => `${method} ${url.replace('/*', '/{public_id}').replace(':asset_id', '{asset_id}')} ${operationId}`
    )
  t.same(written.sort(), served.sort())
  const undocumented = new Set(table.filter(({ hidden }) => hidden).map(({ url }) => url))
  t.same([...undocumented].filter((url) => !OPEN.has(url)), [], 'nothing is hidden but the open pages')
})

t.test('A29: metrics are on no path of this address, with a key or without', async (t) => {
  const { app, table } = await startSurface(t)
  t.match(await app.metrics?.text(), /^cloudinary_gateway_/m, 'though they are counted')
  t.same(table.filter(({ url }) => /metrics/.test(url)), [])
  for (const url of [
    '/metrics', '/metrics/', '/docs/metrics', '/%6detrics', '//metrics', '/healthz/metrics'
  ]) {
    for (const headers of [{}, { authorization: `Bearer ${KEY}` }]) {
      t.match(
        await app.inject({ url, headers }),
        { statusCode: 404, headers: { 'content-type': /^application\/problem\+json/ } },
        url
      )
    }
  }
})

t.test('O3: methods', async (t) => {
  const { app, table } = await startSurface(t)
  const paths = [...new Set(table.map(({ url }) => url))]
  const headers = { authorization: `Bearer ${KEY}` }
  t.test('405 with Allow for every method that a path does not have, OPTIONS and odd ones included', async (t) => {
    for (const url of paths.filter((url) => !url.startsWith('/docs'))) {
      const methods = new Set(table.filter((route) => route.url === url).map(({ method }) => method))
      for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE'].filter(
        (method) => !methods.has(method)
      )) {
        const answer = await app.inject(
          { method: method as 'GET', url: sample(url), headers }
        ) // TRACE is sent as well
        t.equal(answer.statusCode, 405, `${method} ${url}`)
        t.equal(answer.headers.allow, [...methods].sort().join(', '), `${method} ${url}`)
      }
    }
  })
  t.test('405 for pages too, whose patterns overlap', async (t) => {
    for (const url of paths.filter((url) => url.startsWith('/docs'))) {
      t.match(
        await app.inject({ method: 'POST', url: sample(url) }),
        { statusCode: 405, headers: { allow: 'GET, HEAD' } },
        url
      )
    }
  })
  t.test('HEAD answers as GET does, without a body', async (t) => {
    for (const { url } of table.filter(({ method }) => method === 'GET')) {
      const [get, head] = await Promise.all((['GET', 'HEAD'] as const).map((method) => app.inject({
        method, url: sample(url), headers
      })))
      t.equal(head?.statusCode, get?.statusCode, url)
      t.equal(head?.body, '', url)
    }
  })
})

t.test('O4: names of environments', async (t) => {
  const { app, table } = await startSurface(t)
  const [name = ''] = ENVIRONMENTS
  // The second may pass between two of them.
  const without = (text: string): string =>
    text.replace(/"request_id":"[^"]*"/, '').replace(/\d+ seconds old/, 'seconds old')

  t.test('without a key no answer holds one, whatever is asked for', { skip: LONG }, async (t) => {
    await app.proveCredentials() // so that there are reasons to tell
    for (const { method, url } of table) {
      for (const headers of [
        {},
        { 'x-environment': 'quokk' },
        { 'x-environment': 'nowhere' },
        { authorization: 'Bearer wrong', 'x-environment': 'womba' }
      ]) {
        const { body, headers: answered } = await app.inject(
          { method: method as 'GET', url: sample(url), headers }
        ) // one that the router knows
        t.notMatch(
          body + JSON.stringify(answered),
          new RegExp(ENVIRONMENTS.join('|')),
          `${method} ${url} ${JSON.stringify(headers)}`
        )
      }
    }
  })
  t.test('without a key one that exists and one that does not are answered alike', async (t) => {
    for (const { method, url } of table.filter((route) => !isOpen(route))) {
      const [known, unknown] = await Promise.all(
        [name, 'nowhere'].map((environment) => app.inject({
          method: method as 'GET', url: sample(url), headers: { 'x-environment': environment }
        }))
      ) // one that the router knows
      t.equal(known?.statusCode, unknown?.statusCode, `${method} ${url}`)
      t.equal(without(known?.body ?? ''), without(unknown?.body ?? ''), `${method} ${url}`)
    }
  })
  t.test('a direct upload, which needs no key, is refused alike for one that exists, one that does not, and the default one', { skip: LONG }, async (t) => {
    const base = await app.listen({ host: '127.0.0.1', port: 0 })
    const timestamp = String(Math.floor(Date.now() / 1000))
    const signed = { timestamp, public_id: 'a', tags: 'b&c', signature: 'f'.repeat(40) }
    const forms: Record<string, {
      fields?: Record<string, string>, first?: number, media?: string, status: number
    }> = {
      'a signature that fits nothing': { fields: signed, status: 401 },
      'the right key of an environment': { fields: { ...signed, api_key: '1234' }, status: 401 },
      'another key': { fields: { ...signed, api_key: '9999' }, status: 401 },
      'the right cloud': { fields: { ...signed, cloud_name: 'demo', api_key: '1234' }, status: 401 },
      'another cloud': { fields: { ...signed, cloud_name: 'other' }, status: 401 },
      'a SHA-256 signature in capitals': { fields: { ...signed, signature: 'F'.repeat(64) }, status: 401 },
      'stale fields': { fields: { ...signed, timestamp: '1' }, status: 401 },
      'no signature': { fields: { timestamp }, status: 400 },
      nothing: { fields: {}, status: 400 },
      'an unknown field': { fields: { ...signed, nonsense: '1' }, status: 400 },
      'the file first': { fields: signed, first: 1, status: 401 },
      // Too large to be held until the proof comes; nothing listens upstream, and that is met first.
      'a large file first': { fields: signed, first: 2_000_000, status: 502 },
      'no form': { media: 'application/json', status: 415 }
    }
    for (const [what, { fields = {}, first, media, status }] of Object.entries(forms)) {
      const ask = async (environment: Record<string, string>): Promise<string> => {
        const form = new FormData()
        if (first) form.append('file', new Blob(['x'.repeat(first)]), 'x.txt')
        for (const [field, value] of Object.entries(fields)) form.append(field, value)
        if (!first) form.append('file', new Blob(['x']), 'x.txt')
        const answer = await fetch(`${base}/direct-upload`, {
          method: 'POST',
          body: media === undefined ? form : '{}',
          headers: { ...environment, ...media !== undefined && { 'content-type': media } }
        })
        const heads = [...answer.headers].filter(
          ([header]) => !['date', 'x-request-id', 'content-length'].includes(header)
        )
        return `${answer.status} ${JSON.stringify(heads)} ${without(await answer.text())}`
      }
      const [usual = '', ...others] = await Promise.all(
        [{}, ...[...ENVIRONMENTS, 'nowhere', 'QUOKK'].map(
          (environment) => ({ 'x-environment': environment })
        )].map(ask)
      )
      t.equal(usual.slice(0, 3), String(status), what)
      t.notMatch(usual, new RegExp(ENVIRONMENTS.join('|')), what)
      for (const other of others) t.equal(other, usual, what)
    }
  })
  t.test('probes without a key are told how many environments are wrong; no credential is in the answer', async (t) => {
    const { body } = await app.inject('/readyz')
    t.match(JSON.parse(body), { counts: { total: ENVIRONMENTS.length } })
    t.notMatch(body, new RegExp(`abcd|1234|${ENVIRONMENTS.join('|')}`))
    const { body: told } = await app.inject({ url: '/readyz', headers: { authorization: `Bearer ${KEY}` } })
    t.match(told, name)
    t.notMatch(told, /abcd|1234/)
  })
})

t.test('every answer has an X-Request-Id, and problem documents repeat it', async (t) => {
  const { app, table } = await startSurface(t)
  const base = await app.listen({ host: '127.0.0.1', port: 0 })
  for (const authorization of [`Bearer ${KEY}`, 'Bearer wrong']) {
    for (const { method, url } of table) {
      const answer = await app.inject(
        { method: method as 'GET', url: sample(url), headers: { authorization } }
      ) // one that the router knows
      t.match(answer.headers['x-request-id'], /^[-\w]{36}$/, `${method} ${url} ${answer.statusCode}`)
      if (answer.headers['content-type'] === 'application/problem+json' && method !== 'HEAD') {
        t.equal(
          answer.json().request_id, answer.headers['x-request-id'], `${method} ${url}`
        )
      }
    }
  }
  for (const [method, url] of [
    ['GET', '/nowhere'], ['PUT', '/upload'], ['GET', '/resources/%zz'], ['GET', '/docs/static/nothing']
  ] as const) {
    const answer = await app.inject({ method, url })
    t.equal(answer.headers['x-request-id'], answer.json().request_id, `${method} ${url}`)
  }
  t.match(
    await announce(base, [
      'GET / no http HTTP/1.1', 'Host: 127.0.0.1', 'Content-Type: application/json', 'x'
    ]),
    /^HTTP\/1\.1 400 [^]*\r\nX-Request-Id: ([-\w]{36})\r\n[^]*"request_id":"\1"/
  )
})
