import type { FastifyInstance } from 'fastify'
import type { DestinationStream, Logger } from 'pino'
import { buildApp } from '../app.ts'
import { ConfigError, loadConfig } from '../config/config.ts'
import { SANDBOX_CLOUDS, withSandbox } from '../config/sandbox-environments.ts'
import type { Config } from '../config/types.ts'
import { banner } from './banner.ts'
import { listenFault } from './listening.ts'
import { reloadCredentials } from './reloading.ts'
import { createLogger } from './logger.ts'
import { programFinder } from './program.ts'
import { EXIT, type Command, type ExitCode, type Terminal } from './terminal.ts'

/** What is open and must be closed, the last opened first. */
type Closers = Array<() => Promise<unknown>>

async function closeAll (closers: Closers): Promise<void> {
  for (const close of closers.toReversed()) await close()
}

/** Starts the embedded sandbox. It is loaded only now: a gateway with credentials never loads the image library. */
async function startEmbedded (config: Config, path: string | undefined, closers: Closers): Promise<string> {
  const { startSandbox } = await import('../sandbox/index.ts')
  const { host, port, data, publicUrl } = config.sandbox
  const sandbox = await startSandbox({ host, port, data, clouds: SANDBOX_CLOUDS, samples: true, findFfmpeg: programFinder('ffmpeg', path), ...publicUrl === undefined ? {} : { publicUrl } })
  closers.push(() => sandbox.close())
  return sandbox.url
}

/** Proves every environment's credentials once, and says which are wrong and why. The others work all the same. */
async function tellProofs (app: FastifyInstance, logger: Logger): Promise<void> {
  for (const { name, verified, reason } of await app.proveCredentials()) {
    if (verified) logger.info({ environment: name }, 'credentials verified')
    else logger.error({ environment: name, reason }, 'credentials not verified')
  }
}

/** A failure to start, in lines without a stack where the cause is known. */
function startFault (error: unknown, config: Config, sandboxUrl: string | undefined): { line: string, code: ExitCode } | undefined {
  // Known by its name: this room has no business with what reads policies.
  if (error instanceof Error && error.name === 'PolicyError') return { line: error.message, code: EXIT.misused }
  const startsSandbox = config.sandbox.start && sandboxUrl === undefined
  const [host, port, variable] = startsSandbox ? [config.sandbox.host, config.sandbox.port, 'SANDBOX_PORT'] : [config.host, config.port, 'PORT']
  const line = listenFault(error, host, port, variable)
  return line === undefined ? undefined : { line, code: EXIT.occupied }
}

function readConfig (terminal: Terminal): Config | undefined {
  try {
    return loadConfig(terminal.variables)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    terminal.err(`${error.message}\n`)
    return undefined
  }
}

/** Starts the gateway, and the sandbox where the config says so. `destination` takes the log in place of standard output. */
export const serve: Command<{ destination?: DestinationStream }> = async (terminal, { destination }) => {
  let config = readConfig(terminal)
  if (config === undefined) return EXIT.misused
  const logger = await createLogger(config, terminal.interactive, destination)
  for (const warning of config.warnings) logger.warn(warning)
  const closers: Closers = []
  let sandboxUrl: string | undefined
  try {
    if (config.sandbox.start) {
      sandboxUrl = await startEmbedded(config, terminal.variables['PATH'], closers)
      config = withSandbox(config, sandboxUrl)
      logger.info({ url: sandboxUrl, data: config.sandbox.data }, 'no Cloudinary account is used: the sandbox answers in its place')
    }
    const app = await buildApp({ config, logger, version: terminal.version })
    closers.push(() => app.close())
    const stopReloading = reloadCredentials(app, { variables: terminal.variables, logger, sandboxUrl })
    closers.push(async () => { stopReloading() })
    const url = await app.listen({ host: config.host, port: config.port })
    terminal.onShutdown(config.shutdownGraceSeconds, () => {
      logger.info('shutting down')
      return closeAll(closers)
    })
    if (config.auth.mode === 'none') logger.warn('AUTH=none: whoever reaches this address may do everything')
    if (sandboxUrl !== undefined) terminal.err(banner(config, url, sandboxUrl))
    await tellProofs(app, logger)
    return undefined
  } catch (error) {
    await closeAll(closers)
    const fault = startFault(error, config, sandboxUrl)
    if (fault === undefined) throw error
    terminal.err(`${fault.line}\n`)
    return fault.code
  }
}
