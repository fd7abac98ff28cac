import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { SandboxOptions } from '../../src/sandbox/index.ts'
import { bareNode, productArguments } from './product.ts'

const STARTER = join(import.meta.dirname, '../fixtures/sandbox-process.js')

/** A sandbox in a process of its own, and how to end that as `kill -9` does. */
export async function startSandboxProcess (
  t: { teardown: (end: () => Promise<void>) => void }, data: string, options: SandboxOptions = {}
) {
  const args = productArguments('src/sandbox/index.ts')
  const sandbox = pathToFileURL(String(args.pop())).href
  const [program, ...given] = bareNode([...args, STARTER, data, JSON.stringify(options), sandbox])
  const child = spawn(program, given, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const ended = new Promise<void>((resolve) => { child.once('exit', () => { resolve() }) })
  const kill = async () => {
    child.kill('SIGKILL')
    await ended
  }
  t.teardown(kill)
  const url = await new Promise<string>((resolve) => { child.once('message', (message) => { resolve(String(message)) }) })
  return { url, kill }
}
