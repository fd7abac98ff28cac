import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import t, { type Test } from 'tap'
import { doorClosed, hangingUpload, logMuch, PROGRAM, run } from './support/program.ts'

// The process ends when its terminal does. Each test waits for that, and fails when it waits in vain.
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
