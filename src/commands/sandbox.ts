import { pino } from 'pino'
import { isLoopback } from '../net/addresses.ts'
import type { SandboxArguments } from './command-line.ts'
import { programFinder } from './find-program.ts'
import { listenFault } from './listen-fault.ts'
import { serializeError } from './log/serialize-error.ts'
import { EXIT, type Command } from './terminal.ts'

const GRACE_SECONDS = 5
/** The one thing that the exported URL cannot say: the Node SDK takes its default over what stands there. */
const LINKS = 'The Node SDK makes https links, which lead here but fail: cloudinary.url(id, { secure: false }) makes one that works.'

/** Starts the sandbox alone and prints what to export; or only says what it can. */
export const sandbox: Command<SandboxArguments> = async (terminal, { coverage, allowProduction, ...options }) => {
  if (coverage) {
    const { coverageText } = await import('../sandbox/pages/coverage.ts')
    terminal.out(coverageText())
    return EXIT.done
  }
  // What is meant to be Cloudinary must not be this by an oversight.
  if (terminal.variables['NODE_ENV'] === 'production' && !allowProduction) {
    terminal.err('NODE_ENV is production, and the sandbox is not Cloudinary: give --allow-production if it is meant.\n')
    return EXIT.misused
  }
  const { startSandbox } = await import('../sandbox/index.ts')
  // Its requests can be looked up; what breaks inside it cannot.
  const logger = pino({ level: 'error', serializers: { err: serializeError } }, { write: (line) => terminal.err(line) })
  try {
    const running = await startSandbox({ samples: true, ...options, logger, findFfmpeg: programFinder('ffmpeg', terminal.variables['PATH']) })
    terminal.onShutdown(GRACE_SECONDS, () => running.close())
    for (const { cloudName } of running.clouds) terminal.out(`export CLOUDINARY_URL='${running.cloudinaryUrl(cloudName).replaceAll('\'', '%27')}'\n`)
    terminal.err(`The sandbox answers at ${running.url}; Ctrl-C ends it.\n`)
    if (options.publicUrl === undefined && !isLoopback(options.host)) terminal.err(`Its links lead to ${running.url}; where others reach it elsewhere, say so with --public-url.\n`)
    if (!options.publicUrl?.startsWith('https:')) terminal.err(`${LINKS}\n`)
    return undefined
  } catch (error) {
    const fault = listenFault(error, options.host, options.port, '--port')
    if (fault === undefined) throw error
    terminal.err(`${fault}\n`)
    return EXIT.occupied
  }
}
