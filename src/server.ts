#!/usr/bin/env node
import { createRequire } from 'node:module'
import closeWithGrace from 'close-with-grace'
import { HELP, parseCommandLine, UsageError, type CommandLine } from './commands/command-line.ts'
import { EXIT, type ExitCode, type Terminal } from './commands/terminal.ts'

const { version } = createRequire(import.meta.url)('cloudinary-gateway/package.json') as { version: string } // our own package.json

// The rest of a document that nobody reads any more (`... openapi | head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => { if (error.code !== 'EPIPE') throw error })

const terminal: Terminal = {
  variables: process.env,
  version,
  interactive: process.stdout.isTTY,
  out: (text) => { process.stdout.write(text) },
  err: (text) => { process.stderr.write(text) },
  onShutdown: (graceSeconds, close, reload) => {
    const isReloading = reload !== undefined && !process.stdout.isTTY
    if (isReloading) process.on('SIGHUP', reload)
    // Profilers and process managers send it; nobody who does wants the process to end.
    process.on('SIGUSR2', () => {})
    closeWithGrace({
      skip: isReloading ? ['SIGHUP', 'SIGUSR2'] : ['SIGUSR2'],
      delay: graceSeconds * 1000,
      logger: false,
      onSecondSignal: (signal) => { terminal.err(`A second ${signal}: ending at once.\n`) },
      onTimeout: () => { terminal.err(`Not ended within ${graceSeconds} seconds: ending at once.\n`) }
    }, async ({ err }) => {
      if (err) terminal.err(`${described(err)}\n`)
      await close()
    })
  }
}

/** An error that nobody foresaw: its stack, for the report, but none of the members that libraries hang on errors. */
function described (error: unknown): string {
  return error instanceof Error ? error.stack ?? error.message : 'Something that is no error was thrown.'
}

/** Runs a command. Each is loaded only when it is asked for, so that a health probe stays quick. */
async function run (line: CommandLine): Promise<ExitCode | undefined> {
  switch (line.command) {
    case 'help': terminal.out(HELP); return EXIT.done
    case 'version': terminal.out(`${version}\n`); return EXIT.done
    case 'serve': return (await import('./commands/serve.ts')).serve(terminal, {})
    case 'sandbox': return (await import('./commands/sandbox.ts')).sandbox(terminal, line.options)
    case 'health': return (await import('./commands/health.ts')).health(terminal, {})
    case 'openapi': return (await import('./commands/openapi.ts')).openapi(terminal, line.options)
    case 'key': return (await import('./commands/key.ts')).key(terminal, line.options)
  }
}

try {
  process.exitCode = await run(parseCommandLine(process.argv.slice(2), process.env))
} catch (error) {
  const misused = error instanceof UsageError
  terminal.err(misused ? `${error.message} (see --help)\n` : `${described(error)}\n`)
  process.exitCode = misused ? EXIT.misused : EXIT.failed
}
