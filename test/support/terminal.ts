import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import type { Test } from 'tap'
import { programCommand, run } from './program.ts'

const script = spawnSync('script', ['--version'], { encoding: 'utf8' })
const HAS_SCRIPT = String(script.stdout).includes('util-linux')
export const NO_TERMINAL = !HAS_SCRIPT && 'script (util-linux), which makes terminals, is not installed'

/** Starts the program in a terminal. */
export async function inTerminal (
  t: Test, args: readonly string[], variables: Record<string, string> = {}, command = programCommand()
) {
  const session = join(import.meta.dirname, '../fixtures/terminal-session.sh')
  const words = ['exec', 'sh', session, ...command, ...args].map((word) => `'${word}'`).join(' ')
  const terminal = run(t, [], { PORT: '0', SHELL: '/bin/sh', ...variables }, {
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
