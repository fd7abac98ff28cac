import { createServer, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { callHelp, CALLS, runCall } from '../../../src/commands/calls/run-call.ts'
import type { CallName } from '../../../src/commands/help.ts'
import { Interrupted } from '../../../src/commands/terminal.ts'
import { called } from '../../support/called.ts'
import { startGatewayAt } from '../../support/gateway.ts'
import { recordedTerminal } from '../../support/recorded-terminal.ts'

async function serverOf (t: Test, answer: (response: ServerResponse) => void): Promise<string> {
  const server = createServer((_request, response) => { answer(response) })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => { server.closeAllConnections(); server.close() })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}` // it listens on a port
}

t.test('runCall', async (t) => {
  t.test('prints a page for each call, with its options and an example', async (t) => {
    for (const name of Object.keys(CALLS) as CallName[]) { // its own keys
      const terminal = recordedTerminal()
      t.equal(await runCall(terminal, { name, args: ['--help'] }), 0)
      t.equal(terminal.written.out, callHelp(name))
      t.match(
        terminal.written.out,
        new RegExp(`^Usage: cloudinary-gateway ${name}.*\\n\\n[A-Z][^]*\\nExamples\\n  \\S[^]*--url`)
      )
      for (const option of Object.keys(CALLS[name].options)) {
        t.match(terminal.written.out, new RegExp(`--(?:no-)?${option}\\b`), `${name} --${option}`)
      }
    }
  })

  t.test('sends the key and the environment, and prints neither key nor URL when they are no good', async (t) => {
    const seen: unknown[] = []
    const server = createServer((request, response) => {
      seen.push(request.headers)
      response.end('{"environments":[]}')
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.teardown(() => { server.close() })
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    t.match(
      await called(['environments', '--url', url, '-e', 'staging'], {
        GATEWAY_URL: 'http://x', GATEWAY_KEY: 'k1'
      }),
      { code: 0 }
    )
    t.match(seen, [{ authorization: 'Bearer k1', 'x-environment': 'staging' }])
    t.match(await called(['environments', '--url', url, '--json'], {}, { interactive: true }), { code: 0 })
    await t.rejects(called(['url'], {}), { name: 'UsageError', message: 'PUBLIC_ID is missing' })
    await t.rejects(
      called(['list'], { GATEWAY_KEY: 'se cret' }),
      { name: 'UsageError', message: 'The key must be visible ASCII characters' }
    )
    await t.rejects(
      called(['list'], { GATEWAY_URL: 'http://u:secret@x' }),
      { name: 'UsageError', message: /^The URL of the gateway must be like [^]*without credentials$/ }
    )
  })

  t.test('says what to do when nothing answers', async (t) => {
    const closed = await serverOf(t, (response) => { response.destroy() })
    const { code, err } = await called(['list'], { GATEWAY_URL: closed })
    t.equal(code, 4)
    t.match(
      err,
      /^http:\/\/127\.0\.0\.1:\d+ did not answer \(UND_ERR_SOCKET\)\.\nStart a gateway with "npm start"/
    )
    const page = await serverOf(t, (response) => { response.end('<html>') })
    t.match(await called(['list'], { GATEWAY_URL: page }), { code: 4, err: /did not answer with JSON\.\n/ })
  })

  t.test('tells a problem, and the request that had it', async (t) => {
    const foreign = await serverOf(t, (response) => { response.writeHead(404).end() })
    t.match(
      await called(['list'], { GATEWAY_URL: foreign }),
      { code: 1, err: /\(unexpected_answer\)\nCheck the URL.*\n$/ }
    )
    const { url } = await startGatewayAt(t, 'http://127.0.0.1:1')
    t.match(
      await called(['list', '-f', 'max_results=0'], { GATEWAY_URL: url }),
      { code: 1, err: /max_results[^]*\(invalid_request\)\n.*\nRequest: \S+\n$/ }
    )
  })

  t.test('ends when a gateway stays silent, and when it is interrupted', async (t) => {
    const silent = await serverOf(t, () => {})
    const slow = recordedTerminal({ GATEWAY_URL: silent })
    t.equal(await runCall(slow, { name: 'list', args: [], timeoutMs: 1 }), 1)
    t.equal(slow.written.err, 'The gateway took too long to answer.\n')
    for (const [message, code, err] of [['Interrupted.', 130, 'Interrupted.\n'], ['', 0, '']] as const) {
      const controller = new AbortController()
      const url = await serverOf(t, () => { controller.abort(new Interrupted(message, code)) })
      t.match(
        await called(['list'], { GATEWAY_URL: url }, { interruption: () => controller.signal }),
        { code, err }
      )
    }
  })

  t.test('uses the usual address when none is named', async (t) => {
    const { err } = await called(['list'], { GATEWAY_URL: '', HTTP_PROXY: '' }, {
      interruption: () => AbortSignal.abort(new Interrupted('x', 1))
    })
    t.equal(err, 'x\n')
  })

  t.test('leaves what nobody foresaw to the process, and refuses unknown options', async (t) => {
    const broken = Object.assign(recordedTerminal({
      GATEWAY_URL: await serverOf(t, (response) => { response.end('{"environments":1}') })
    }))
    await t.rejects(runCall(broken, { name: 'environments', args: [] }), TypeError)
    await t.rejects(
      runCall(recordedTerminal(), { name: 'list', args: ['--perfix', 'x'] }),
      { message: 'Unknown option \'--perfix\'; did you mean \'--prefix\'?' }
    )
  })
})
