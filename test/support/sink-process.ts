import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { SinkOrder, SinkState } from '../bench/sink.ts'

export interface SinkProcess {
  readonly url: string
  /** Changes how it reads from now on, and gives what it has seen since the last order. */
  readonly order: (order: SinkOrder) => Promise<SinkState>
}

/** The upstream of the bench, which takes files of any size and holds none, as a process of its own. */
export async function startSinkProcess (t: { teardown: (end: () => void) => void }): Promise<SinkProcess> {
  const child = fork(join(import.meta.dirname, '../bench/sink.ts'), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  t.teardown(() => { child.kill('SIGKILL') })
  const order = async (given: SinkOrder): Promise<SinkState> => {
    child.send(given)
    const [state] = await once(child, 'message') as [SinkState] // both sides are ours
    return state
  }
  return { url: (await order({})).url, order }
}
