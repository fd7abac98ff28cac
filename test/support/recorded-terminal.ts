import type { Terminal } from '../../src/commands/terminal.ts'

export interface RecordedTerminal extends Terminal {
  /** What is to run when the process ends. */
  readonly finishers: Array<() => void>
  /** All that was written, by stream. */
  readonly written: { out: string, err: string }
  /** What a signal would set off; undefined as long as nothing runs. */
  shutdown: { graceSeconds: number, close: () => Promise<void>, reload?: (() => void) | undefined } | undefined
}

/** A terminal that remembers what a command wrote and how it would be shut down. */
export function recordedTerminal (variables: Terminal['variables'] = {}, logDescriptor = 1): RecordedTerminal {
  const written = { out: '', err: '' }
  const finishers: Array<() => void> = []
  return {
    variables,
    version: '1.2.3',
    constrainedMemory: () => undefined,
    interactive: false,
    animated: false,
    person () { return undefined },
    interruption: () => new AbortController().signal,
    logDescriptor,
    finishers,
    onExit (finish) { finishers.push(finish) },
    written,
    shutdown: undefined,
    out (text) { written.out += text },
    err (text) { written.err += text },
    onShutdown (graceSeconds, close, reload) { this.shutdown = { graceSeconds, close, reload } }
  }
}
