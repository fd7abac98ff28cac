import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { buildApp } from '../../src/app.ts'
import { health, healthUrl } from '../../src/commands/health.ts'
import { startSandbox } from '../../src/sandbox/index.ts'
import { Secret } from '../../src/secret.ts'
import { environmentAt, testConfig } from '../support/gateway.ts'
import { recordedTerminal } from '../support/recorded-terminal.ts'

t.test('healthUrl', async (t) => {
  t.same(healthUrl({}), { url: 'http://127.0.0.1:8080/healthz' })
  t.same(healthUrl({ HOST: '0.0.0.0', PORT: '9000' }), { url: 'http://127.0.0.1:9000/healthz' })
  t.same(healthUrl({ HOST: '::', PORT: '9000' }), { url: 'http://[::1]:9000/healthz' })
  t.same(healthUrl({ HOST: 'gateway.local', CLOUDINARY_URL_FILE: '/not/readable' }), { url: 'http://gateway.local:8080/healthz' })
  t.match(healthUrl({ PORT: '0' }), { reason: /^PORT is 0/ })
  t.match(healthUrl({ PORT: 'abc', HOST: '[::1]' }), { reason: /HOST must be[^]*PORT must be/ })
})

t.test('health', async (t) => {
  let status = 200
  const server = createServer((_request, response) => {
    // Status 0 stands for a process that hangs.
    if (status > 0) response.writeHead(status, status === 302 ? { location: '/elsewhere' } : {}).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => { server.closeAllConnections(); server.close() })
  const { port } = server.address() as AddressInfo // it listens on a port, not on a pipe
  const ask = async (timeoutMs?: number) => {
    const terminal = recordedTerminal({ PORT: String(port) })
    const code = await health(terminal, timeoutMs === undefined ? {} : { timeoutMs })
    return { code, ...terminal.written }
  }

  t.test('0 when it answers 200', async (t) => {
    t.same(await ask(), { code: 0, out: 'ok\n', err: '' })
  })

  t.test('1 when it answers anything else, or not in time, or not at all', async (t) => {
    status = 503
    t.match(await ask(), { code: 1, err: /answered 503/ })
    status = 302
    t.match(await ask(), { code: 1, err: /did not answer \(unexpected redirect\)/ })
    status = 0
    t.match(await ask(50), { code: 1, err: /did not answer within 50 ms/ })
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    t.match(await ask(), { code: 1, err: /did not answer \(\w+\)/ }, 'on the connection it had')
    t.match(await ask(), { code: 1, err: /did not answer \(ECONNREFUSED\)\.\n$/ })
  })

  t.test('2 when the port is not known', async (t) => {
    const terminal = recordedTerminal({ PORT: '0' })
    t.equal(await health(terminal, {}), 2)
    t.match(terminal.written.err, /PORT is 0/)
    const misused = recordedTerminal({ PORT: 'abc' })
    t.equal(await health(misused, {}), 2)
    t.match(misused.written, { out: '', err: /PORT must be a whole number/ })
  })
})

t.test('health --ready', async (t) => {
  const digest = createHash('sha256').update('key').digest()
  const sandbox = await startSandbox()
  t.teardown(() => sandbox.close())
  const start = async (secrets: string[], changes: Parameters<typeof testConfig>[1] = {}) => {
    const app = await buildApp({ config: testConfig(secrets.map((secret, index) => environmentAt(sandbox.url, { name: `e${index}`, apiSecret: new Secret(secret) })), changes) })
    t.teardown(() => app.close())
    const { port } = new URL(await app.listen({ host: '127.0.0.1', port: 0 }))
    await app.proveCredentials()
    const ask = async (variables: Record<string, string> = {}) => {
      const terminal = recordedTerminal({ PORT: port, ...variables })
      return { code: await health(terminal, { ready: true }), ...terminal.written }
    }
    return { app, ask }
  }

  t.test('0 when it is ready or degraded, with the reasons; 1 when it is not', async (t) => {
    const good = await start(['abcd'])
    t.same(await good.ask(), { code: 0, out: 'ready: 1 of 1 environments verified, 0 rejected, 0 unreachable\n', err: '' })
    good.app.drain()
    t.same(await good.ask(), { code: 1, out: '', err: 'not_ready: the gateway is shutting down; 1 of 1 environments verified, 0 rejected, 0 unreachable\n' })
    const mixed = await start(['abcd', 'wrong'])
    t.match(await mixed.ask(), { code: 0, out: /^degraded: 1 of 2 environments verified, 1 rejected, 0 unreachable\ne1: credentials_rejected: .*api_secret mismatch\n$/, err: '' })
    const bad = await start(['wrong'])
    t.match(await bad.ask(), { code: 1, out: '', err: /^not_ready: .*1 rejected.*\ne0: credentials_rejected/ })
  })

  t.test('where keys are required it counts, and names with a key', async (t) => {
    const { ask } = await start(['abcd', 'wrong'], { auth: { mode: 'keys', keys: [{ caller: 'web', digest }] } })
    for (const key of [undefined, 'guess', 'not a\nheader']) t.same((await ask(key === undefined ? {} : { GATEWAY_KEY: key })).out, 'degraded: 1 of 2 environments verified, 1 rejected, 0 unreachable\n')
    t.match((await ask({ GATEWAY_KEY: 'key' })).out, /\ne1: credentials_rejected/)
  })

  t.test('without Redis it is degraded; 1 when what answers is not a gateway', async (t) => {
    let answer = { status: 200, body: '{}' }
    const other = createServer((_request, response) => { response.writeHead(answer.status).end(answer.body) })
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    t.teardown(() => { other.closeAllConnections(); other.close() })
    const { port } = other.address() as AddressInfo // it listens on a port
    answer.body = JSON.stringify({ status: 'degraded', draining: false, counts: { total: 1, verified: 1, rejected: 0, unreachable: 0 }, redis: 'down' })
    const without = recordedTerminal({ PORT: String(port) })
    t.equal(await health(without, { ready: true }), 0)
    t.match(without.written.out, /\nRedis is out of reach\n$/)
    for (const [status, body] of [[200, '{}'], [200, 'ok'], [404, '']] as const) {
      answer = { status, body }
      const terminal = recordedTerminal({ PORT: String(port) })
      t.equal(await health(terminal, { ready: true }), 1)
      t.same(terminal.written, { out: '', err: `http://127.0.0.1:${port}/readyz answered ${status}.\n` })
    }
  })
})
