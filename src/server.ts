#!/usr/bin/env node
import { closeSync, openSync } from 'node:fs'
import { createRequire } from 'node:module'
import { devNull } from 'node:os'
import { isatty } from 'node:tty'
import closeWithGrace from 'close-with-grace'
import { HELP, parseCommandLine, type CommandLine } from './commands/command-line.ts'
import { Outlet } from './commands/log/outlet.ts'
import { EXIT, Interrupted, type ExitCode, type Terminal } from './commands/terminal.ts'
import { UsageError } from './commands/usage.ts'
import { steadyClock } from './clock.ts'

const { version } = createRequire(import.meta.url)('cloudinary-gateway/package.json') as { version: string } // our own package.json

/** Standard streams that were terminals at the start. */
const TERMINALS = [0, 1, 2].filter((fd) => isatty(fd))
/** Signals that end the process: the first when its work is done, a later one at once. */
const ENDS = ['SIGINT', 'SIGTERM', 'SIGQUIT'] as const
/** Signals of a crash: with a listener it would repeat for ever. */
const CRASHES = ['SIGILL', 'SIGABRT', 'SIGBUS', 'SIGFPE', 'SIGSEGV', 'SIGTRAP'] as const
/** All that close-with-grace would listen to. */
const SIGNALS = [...ENDS, 'SIGHUP', 'SIGUSR2', ...CRASHES] as const
/**
 * Signals that arrive this soon after the first repeat it: npm, docker compose and shells pass on what the
 * whole process group has received already, such as Ctrl-C.
 */
const ECHO_MS = 1_000
const IS_NPM_START = process.env['npm_lifecycle_event'] === 'start'
const LOOK_FOR_PARENT_MS = 500

/** Messages for people: whoever has stopped reading them neither ends nor holds up the process. */
const messages = new Outlet(2)
/** Runs when the process ends, in this order. */
const finishers = [() => { messages.flushSync() }, leaveTerminals]

/** Ends a command that calls a gateway. */
const interruption = new AbortController()

const terminal: Terminal = {
  variables: process.env,
  version,
  constrainedMemory: () => process.constrainedMemory(),
  interactive: process.stdout.isTTY,
  animated: TERMINALS.includes(2),
  person: () => TERMINALS.includes(0) && TERMINALS.includes(2) ? process.stdin : undefined,
  interruption: () => {
    // The second signal ends the process at once: nobody listens any more.
    const end = (): void => { interruption.abort(new Interrupted('Interrupted.', EXIT.interrupted)) }
    for (const signal of ENDS) process.once(signal, end)
    return interruption.signal
  },
  out: (text) => { process.stdout.write(text) },
  err: (text) => { messages.write(text) },
  logDescriptor: 1,
  onExit: (finish) => { finishers.unshift(finish) },
  onShutdown: (graceSeconds, close, reload) => {
    process.off('uncaughtException', crash)
    let isClosing = false
    const ending = closeWithGrace({
      skip: [...SIGNALS],
      delay: graceSeconds * 1000,
      logger: false,
      onSecondError: (error) => { terminal.err(`${described(error)}\nA second error: ending at once.\n`) },
      onTimeout: () => { terminal.err(`Not ended within ${graceSeconds} seconds: ending at once.\n`) }
    }, async ({ err }) => {
      isClosing = true
      if (err) terminal.err(`${described(err)}\n`)
      await close()
    })
    endOnSignals(() => isClosing, () => { ending.close() }, reload)
  }
}

function ignore (): void {}

/** Calls `close` when the process is told to end, once. */
function endOnSignals (isClosing: () => boolean, close: () => void, reload: (() => void) | undefined): void {
  let begunMs = -Infinity
  const end = (): void => {
    if (isClosing()) return
    begunMs = steadyClock()
    close()
  }
  for (const signal of ENDS) {
    process.on(signal, () => {
      if (!isClosing()) return end()
      if (steadyClock() - begunMs < ECHO_MS) return
      terminal.err(`A second ${signal}: ending at once.\n`)
      process.exit(EXIT.failed)
    })
  }
  // That child is a shell. When it dies of a signal, nobody tells the gateway.
  const parent = process.ppid
  if (IS_NPM_START) setInterval(() => { if (process.ppid !== parent) end() }, LOOK_FOR_PARENT_MS).unref()
  // A terminal that goes away sends it twice, by the shell and by the system.
  process.on('SIGHUP', reload !== undefined && TERMINALS.length === 0 ? reload : end)
  // Profilers and process managers send it; nobody who does wants the process to end.
  process.on('SIGUSR2', ignore)
}

/** Ends the process after an error that no command waits for. Node would print what libraries hang on it. */
function crash (error: unknown): void {
  terminal.err(`${described(error)}\n`)
  process.exit(EXIT.failed)
}

/**
 * Detaches the process from its terminals. On exit Node resets those that were there at the start; when one has gone
 * away meanwhile, Node 20 never ends and Node 22 crashes. Nothing here changes their modes, so no reset is needed.
 */
function leaveTerminals (): void {
  for (const fd of TERMINALS) {
    closeSync(fd)
    openSync(devNull, 'r+') // takes the lowest free number, which is `fd`
  }
}

/** An error that nobody foresaw: its stack, for the report, but none of the members that libraries hang on errors. */
function described (error: unknown): string {
  return error instanceof Error ? error.stack ?? error.message : 'Something that is no error was thrown.'
}

async function helpOf ({ topic }: CommandLine & { command: 'help' }): Promise<string> {
  return topic === undefined ? HELP : (await import('./commands/calls/run-call.ts')).callHelp(topic)
}

/** Returns the terminal with the variables that options have set. */
function configured ({ variables }: CommandLine & { command: 'serve' | 'health' }): Terminal {
  return { ...terminal, variables: { ...terminal.variables, ...variables } }
}

/** Runs a command. Each is loaded only when it is asked for, so that a health probe stays quick. */
async function run (line: CommandLine): Promise<ExitCode | undefined> {
  switch (line.command) {
    case 'help': terminal.out(await helpOf(line)); return EXIT.done
    case 'version': terminal.out(`${version}\n`); return EXIT.done
    case 'serve': return (await import('./commands/serve.ts')).serve(configured(line), {})
    case 'sandbox': return (await import('./commands/sandbox.ts')).sandbox(terminal, line.options)
    case 'health': return (await import('./commands/health.ts')).health(configured(line), {
      ready: line.ready
    })
    case 'openapi': return (await import('./commands/openapi.ts')).openapi(terminal, line.options)
    case 'call': return (await import('./commands/calls/run-call.ts')).runCall(terminal, line.options)
    case 'key': return (await import('./commands/key.ts')).key(terminal, line.options)
  }
}

process.on('exit', () => { for (const finish of finishers) finish() })
process.on('uncaughtException', crash)
process.stderr.on('error', ignore) // written to by Node alone
process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
  // A document that nobody reads to its end (`... openapi | head`, a closed terminal) is not a failure.
  if (code === 'EPIPE' || TERMINALS.includes(1)) return interruption.abort(new Interrupted('', EXIT.done))
  terminal.err(`Standard output cannot be written: ${code}\n`)
  process.exitCode = EXIT.failed
})
try {
  const code = await run(parseCommandLine(process.argv.slice(2), process.env))
  process.exitCode ??= code // unless its output could not be written
} catch (error) {
  const misused = error instanceof UsageError
  terminal.err(misused ? `${error.message} (see --help)\n` : `${described(error)}\n`)
  process.exitCode = misused ? EXIT.misused : EXIT.failed
}
