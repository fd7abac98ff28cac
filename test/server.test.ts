import { createHash } from 'node:crypto'
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { COVERED, doorClosed, hangingUpload, insist, preloaded, run as runProgram } from './support/program.ts'
import { reluctantPipe } from './support/reluctant-pipe.ts'
import { LONG } from './support/rounds.ts'
import { inTerminal, NO_TERMINAL } from './support/terminal.ts'

const NO_FULL_DISK = !existsSync('/dev/full') && 'this system has no /dev/full'
/** A grace that no upload of these tests outlives, however busy the machine is. */
const PATIENT = { PORT: '0', SHUTDOWN_GRACE_SECONDS: '600' }

/** Counts for coverage, which costs a second of CPU more. */
const run: typeof runProgram = (t, args, variables, starting) =>
  runProgram(t, args, variables, { command: COVERED, ...starting })

/** Lines of the log about requests that the end of the process has cut. */
const cutLines = (log: string): Array<Record<string, unknown>> =>
  log.split('\n').filter((line) => line.includes('request cut')).map((line) => JSON.parse(line))

// Each subtest waits for processes of its own, two at a time.
t.test('the process', { jobs: 2, buffered: true }, async (t) => {
  const unforeseen = [
    ['new Error("unforeseen")', /^Error: unforeseen\n {4}at /m],
    ['Object.assign(new Error("bare"), { stack: undefined })', /^bare$/m],
    ['"text"', /^Something that is no error was thrown\.$/m]
  ] as const
  for (const [thrown, told] of unforeseen) {
    t.test(`1, and what can be told of it, when nobody foresaw that ${thrown} would be thrown`, async (t) => {
      const { child, output, ended, until } = run(t, [], { PORT: '0', NODE_OPTIONS: preloaded(`process.on('SIGUSR2', () => { throw ${thrown} })`) })
      await until(/answers at http/)
      child.kill('SIGUSR2')
      t.not(await ended, 0)
      t.match(output.err, told)
    })
  }

  t.test('1, and its stack, when a command fails as nobody foresaw', async (t) => {
    const broken = 'import crypto from "node:crypto"; import { syncBuiltinESMExports } from "node:module"; crypto.randomBytes = () => { throw new Error("unforeseen") }; syncBuiltinESMExports()'
    const { output, ended } = run(t, ['key'], { NODE_OPTIONS: preloaded(broken) })
    t.equal(await ended, 1)
    t.match(output.err, /^Error: unforeseen\n {4}at /m)
  })

  t.test('prints the document, and a key', async (t) => {
    const [document, key] = [runProgram(t, ['openapi', '--json']), run(t, ['key', 'web'])]
    t.equal(await document.ended, 0)
    t.match(JSON.parse(document.output.out), { openapi: /^3\./ })
    t.equal(await key.ended, 0)
    t.match(key.output.out, /web=sha256:[0-9a-f]{64}/)
  })

  t.test('prints help and version', async (t) => {
    const help = run(t, ['--help'])
    t.equal(await help.ended, 0)
    t.match(help.output.out, /^Usage: cloudinary-gateway/)
    const version = run(t, ['--version'])
    t.equal(await version.ended, 0)
    t.match(version.output.out, /^\d+\.\d+\.\d+\n$/)
  })

  t.test('prints the page of a call', async (t) => {
    const { ended, output } = run(t, ['help', 'upload'])
    t.equal(await ended, 0)
    t.match(output.out, /^Usage: cloudinary-gateway upload FILE/)
  })

  t.test('130 when a call is interrupted', async (t) => {
    const silent = createHttpServer(() => { list.child.kill('SIGINT') })
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    t.teardown(() => { silent.closeAllConnections(); silent.close() })
    const GATEWAY_URL = `http://127.0.0.1:${(silent.address() as AddressInfo).port}` // it listens on a port
    const list = run(t, ['list'], { GATEWAY_URL })
    t.equal(await list.ended, 130)
    t.same(list.output, { out: '', err: 'Interrupted.\n' })
  })

  t.test('2 when nobody can confirm a deletion', async (t) => {
    const { ended, output } = run(t, ['delete', 'a'])
    t.equal(await ended, 2)
    t.equal(output.err, 'Without a terminal nobody can confirm this: give --yes to delete (see --help)\n')
  })

  t.test('asks the person at a terminal before it deletes', { skip: NO_TERMINAL }, async (t) => {
    const terminal = await inTerminal(t, ['delete', 'a'], {}, COVERED)
    await terminal.until(/Delete a\? \[y\/N\] /)
    terminal.child.stdin?.write('no\n')
    t.equal(await terminal.ended, 1)
    await terminal.until(/Nothing was deleted/)
  })

  t.test('2 and one line when the command line is wrong', async (t) => {
    const { ended, output } = run(t, ['serv'])
    t.equal(await ended, 2)
    t.equal(output.err, 'Unknown command \'serv\'; did you mean \'serve\'? (see --help)\n')
  })

  t.test('2 in production without credentials; no stack', async (t) => {
    const { ended, output } = runProgram(t, [], { NODE_ENV: 'production' })
    t.equal(await ended, 2)
    t.match(output.err, /CLOUDINARY_URL is missing/)
    t.notMatch(output.err, /\n {4}at /)
  })

  t.test('serves on the sandbox, is found healthy, and ends with 0 on SIGTERM', async (t) => {
    const free = createServer()
    await new Promise<void>((resolve) => free.listen(0, '127.0.0.1', resolve))
    const PORT = String((free.address() as AddressInfo).port) // it listens on a port, not on a pipe
    await new Promise((resolve) => free.close(resolve))
    const gateway = runProgram(t, [], { PORT })
    await gateway.until(/Try it: /)
    const health = run(t, ['health'], { PORT })
    t.equal(await health.ended, 0)
    for (const line of gateway.output.out.trim().split('\n')) t.type(JSON.parse(line), 'object', 'standard output is JSON lines alone')
    gateway.child.kill('SIGTERM')
    t.equal(await gateway.ended, 0)
    const afterwards = runProgram(t, ['health'], { PORT })
    t.equal(await afterwards.ended, 1)
  })

  t.test('SIGHUP lets it look at its files and SIGUSR2 does nothing; the sandbox alone ends at SIGHUP', async (t) => {
    const gateway = run(t, [], { PORT: '0' })
    const [, base = ''] = await gateway.until(/answers at (http\S+),/)
    gateway.child.kill('SIGUSR2')
    for (let times = 1; times <= 2; times++) {
      gateway.child.kill('SIGHUP')
      await gateway.until(new RegExp(`(?:looking at policy, key and credential files[^]*){${times}}`))
    }
    t.equal((await fetch(`${base}/healthz`)).status, 200)
    gateway.child.kill('SIGTERM')
    t.equal(await gateway.ended, 0)
    const sandbox = run(t, ['sandbox', '--port', '0', '--data', ':memory:'])
    await sandbox.until(/answers at/)
    sandbox.child.kill('SIGHUP')
    t.equal(await sandbox.ended, 0)
  })

  t.test('SIGHUP after a change of keys: 401 for the one before, 200 for the new one; an upload that had begun goes on', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'keys-'))
    t.teardown(() => rmSync(folder, { recursive: true, force: true }))
    const keys = join(folder, 'keys')
    const write = (...names: string[]): void => { writeFileSync(keys, names.map((name) => `web=sha256:${createHash('sha256').update(name).digest('hex')}\n`).join('')) }
    write('old')
    const gateway = runProgram(t, [], { PORT: '0', GATEWAY_KEYS_FILE: keys })
    const [, base = ''] = await gateway.until(/answers at (http\S+),/)
    const as = (name: string) => ({ authorization: `Bearer ${name}`, connection: 'close' })
    const status = async (name: string): Promise<number> => (await fetch(`${base}/resources`, { headers: as(name) })).status
    t.same([await status('old'), await status('new')], [200, 401])
    const { answer, end } = await hangingUpload(gateway, as('old'))
    write('new')
    gateway.child.kill('SIGHUP')
    await gateway.until(/keys were reloaded/)
    t.same([await status('old'), await status('new')], [401, 200])
    end()
    t.equal((await answer).status, 200)
    writeFileSync(keys, 'web=canary')
    gateway.child.kill('SIGHUP')
    await gateway.until(/changed keys cannot be used/)
    t.same([await status('old'), await status('new')], [401, 200])
    t.notMatch(gateway.output.out + gateway.output.err, /canary/)
  })

  t.test('a running request holds the end back, though the signal is repeated at once; a later one cuts it, which is told', async (t) => {
    const gateway = run(t, [], PATIENT)
    const { base, answer } = await hangingUpload(gateway)
    gateway.child.kill('SIGTERM')
    gateway.child.kill('SIGINT')
    await gateway.until(/shutting down/)
    gateway.child.kill('SIGTERM')
    await doorClosed(base)
    t.equal(gateway.child.exitCode, null)
    t.notMatch(gateway.output.err, /second/)
    t.equal(await insist(gateway, 'SIGTERM'), 1)
    t.match(gateway.output.err, /A second SIGTERM: ending at once/)
    t.equal(gateway.output.out.match(/shutting down/g)?.length, 1)
    t.match(cutLines(gateway.output.out), [{ route: '/upload', environment: 'production', reqId: /^[-\w]{36}$/, receivedBytes: Number, bodyComplete: false }])
    await t.rejects(answer)
  })

  t.test('drains: balancers are told to stay away, and who comes all the same is served; then 0', { skip: LONG }, async (t) => {
    const gateway = runProgram(t, [], { PORT: '0', SHUTDOWN_DRAIN_SECONDS: '6' })
    const [, base = ''] = await gateway.until(/answers at (http\S+),/)
    gateway.child.kill('SIGTERM')
    await gateway.until(/shutting down/)
    const headers = { connection: 'close' } // a new connection each time
    t.equal((await fetch(`${base}/readyz`, { headers })).status, 503)
    t.equal((await fetch(`${base}/resources`, { headers })).status, 200)
    t.equal(await gateway.ended, 0)
  })

  t.test('1 when a request does not end within the grace', async (t) => {
    const gateway = run(t, [], { PORT: '0', SHUTDOWN_GRACE_SECONDS: '1' })
    const { answer } = await hangingUpload(gateway)
    gateway.child.kill('SIGINT')
    t.equal(await gateway.ended, 1)
    t.match(gateway.output.err, /Not ended within 1 seconds/)
    const [cut, ...others] = cutLines(gateway.output.out)
    t.match(cut, { method: 'POST', route: '/upload', reqId: String, receivedBytes: Number })
    t.ok(Number(cut?.['receivedBytes']) >= 1024)
    t.same(others, [])
    await t.rejects(answer)
  })

  t.test('1 and a line when a document does not fit on the disk; 0 when its reader has left', { skip: NO_FULL_DISK }, async (t) => {
    const full = openSync('/dev/full', 'w')
    t.teardown(() => { closeSync(full) })
    const failed = run(t, ['openapi'], {}, { stdio: ['ignore', full, 'pipe'] })
    t.equal(await failed.ended, 1)
    t.equal(failed.output.err, 'Standard output cannot be written: ENOSPC\n')
    const pipe = reluctantPipe(t)
    pipe.leave()
    t.equal(await run(t, ['openapi'], {}, { stdio: ['ignore', pipe.writer, 'pipe'] }).ended, 0)
  })

  t.test('1, and what can be told of it, when an error comes that no command waits for', async (t) => {
    const error = 'Object.assign(new Error("early"), { args: "canary" })'
    const late = preloaded(`globalThis.fetch = () => new Promise(() => { setImmediate(() => { throw ${error} }) })`)
    const { ended, output } = run(t, ['health'], { PORT: '1', NODE_OPTIONS: late })
    t.equal(await ended, 1)
    t.match(output.err, /^Error: early\n {4}at /)
    t.notMatch(output.err, /args:/)
  })

  t.test('1 at once when an error comes while it ends', async (t) => {
    const preload = preloaded('process.on("SIGWINCH", () => { throw new Error("unforeseen") })')
    const gateway = run(t, [], { ...PATIENT, NODE_OPTIONS: preload })
    const { base, answer } = await hangingUpload(gateway)
    gateway.child.kill('SIGTERM')
    await doorClosed(base)
    gateway.child.kill('SIGWINCH')
    t.equal(await gateway.ended, 1)
    t.match(gateway.output.err, /Error: unforeseen\n[^]*A second error: ending at once/)
    await t.rejects(answer)
  })

  t.test('0 when its terminal is closed, of which it is told twice, after a running upload', { skip: NO_TERMINAL }, async (t) => {
    const gateway = await inTerminal(t, [], PATIENT, COVERED)
    const { base, answer, end } = await hangingUpload(gateway)
    await gateway.leave()
    await doorClosed(base)
    process.kill(gateway.pid, 'SIGHUP')
    end()
    t.equal((await answer).status, 200)
    t.equal(await gateway.ended, 0)
  })
})

t.test('npm start', async (t) => {
  // What npm puts between itself and the gateway: a shell, which dies of a signal that npm passes on.
  t.test('ends the gateway when the shell in between is ended', async (t) => {
    const words = COVERED.map((word) => `'${word}'`).join(' ')
    const command = ['sh', '-c', `${words} & echo $! >&2; wait`]
    const shell = run(t, [], { ...PATIENT, npm_lifecycle_event: 'start' }, { command })
    const [, pid] = await shell.until(/^(\d+)\n/)
    t.teardown(() => { try { process.kill(Number(pid), 'SIGKILL') } catch {} })
    await shell.until(/answers at/)
    shell.child.kill('SIGTERM')
    await shell.ended // its output ends with the gateway
    t.match(shell.output.out, /shutting down/)
  })
})
