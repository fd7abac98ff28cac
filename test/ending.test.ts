import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, openSync } from 'node:fs'
import { connect, createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { text as textOf } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { doorClosed, hangingUpload, PROGRAM, run } from './program.ts'
import { reluctantPipe } from './reluctant-pipe.ts'

// However the process is told to end, it ends. Each test waits for that, and fails when it waits in vain.
const BOUND = { timeout: 120_000 }
/** A grace that no upload of these tests outlives, however busy the machine is. */
const SERVE = { PORT: '0', SHUTDOWN_GRACE_SECONDS: '600' }
const SANDBOX = ['sandbox', '--port', '0', '--data', ':memory:']

const script = spawnSync('script', ['--version'], { encoding: 'utf8' })
const HAS_SCRIPT = String(script.stdout).includes('util-linux')
const NO_TERMINAL = !HAS_SCRIPT && 'script (util-linux), which makes terminals, is not installed'

/** Starts the program in a terminal. */
async function inTerminal (t: Test, args: readonly string[], variables: Record<string, string> = {}) {
  const session = join(import.meta.dirname, 'fixtures/terminal-session.sh')
  const words = ['exec', 'sh', session, process.execPath, ...PROGRAM, ...args].map((word) => `'${word}'`).join(' ')
  const terminal = run(t, [], { ...SERVE, SHELL: '/bin/sh', ...variables }, {
    command: ['script', '--quiet', '--flush', '--command', words, '/dev/null'],
    stdio: ['pipe', 'pipe', 'pipe', 'pipe']
  })
  const told = createInterface(terminal.child.stdio[3] as Readable) // one of the four pipes above
  const reported = (what: string) => new Promise<number>((resolve) => {
    told.on('line', (line) => {
      const [name, number] = line.split(' ')
      if (name === what) resolve(Number(number))
    })
  })
  const ended = reported('code')
  const pid = await reported('pid')
  t.teardown(() => { try { process.kill(pid, 'SIGKILL') } catch {} }) // mostly it has ended
  const leave = async (): Promise<void> => {
    const gone = once(terminal.child, 'exit')
    terminal.child.kill('SIGKILL')
    await gone
  }
  return { ...terminal, ended, pid, leave }
}

/** Makes the gateway log more than a pipe or terminal holds, and more than may wait for it. */
async function logMuch (base: string): Promise<void> {
  const { host, hostname, port } = new URL(base)
  const request = `GET /healthz HTTP/1.1\r\nHost: ${host}\r\nX-Request-Id: ${'x'.repeat(64)}\r\n`
  const socket = connect(Number(port), hostname)
  socket.write(`${request}\r\n`.repeat(8000))
  socket.write(`${request}Connection: close\r\n\r\n`)
  const answered = (await textOf(socket)).match(/HTTP\/1\.1 200/g)?.length
  if (answered !== 8001) throw new Error(`${answered} answers to 8001 requests`)
}

t.test('a terminal', { skip: NO_TERMINAL }, async (t) => {
  t.test('that is closed, and told of twice, ends the process with 0 after a running upload', BOUND, async (t) => {
    const gateway = await inTerminal(t, [])
    const { base, answer, end } = await hangingUpload(gateway)
    await gateway.leave()
    await doorClosed(base)
    process.kill(gateway.pid, 'SIGHUP')
    end()
    t.equal((await answer).status, 200)
    t.equal(await gateway.ended, 0)
  })

  t.test('that has gone without a word takes nothing with it; then SIGTERM ends the process', BOUND, async (t) => {
    const gateway = await inTerminal(t, [], { DEAF: '1' })
    const { base, answer, end } = await hangingUpload(gateway)
    await gateway.leave()
    end()
    t.equal((await answer).status, 200)
    t.equal((await fetch(`${base}/resources`)).status, 200)
    process.kill(gateway.pid, 'SIGTERM')
    t.equal(await gateway.ended, 0)
  })

  t.test('that is stopped holds nothing up', BOUND, async (t) => {
    const gateway = await inTerminal(t, [])
    const { base, answer, end } = await hangingUpload(gateway)
    gateway.child.kill('SIGSTOP')
    await logMuch(base)
    process.kill(gateway.pid, 'SIGTERM')
    await doorClosed(base)
    end()
    t.equal((await answer).status, 200)
    t.equal(await gateway.ended, 0)
  })

  t.test('that is closed ends the process, too, when the log goes elsewhere', BOUND, async (t) => {
    const gateway = await inTerminal(t, [], { LOG: join(t.testdir({}), 'log') })
    await gateway.until(/answers at/)
    await gateway.leave()
    t.equal(await gateway.ended, 0)
  })

  t.test('that is closed ends the sandbox alone, too', BOUND, async (t) => {
    const sandbox = await inTerminal(t, SANDBOX)
    await sandbox.until(/answers at/)
    await sandbox.leave()
    t.equal(await sandbox.ended, 0)
  })
})

t.test('a pipe that nobody reads', async (t) => {
  t.test('holds nothing up: lines are dropped, and counted once it is read; then 0', BOUND, async (t) => {
    const pipe = reluctantPipe(t)
    const gateway = run(t, [], SERVE, { stdio: ['ignore', pipe.writer, 'pipe'] })
    const { base, answer, end } = await hangingUpload(gateway)
    await logMuch(base)
    const [, count] = await pipe.until(/"level":50,.*"lines":(\d+),"msg":"lines are missing here/)
    t.ok(Number(count) > 0)
    const before = pipe.read().length
    await (await fetch(`${base}/healthz`, { headers: { 'x-request-id': 'afterwards' } })).text()
    await pipe.until(/afterwards/)
    t.ok(pipe.read().length > before)
    t.doesNotThrow(() => { for (const line of pipe.read().trim().split('\n')) JSON.parse(line) }, 'lines are whole')
    await logMuch(base)
    gateway.child.kill('SIGTERM')
    await doorClosed(base)
    end()
    t.equal((await answer).status, 200)
    t.equal(await gateway.ended, 0)
  })

  for (const [how, code, variables, tell] of [
    ['a second signal', 1, {}, (kill: (signal: NodeJS.Signals) => void) => { kill('SIGINT') }],
    ['the end of its grace', 1, { SHUTDOWN_GRACE_SECONDS: '1' }, () => {}],
    ['a second error', 1, {}, (kill: (signal: NodeJS.Signals) => void) => { kill('SIGWINCH') }]
  ] as const) {
    t.test(`does not keep ${how} from ending the process`, BOUND, async (t) => {
      const pipe = reluctantPipe(t)
      const failing = 'data:text/javascript,process.on("SIGWINCH",()=>{throw new Error("unforeseen")})'
      const gateway = run(t, [], { ...SERVE, ...variables }, {
        command: [process.execPath, '--import', failing, ...PROGRAM],
        stdio: ['ignore', pipe.writer, pipe.writer]
      })
      const { base, answer } = await hangingUpload(pipe)
      await logMuch(base)
      pipe.fill()
      gateway.child.kill(how === 'a second error' ? 'SIGWINCH' : 'SIGTERM')
      await doorClosed(base)
      tell((signal) => { gateway.child.kill(signal) })
      t.equal(await gateway.ended, code)
      await t.rejects(answer)
    })
  }
})

t.test('a failure to start ends the process with its code, whoever reads of it', BOUND, async (t) => {
  const other = createServer()
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  t.teardown(() => other.close())
  const PORT = String((other.address() as AddressInfo).port) // it listens on a port, not on a pipe
  const unread = reluctantPipe(t)
  unread.fill()
  const left = reluctantPipe(t)
  left.leave()
  for (const { writer } of [unread, left]) {
    t.equal(await run(t, [], { PORT }, { stdio: ['ignore', writer, writer] }).ended, 3)
    t.equal(await run(t, [], { PORT: 'x' }, { stdio: ['ignore', writer, writer] }).ended, 2)
  }
})

t.test('a pipe whose reader is gone', async (t) => {
  t.test('takes nothing with it; SIGTERM ends the process then, after an upload', BOUND, async (t) => {
    const pipe = reluctantPipe(t)
    const gateway = run(t, [], SERVE, { stdio: ['ignore', pipe.writer, pipe.writer] })
    const { base, answer, end } = await hangingUpload(pipe)
    pipe.leave()
    await logMuch(base)
    gateway.child.kill('SIGTERM')
    await doorClosed(base)
    end()
    t.equal((await answer).status, 200)
    t.equal(await gateway.ended, 0)
  })

  t.test('is no failure of a command that writes to it', BOUND, async (t) => {
    const { writer, leave } = reluctantPipe(t)
    leave()
    const stdio = ['ignore', writer, writer] as const
    const codes = { openapi: 0, '--help': 0, key: 0, 'sandbox --coverage': 0, serv: 2, health: 1 }
    for (const [line, code] of Object.entries(codes)) {
      t.equal(await run(t, line.split(' '), { PORT: '1' }, { stdio: [...stdio] }).ended, code, line)
    }
    const sandbox = run(t, SANDBOX, {}, { stdio: ['ignore', writer, 'pipe'] })
    await sandbox.until(/answers at/)
    sandbox.child.kill('SIGTERM')
    t.equal(await sandbox.ended, 0)
  })
})

t.test('a full disk', { skip: !existsSync('/dev/full') && 'this system has no /dev/full' }, async (t) => {
  const full = openSync('/dev/full', 'w')
  t.teardown(() => { closeSync(full) })
  t.test('is a failure of a command that writes a document to it', BOUND, async (t) => {
    const { ended, output } = run(t, ['openapi'], {}, { stdio: ['ignore', full, 'pipe'] })
    t.equal(await ended, 1)
    t.equal(output.err, 'Standard output cannot be written: ENOSPC\n')
  })

  t.test('takes the log, and nothing else', BOUND, async (t) => {
    const gateway = run(t, [], SERVE, { stdio: ['ignore', full, 'pipe'] })
    const { base, answer, end } = await hangingUpload(gateway)
    await logMuch(base)
    gateway.child.kill('SIGTERM')
    await doorClosed(base)
    end()
    t.equal((await answer).status, 200)
    t.equal(await gateway.ended, 0)
  })
})

t.test('npm start', async (t) => {
  // What npm puts between itself and the gateway: a shell, which dies of a signal that npm passes on.
  t.test('ends the gateway when the shell in between is ended', BOUND, async (t) => {
    const words = [process.execPath, ...PROGRAM].map((word) => `'${word}'`).join(' ')
    const command = ['sh', '-c', `${words} & echo $! >&2; wait`]
    const shell = run(t, [], { ...SERVE, npm_lifecycle_event: 'start' }, { command })
    const [, pid] = await shell.until(/^(\d+)\n/)
    t.teardown(() => { try { process.kill(Number(pid), 'SIGKILL') } catch {} })
    await shell.until(/answers at/)
    shell.child.kill('SIGTERM')
    await shell.ended // its output ends with the gateway
    t.match(shell.output.out, /shutting down/)
  })

  t.test('lets a signal come twice; the next one ends at once', BOUND, async (t) => {
    const gateway = run(t, [], { ...SERVE, npm_lifecycle_event: 'start' })
    const { base, answer } = await hangingUpload(gateway)
    gateway.child.kill('SIGINT')
    await gateway.until(/shutting down/)
    gateway.child.kill('SIGINT')
    await doorClosed(base)
    t.equal(gateway.child.exitCode, null)
    gateway.child.kill('SIGINT')
    t.equal(await gateway.ended, 1)
    await t.rejects(answer)
  })
})

t.test('a crash of native code ends the process', BOUND, async (t) => {
  const sandbox = run(t, SANDBOX)
  await sandbox.until(/answers at/)
  sandbox.child.kill('SIGSEGV')
  await sandbox.ended
  t.equal(sandbox.child.signalCode, 'SIGSEGV')
})
