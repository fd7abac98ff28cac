import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { connect, createServer, type AddressInfo } from 'node:net'
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { serve } from '../../src/commands/serve.ts'
import { startSandbox } from '../../src/sandbox/index.ts'
import { failingBackground } from '../support/failing-background.ts'
import { recordedTerminal } from '../support/recorded-terminal.ts'
import { freePort } from '../support/programs.ts'
import { NO_REDIS, startRedis } from '../support/redis.ts'

const EMBEDDED = { PORT: '0', SANDBOX_PORT: '0', SANDBOX_DATA: ':memory:' }

async function start (t: Test, variables: Record<string, string>) {
  const terminal = recordedTerminal(variables)
  const lines: Array<Record<string, unknown>> = []
  const code = await serve(terminal, { destination: { write: (line) => { lines.push(JSON.parse(line)) } } })
  t.teardown(() => terminal.shutdown?.close())
  const listening = lines.map(({ msg }) => /^Server listening at (http\S+)$/.exec(String(msg))?.[1]).find((url) => url !== undefined)
  return { terminal, code, lines, url: String(listening) }
}

/** A port that another server holds until the test ends. */
async function occupiedPort (t: Test): Promise<number> {
  const other = createServer()
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  t.teardown(() => other.close())
  return (other.address() as AddressInfo).port // it listens on a port, not on a pipe
}

t.test('serve', async (t) => {
  t.test('without credentials: the sandbox inside, a banner whose commands are true, and an end', async (t) => {
    const { terminal, code, lines, url } = await start(t, EMBEDDED)
    t.equal(code, undefined)
    t.equal((await fetch(`${url}/healthz`)).status, 200)
    t.match(terminal.written.err, `  ${url}/docs\n`)
    t.equal((await fetch(`${url}/docs`)).status, 200)
    t.match(await (await fetch(`${url}/resources`)).json(), { resources: [{ public_id: String }] })
    const shown = /curl '(\S+\/url\?\S+)'/.exec(terminal.written.err)?.[1] ?? ''
    const { url: picture } = await (await fetch(shown)).json() as { url: string }
    t.match((await fetch(picture)).headers.get('content-type'), /^image\//, 'the picture of the banner is delivered')
    for (const environment of ['editor', 'staging', 'production']) t.ok(lines.some((line) => line['environment'] === environment && line['msg'] === 'credentials verified'), environment)
    t.equal(terminal.shutdown?.graceSeconds, 25)
    await terminal.shutdown?.close()
    await t.rejects(fetch(`${url}/healthz`))
    await t.rejects(fetch(picture))
  })

  t.test('says in one line which proxy serves what, without credentials', async (t) => {
    const url = 'cloudinary://1234:abcd@demo'
    const { lines } = await start(t, {
      PORT: '0', CLOUDINARY_URL: `${url}?api_proxy=http://user:canary@127.0.0.1:1`, CLOUDINARY_URL_LOCAL: `${url}?upload_prefix=http://127.0.0.1:1`
    })
    t.ok(lines.some(({ msg }) => msg === 'proxies: local without a proxy, production through 127.0.0.1:1'))
    t.notMatch(JSON.stringify(lines), 'canary')
  })

  t.test('says in one line what it chose for the memory there is', async (t) => {
    const { lines } = await start(t, { ...EMBEDDED, MEMORY_LIMIT: '2GiB' })
    t.same(lines.filter(({ msg }) => msg === 'memory is sized').map(({ memory_limit: limit, memory_limit_source: source, upload_buffer: buffer, uploads_at_once: uploads, upload_chunk: chunk }) =>
      ({ limit, source, buffer, uploads, chunk })), [
      { limit: '2GiB', source: 'MEMORY_LIMIT', buffer: '512MiB', uploads: 128, chunk: '20MB' }
    ])
  })

  t.test('drains before it closes, for as long as it is told', async (t) => {
    const { terminal, url } = await start(t, { ...EMBEDDED, SHUTDOWN_DRAIN_SECONDS: '1' })
    t.equal(terminal.shutdown?.graceSeconds, 26)
    const closed = terminal.shutdown?.close()
    t.equal((await fetch(`${url}/readyz`)).status, 503)
    t.equal((await fetch(`${url}/resources`)).status, 200)
    await closed
    await t.rejects(fetch(`${url}/healthz`))
  })

  t.test('looks at policy, key and credential files when it is asked to', async (t) => {
    const sandbox = await startSandbox()
    t.teardown(() => sandbox.close())
    const keys = (digit: string): string => `web=sha256:${digit.repeat(64)}`
    const folder = t.testdir({ url: sandbox.cloudinaryUrl().replace('abcd', 'wrong'), keys: keys('a'), 'policy.yaml': 'callers: { web: { read_only: true } }' })
    const { terminal, lines } = await start(t, { PORT: '0', GATEWAY_KEYS_FILE: `${folder}/keys`, CLOUDINARY_URL_FILE: `${folder}/url`, POLICY_FILE: `${folder}/policy.yaml` })
    writeFileSync(`${folder}/url`, sandbox.cloudinaryUrl())
    writeFileSync(`${folder}/keys`, keys('b'))
    writeFileSync(`${folder}/policy.yaml`, 'callers: { web: {} }')
    terminal.shutdown?.reload?.()
    await turn()
    for (const what of ['credentials', 'keys']) t.ok(lines.some(({ msg }) => msg === `${what} were reloaded`), `${what}, at once`)
    while (!lines.some(({ msg }) => msg === 'the policy was reloaded')) await sleep(5)
  })

  t.test('proves refused credentials again when it is asked to, though no file has changed', async (t) => {
    const sandbox = await startSandbox()
    t.teardown(() => sandbox.close())
    sandbox.faults.add({ kind: 'status', status: 401, message: 'Unknown API key', times: 1 })
    const { terminal, lines, url } = await start(t, { PORT: '0', CLOUDINARY_URL: sandbox.cloudinaryUrl() })
    t.equal((await fetch(`${url}/readyz`)).status, 503)
    terminal.shutdown?.reload?.()
    while (!lines.some(({ msg }) => msg === 'credentials verified')) await sleep(5)
    t.equal((await fetch(`${url}/readyz`)).status, 200)
  })

  t.test('with credentials: no sandbox, no banner; wrong ones and doubts are in the log', async (t) => {
    const sandbox = await startSandbox()
    t.teardown(() => sandbox.close())
    const good = sandbox.cloudinaryUrl()
    const { terminal, code, lines } = await start(t, { PORT: '0', AUTH: 'none', CLOUDINARY_URL: good, CLOUDINARY_URL_EDITOR: good.replace('abcd', 'wrong'), UPLOAD_MAX: '1' })
    t.equal(code, undefined)
    t.equal(terminal.written.err, '')
    t.match(lines.filter(({ level }) => Number(level) >= 40), [
      { level: 40, msg: /UPLOAD_MAX is not a variable/ },
      { level: 40, msg: /AUTH=none/ },
      { level: 50, msg: 'credentials not verified', environment: 'editor', reason: /credentials_rejected/ }
    ])
    t.notMatch(JSON.stringify(lines), 'wrong@')
  })

  t.test('2 when the configuration is not valid: every fault on standard error, nothing started', async (t) => {
    const { terminal, code, lines } = await start(t, { NODE_ENV: 'production', PORT: 'x' })
    t.equal(code, 2)
    t.match(terminal.written.err, /PORT must be.*\n.*CLOUDINARY_URL is missing/)
    t.same([lines, terminal.shutdown], [[], undefined])
  })

  t.test('3 when a port is in use: one line that names the variable, and nothing stays open', async (t) => {
    const port = String(await occupiedPort(t))
    const gateway = await start(t, { ...EMBEDDED, PORT: port })
    t.match(gateway, { code: 3, terminal: { written: { err: `127.0.0.1:${port} is in use; set PORT to another port.\n` }, shutdown: undefined } })
    const sandboxUrl = gateway.lines.map((line) => line['url']).find((url) => typeof url === 'string')
    await t.rejects(fetch(String(sandboxUrl)), 'the sandbox is closed again')
    const sandbox = await start(t, { ...EMBEDDED, SANDBOX_PORT: port })
    t.match(sandbox, { code: 3, terminal: { written: { err: `127.0.0.1:${port} is in use; set SANDBOX_PORT to another port.\n` } } })
  })

  t.test('metrics are on an address of their own, and on no other; 3 when it is in use', async (t) => {
    const { lines, url } = await start(t, { ...EMBEDDED, METRICS_PORT: '0' })
    const served = String(lines.find(({ msg }) => msg === 'metrics are served')?.['url'])
    t.equal((await fetch(`${url}/metrics`)).status, 404)
    const ready = await fetch(new URL('/readyz', served))
    t.match([ready.status, await ready.json()], [200, { status: 'ready', environments: [{ name: 'editor', verified: true }] }])
    t.match(await (await fetch(served)).text(), /environment_verified\{environment="editor"\} 1\n/)
    t.match(await (await fetch(served)).text(), /http_requests_total\{method="GET",route="none",status="404"\} 1\n/)
    const port = String(await occupiedPort(t))
    t.match(await start(t, { ...EMBEDDED, METRICS_PORT: port }), { code: 3, terminal: { written: { err: `127.0.0.1:${port} is in use; set METRICS_PORT to another port.\n` }, shutdown: undefined } })
  })

  t.test('tells at its very end which requests it cuts', async (t) => {
    const { terminal, lines, url } = await start(t, EMBEDDED)
    const { hostname, port, host } = new URL(url)
    const socket = connect(Number(port), hostname, () => { socket.write(`POST /upload?resource_type=raw HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/octet-stream\r\nContent-Length: 5000\r\n\r\nabc`) })
    t.teardown(() => { socket.destroy() })
    await once(socket, 'connect')
    const cuts = () => lines.filter(({ msg }) => msg === 'request cut: the process ends')
    while (cuts().length === 0) {
      await fetch(`${url}/healthz`)
      for (const finish of terminal.finishers) finish()
    }
    t.match(cuts(), [{ route: '/upload', announcedBytes: 5000, bodyComplete: false }])
    socket.destroy()
  })

  t.test('what breaks inside the sandbox after an answer is in the log', async (t) => {
    failingBackground(t, 'it broke later')
    const { lines, terminal, url } = await start(t, EMBEDDED)
    const body = new URLSearchParams({ file: 'data:text/plain;base64,YQ==', public_id: 'later', resource_type: 'raw', async: 'true' })
    t.equal((await fetch(`${url}/upload`, { method: 'POST', body })).status, 200)
    await terminal.shutdown?.close() // settles what is under way
    t.match(lines.filter(({ level }) => Number(level) >= 50), [{ part: 'sandbox', err: { message: 'it broke later' } }])
  })

  t.test('the embedded sandbox fetches from this machine only when a setting allows it, and says so', async (t) => {
    const files = createHttpServer((_request, response) => { response.end('a file of this machine') })
    await new Promise<void>((resolve) => { files.listen(0, '127.0.0.1', resolve) })
    t.teardown(() => files.close())
    const file = `http://127.0.0.1:${(files.address() as AddressInfo).port}/note.txt` // a TCP server
    const upload = async (variables: Record<string, string>) => {
      const { url } = await start(t, { ...EMBEDDED, ...variables })
      const body = new URLSearchParams({ file, resource_type: 'raw' })
      const answer = await fetch(`${url}/upload`, { method: 'POST', body })
      return { status: answer.status, text: await answer.text() }
    }
    t.match(await upload({}), { status: 400, text: /leads to this machine.*SANDBOX_ALLOW_PRIVATE_FETCH=true/ })
    t.match(await upload({ SANDBOX_ALLOW_PRIVATE_FETCH: 'true' }), { status: 200, text: /"bytes":22/ })
  })

  t.test('tells browsers the public address of the sandbox', async (t) => {
    const { url } = await start(t, { ...EMBEDDED, SANDBOX_PUBLIC_URL: 'http://pc.local:9000' })
    t.match(await (await fetch(`${url}/url?public_id=cats/tom`)).json(), { url: /^http:\/\/pc\.local:9000\/production\/image\/upload\// })
  })

  t.test('3 when the sandbox folder is not to be had, 2 when the policy is not valid: what is wrong, without a stack', async (t) => {
    const folder = t.testdir({ file: '', 'policy.yaml': 'callers: { web: { keyz: [] } }' })
    t.match(await start(t, { ...EMBEDDED, SANDBOX_DATA: `${folder}/file/below` }), { code: 3, terminal: { written: { err: /^The sandbox folder .*\n$/ } } })
    t.match(await start(t, { ...EMBEDDED, POLICY_FILE: `${folder}/policy.yaml` }), { code: 2, terminal: { written: { err: /^The policy is not valid:\n.*keyz.*\n$/ } } })
  })

  t.test('2 when Redis refuses the password: one line that names the variable, and no value', { skip: NO_REDIS }, async (t) => {
    const port = await freePort()
    await startRedis(t, port, ['--requirepass', 'right'])
    const { terminal, code, lines } = await start(t, { ...EMBEDDED, REDIS_URL: `redis://:canary@127.0.0.1:${port}` })
    t.equal(code, 2)
    t.equal(terminal.written.err, 'REDIS_URL has a user name or password that Redis does not accept\n')
    t.notMatch(JSON.stringify(lines), 'canary')
    const away = await start(t, { ...EMBEDDED, REDIS_URL: `redis://127.0.0.1:${await freePort()}` })
    t.equal(away.code, undefined, 'a Redis that is away may come back')
    t.equal((await fetch(`${away.url}/readyz`)).status, 200)
  })

  t.test('failures that nobody foresaw are thrown, not hidden', async (t) => {
    for (const when of ['memory is sized', 'the sandbox answers in its place']) {
      const destination = { write: (line: string) => { if (line.includes(when)) throw new Error('no room for the log') } }
      await t.rejects(serve(recordedTerminal(EMBEDDED), { destination }), { message: 'no room for the log' }, when)
    }
    const variables = { get PORT (): string { throw new TypeError('broken') } }
    await t.rejects(serve(recordedTerminal(variables), {}), { message: 'broken' })
  })
})
