import { closeSync, existsSync, openSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { doorClosed, hangingUpload, insist, logMuch, run, type HangingUpload } from '../support/program.ts'
import { reluctantPipe } from '../support/reluctant-pipe.ts'
import { LONG } from '../support/rounds.ts'

// However the process is told to end, it ends. Each test waits for that, and fails when it waits in vain.
const BOUND = { timeout: 120_000, skip: LONG }
/** A grace that no upload of these tests outlives, however busy the machine is. */
const SERVE = { PORT: '0', SHUTDOWN_GRACE_SECONDS: '600' }
const SANDBOX = ['sandbox', '--port', '0', '--data', ':memory:']

/** SIGTERM closes the door; the upload goes on to its end, and the process ends with it. */
async function endsAfter (
  t: Test, { base, answer, end }: HangingUpload, gateway: ReturnType<typeof run>
): Promise<void> {
  gateway.child.kill('SIGTERM')
  await doorClosed(base)
  end()
  t.equal((await answer).status, 200)
  t.equal(await gateway.ended, 0)
}

t.test('a pipe that nobody reads', async (t) => {
  t.test('holds nothing up: lines are dropped, and counted once it is read; then 0', BOUND, async (t) => {
    const pipe = reluctantPipe(t)
    const gateway = run(t, [], SERVE, { stdio: ['ignore', pipe.writer, 'pipe'] })
    const upload = await hangingUpload(gateway)
    const { base } = upload
    await logMuch(base)
    const [, count] = await pipe.until(/"level":50,.*"lines":(\d+),"msg":"lines are missing here/)
    t.ok(Number(count) > 0)
    const before = pipe.read().length
    await (await fetch(`${base}/healthz`, { headers: { 'x-request-id': 'afterwards' } })).text()
    await pipe.until(/afterwards/)
    t.ok(pipe.read().length > before)
    t.doesNotThrow(
      () => { for (const line of pipe.read().trim().split('\n')) JSON.parse(line) }, 'lines are whole'
    )
    await logMuch(base)
    await endsAfter(t, upload, gateway)
  })

  for (const [how, code, variables, tell] of [
    ['a second signal', 1, {}, (gateway: ReturnType<typeof run>) => insist(gateway, 'SIGINT')],
    ['the end of its grace', 1, { SHUTDOWN_GRACE_SECONDS: '1' }, ({ ended }: ReturnType<typeof run>) => ended]
  ] as const) {
    t.test(`does not keep ${how} from ending the process`, BOUND, async (t) => {
      const pipe = reluctantPipe(t)
      const stdio = ['ignore', pipe.writer, pipe.writer] as const
      const gateway = run(t, [], { ...SERVE, ...variables }, { stdio: [...stdio] })
      const { base, answer } = await hangingUpload(pipe)
      await logMuch(base)
      pipe.fill()
      gateway.child.kill('SIGTERM')
      await doorClosed(base)
      t.equal(await tell(gateway), code)
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
  t.equal(await run(t, [], { PORT }, { stdio: ['ignore', unread.writer, unread.writer] }).ended, 3)
  t.equal(await run(t, [], { PORT: 'x' }, { stdio: ['ignore', left.writer, left.writer] }).ended, 2)
})

t.test('a pipe whose reader is gone', async (t) => {
  t.test('takes nothing with it; SIGTERM ends the process then, after an upload', BOUND, async (t) => {
    const pipe = reluctantPipe(t)
    const gateway = run(t, [], SERVE, { stdio: ['ignore', pipe.writer, pipe.writer] })
    const upload = await hangingUpload(pipe)
    pipe.leave()
    await logMuch(upload.base)
    await endsAfter(t, upload, gateway)
  })

  t.test('is no failure of a command that writes to it', BOUND, async (t) => {
    const { writer, leave } = reluctantPipe(t)
    leave()
    const stdio = ['ignore', writer, writer] as const
    const codes = { key: 0, serv: 2 }
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
  t.test('takes the log, and nothing else', BOUND, async (t) => {
    const gateway = run(t, [], SERVE, { stdio: ['ignore', full, 'pipe'] })
    const upload = await hangingUpload(gateway)
    await logMuch(upload.base)
    await endsAfter(t, upload, gateway)
  })
})

t.test('a crash of native code ends the process', BOUND, async (t) => {
  const sandbox = run(t, SANDBOX)
  await sandbox.until(/answers at/)
  sandbox.child.kill('SIGSEGV')
  await sandbox.ended
  t.equal(sandbox.child.signalCode, 'SIGSEGV')
})
