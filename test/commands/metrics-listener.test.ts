import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import { talk } from '../support/talk.ts'
import { listenForMetrics } from '../../src/commands/metrics-listener.ts'

const LOOPBACK = { host: '127.0.0.1', port: 0 }
const ready = { status: 'ready', environments: [{ name: 'production', verified: true }] }
const showing = (metrics: () => Promise<string>) => ({ metrics, readiness: () => ready })

t.test('serves the text at /metrics, and nothing where nothing is meant to be', async (t) => {
  const { url, close } = await listenForMetrics(showing(async () => 'a 1\n'), LOOPBACK)
  t.teardown(close)
  const answer = await fetch(`${url}?x=1`)
  t.equal(await answer.text(), 'a 1\n')
  t.match(answer.headers.get('content-type'), /^text\/plain; version=0\.0\.4/)
  t.equal((await fetch(url, { method: 'POST' })).status, 405)
  for (const path of ['/', '/metrics/x', '/healthz/', '/readyz/x', '/upload', '//metrics', '/toString', '/__proto__']) t.equal((await fetch(new URL(url).origin + path)).status, 404, path)
})

t.test('serves the probes with all that is known, so that a gateway on loopback can be probed from outside', async (t) => {
  const state = { status: 'ready' }
  const { url, close } = await listenForMetrics({ metrics: async () => 'a 1\n', readiness: () => ({ ...ready, ...state }) }, LOOPBACK)
  t.teardown(close)
  const ask = async (path: string, method = 'GET') => {
    const answer = await fetch(new URL(path, url), { method })
    return { status: answer.status, type: answer.headers.get('content-type'), length: answer.headers.get('content-length'), cache: answer.headers.get('cache-control'), allow: answer.headers.get('allow'), text: await answer.text() }
  }
  t.match(await ask('/healthz'), { status: 200, text: '{"status":"ok"}' })
  for (const [status, code] of [['ready', 200], ['degraded', 200], ['not_ready', 503]] as const) {
    state.status = status
    const got = await ask('/readyz?verbose')
    t.match(got, { status: code, type: /^application\/json/, cache: 'no-store' }, status)
    t.same(JSON.parse(got.text), { ...ready, status })
    t.same(await ask('/readyz', 'HEAD'), { ...got, text: '' }, 'HEAD is the same without a body')
    for (const method of ['POST', 'DELETE', 'OPTIONS']) t.match(await ask('/readyz', method), { status: 405, allow: 'GET, HEAD' })
  }
  for (const path of ['/healthz', '/metrics']) t.match(await ask(path, 'HEAD'), { status: 200, text: '' })
})

t.test('400 to a body and to another method in a header, and the connection ends', async (t) => {
  const { url, close } = await listenForMetrics(showing(async () => 'a 1\n'), LOOPBACK)
  t.teardown(close)
  for (const path of ['/metrics', '/healthz', '/readyz']) {
    for (const rest of ['Content-Length: 2\r\n\r\n{}', 'Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n', 'X-HTTP-Method-Override: DELETE\r\n\r\n', 'HTTP-Method-Override: PUT\r\n\r\n']) {
      t.match(await talk(url, `GET ${path} HTTP/1.1\r\nHost: a\r\n${rest}`), /^HTTP\/1\.1 400 /, rest)
    }
  }
  t.match(await talk(url, 'GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\nX-Forwarded-Method: GET\r\n\r\n'), /^HTTP\/1\.1 200 /)
})

t.test('500 without a word of why when the text cannot be made', async (t) => {
  const { url, close } = await listenForMetrics(showing(async () => { throw new Error('canary') }), LOOPBACK)
  t.teardown(close)
  const answer = await fetch(url)
  t.equal(answer.status, 500)
  t.equal(await answer.text(), '')
})

t.test('an IPv6 address is written as a URL wants it', async (t) => {
  const listener = await listenForMetrics(showing(async () => ''), { host: '::1', port: 0 }).catch((error: NodeJS.ErrnoException) => error.code)
  if (typeof listener !== 'object') {
    t.match(listener, /^EADDRNOTAVAIL|EAFNOSUPPORT$/, 'a machine without IPv6 says so')
    return
  }
  t.teardown(listener.close)
  t.match(listener.url, /^http:\/\/\[::1\]:\d+\/metrics$/)
})

t.test('an address that is taken is an error, and closing ends what is open', async (t) => {
  const { url, close } = await listenForMetrics(showing(async () => ''), LOOPBACK)
  await t.rejects(listenForMetrics(showing(async () => ''), { host: '127.0.0.1', port: Number(new URL(url).port) }), { code: 'EADDRINUSE' })
  await (await fetch(url)).text() // its connection stays open
  await close()
  await t.rejects(fetch(url))
})

t.test('whoever asks often without reading has a few texts made for it, and gets all of them when it reads', async (t) => {
  const waiting: Array<() => void> = []
  const { url, close } = await listenForMetrics(
    showing(() => new Promise((resolve) => { waiting.push(() => { resolve('a 1\n') }) })), LOOPBACK
  )
  t.teardown(close)
  const answers = talk(
    url,
    `${'GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(39)}GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`
  )
  while (waiting.length < 16) await turn()
  await turn()
  t.equal(waiting.length, 16)
  for (let answered = 0; answered < 40; answered++) {
    while (waiting.length <= answered) await turn()
    waiting[answered]?.()
  }
  t.equal((await answers).match(/a 1\n/g)?.length, 40)
})
