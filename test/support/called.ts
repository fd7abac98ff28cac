import type { Test } from 'tap'
import { runCall } from '../../src/commands/calls/run-call.ts'
import type { CallName } from '../../src/commands/help.ts'
import type { Terminal } from '../../src/commands/terminal.ts'
import { startGateway } from './gateway.ts'
import { recordedTerminal } from './recorded-terminal.ts'

/** What a command printed, and the code that it ended with. */
export interface Called {
  readonly code: number | undefined
  readonly out: string
  readonly err: string
  /** The values that were printed for a program. */
  readonly lines: Array<Record<string, unknown>>
}

/** Runs a command of the command line in this process, on a terminal with these changes. */
export async function called (
  [name, ...args]: readonly [CallName, ...string[]], variables: Terminal['variables'], changes: Partial<Terminal> = {}
): Promise<Called> {
  const terminal = Object.assign(recordedTerminal(variables), changes)
  const code = await runCall(terminal, { name, args })
  const { out, err } = terminal.written
  const lines = terminal.interactive ? [] : out.split('\n').filter((line) => line.startsWith('{'))
  return {
    code, out, err, lines: lines.map((line) => JSON.parse(line) as Called['lines'][number])
  } // objects alone
}

/** Starts a gateway, with images of these names in its sandbox, and returns what calls it. */
export async function callable (t: Test, ...names: string[]) {
  const gateway = await startGateway(t)
  for (const name of names) await gateway.sandbox.add(name)
  const call = (args: readonly [CallName, ...string[]], changes?: Partial<Terminal>): Promise<Called> =>
    called(args, { GATEWAY_URL: gateway.url }, changes)
  /** As a person at a terminal sees it. */
  const see = (args: readonly [CallName, ...string[]], changes: Partial<Terminal> = {}): Promise<Called> =>
    call(args, { interactive: true, ...changes })
  return { ...gateway, call, see }
}
