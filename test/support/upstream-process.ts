import { spawn } from 'node:child_process'
import { join } from 'node:path'
import type { Seen, Step } from './fault-upstream.ts'
import { bareNode } from './product.ts'
import { WITH_TYPESCRIPT } from './with-typescript.ts'

export interface UpstreamProcess {
  readonly url: string
  /** Orders for the next requests, one each. */
  readonly script: (steps: readonly Step[]) => Promise<void>
  /** Every request so far. */
  readonly seen: () => Promise<Array<Omit<Seen, 'text'>>>
}

/** The upstream that misbehaves on order, as a process of its own; it ends with the test. */
export async function startUpstreamProcess (
  t: { teardown: (end: () => void) => void }
): Promise<UpstreamProcess> {
  const [program, ...args] = bareNode([...WITH_TYPESCRIPT, join(import.meta.dirname, 'fault-upstream.ts')])
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => { child.kill('SIGKILL') })
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.once('data', (line: Buffer) => { resolve(line.toString().trim()) })
    child.once('exit', (code) => { reject(new Error(`the upstream ended with ${code}`)) })
  })
  return {
    url,
    script: async (steps) => {
      await fetch(`${url}/_script`, { method: 'POST', body: JSON.stringify(steps) })
    },
    // as it writes them
    seen: async () => await (await fetch(`${url}/_seen`)).json() as Array<Omit<Seen, 'text'>>
  }
}
