import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { health, healthUrl } from '../../src/commands/health.ts'
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
