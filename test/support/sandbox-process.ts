import { fork } from 'node:child_process'
import { join } from 'node:path'
import type { Test } from 'tap'
import type { SandboxOptions } from '../../src/sandbox/index.ts'
import { WITH_TYPESCRIPT } from './with-typescript.ts'

/** A sandbox in a process of its own, and how to end that as `kill -9` does. */
export async function startSandboxProcess (t: Test, data: string, options: SandboxOptions = {}) {
  const child = fork(join(import.meta.dirname, '../fixtures/sandbox-process.ts'), [data, JSON.stringify(options)], { execArgv: [...WITH_TYPESCRIPT], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const ended = new Promise<void>((resolve) => { child.once('exit', () => { resolve() }) })
  const kill = async () => {
    child.kill('SIGKILL')
    await ended
  }
  t.teardown(kill)
  const url = await new Promise<string>((resolve) => { child.once('message', (message) => { resolve(String(message)) }) })
  return { url, kill }
}
