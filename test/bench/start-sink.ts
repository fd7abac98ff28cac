import { join } from 'node:path'
import type { Bench } from './figure.ts'
import { Helper } from './servers.ts'
import type { SinkOrder, SinkState } from './sink.ts'

export interface Sink {
  readonly url: string
  /** Changes how it reads from now on, and gives what it has seen since the last order. */
  order (order: SinkOrder): Promise<SinkState>
}

export async function startSink (bench: Bench): Promise<Sink> {
  const helper = Helper.start(join(import.meta.dirname, 'sink.ts'))
  bench.onClose(() => helper.stop())
  const order = (given: SinkOrder): Promise<SinkState> => helper.ask<SinkState>(given)
  return { url: (await order({})).url, order }
}
