import { join } from 'node:path'
import t from 'tap'
import { doorClosed, hangingUpload, logMuch } from './support/program.ts'
import { inTerminal, NO_TERMINAL } from './support/terminal.ts'

// The process ends when its terminal does. Each test waits for that, and fails when it waits in vain.
const BOUND = { timeout: 120_000 }
/** A grace that no upload of these tests outlives, however busy the machine is. */
const SERVE = { PORT: '0', SHUTDOWN_GRACE_SECONDS: '600' }
const SANDBOX = ['sandbox', '--port', '0', '--data', ':memory:']

t.test('a terminal', { skip: NO_TERMINAL }, async (t) => {
  t.test('that has gone without a word takes nothing with it; then SIGTERM ends the process', BOUND, async (t) => {
    const gateway = await inTerminal(t, [], { ...SERVE, DEAF: '1' })
    const { base, answer, end } = await hangingUpload(gateway)
    await gateway.leave()
    end()
    t.equal((await answer).status, 200)
    t.equal((await fetch(`${base}/resources`)).status, 200)
    process.kill(gateway.pid, 'SIGTERM')
    t.equal(await gateway.ended, 0)
  })

  t.test('that is stopped holds nothing up', BOUND, async (t) => {
    const gateway = await inTerminal(t, [], SERVE)
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
    const gateway = await inTerminal(t, [], { ...SERVE, LOG: join(t.testdir({}), 'log') })
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
