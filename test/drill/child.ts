import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

export const ROOT = join(import.meta.dirname, '../..')
export const TAP = join(ROOT, 'node_modules/tap/dist/esm/run.mjs')

/** Runs a program to its end, its output on ours. @throws when it ends with anything but 0. */
export async function run (program: string, args: readonly string[], variables: Readonly<Record<string, string>> = {}): Promise<void> {
  const child = spawn(program, args, { cwd: ROOT, env: { ...process.env, ...variables }, stdio: ['ignore', 'inherit', 'inherit'] })
  const [code, signal] = await once(child, 'exit') as [number | null, string | null]
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code ?? signal}`)
}
