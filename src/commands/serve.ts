import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import type { DestinationStream, Logger } from 'pino'
import { buildApp } from '../app.ts'
import { ConfigError, loadConfig } from '../config/config.ts'
import { shownLimit, thisMachine } from '../config/memory-limit.ts'
import { proxiesInUse } from '../config/environments/proxies.ts'
import { SANDBOX_CLOUDS, withSandbox } from '../config/environments/sandbox-environments.ts'
import type { Config } from '../config/types.ts'
import { formatBytes } from '../config/variables.ts'
import { banner } from './banner.ts'
import { programFinder } from './find-program.ts'
import { listenFault } from './listen-fault.ts'
import { createLogger } from './log/logger.ts'
import { SecretMask } from './log/secret-mask.ts'
import { listenForMetrics } from './metrics-listener.ts'
import { reloadFiles } from './reload-files.ts'
import { EXIT, type Command, type ExitCode, type Terminal } from './terminal.ts'

/** What is open and must be closed, the last opened first. */
type Closers = Array<() => Promise<unknown>>

async function closeAll (closers: Closers): Promise<void> {
  for (const close of closers.toReversed()) await close()
}

/** Starts the embedded sandbox. It is loaded only now: a gateway with credentials never loads the image library. */
async function startEmbedded (config: Config, logger: Logger, path: string | undefined, closers: Closers): Promise<string> {
  const { startSandbox } = await import('../sandbox/index.ts')
  const { host, port, data, publicUrl, allowPrivateFetch } = config.sandbox
  const sandbox = await startSandbox({
    host,
    port,
    data,
    allowPrivateFetch,
    clouds: SANDBOX_CLOUDS,
    samples: true,
    // Its requests are those of the gateway, which logs them.
    logger: logger.child({ part: 'sandbox' }, { level: 'error' }),
    findFfmpeg: programFinder('ffmpeg', path),
    ...publicUrl === undefined ? {} : { publicUrl }
  })
  closers.push(() => sandbox.close())
  return sandbox.url
}

/** An address that is about to be listened on, and the variable that chooses it. */
interface Listener { readonly host: string, readonly port: number, readonly variable: string }

/** A failure to start, in lines without a stack where the cause is known. */
function startFault (error: unknown, { host, port, variable }: Listener): { line: string, code: ExitCode } | undefined {
  // Known by their names: this room has no business with what reads policies or speaks to Redis.
  if (error instanceof Error && ['PolicyError', 'RedisRefusal'].includes(error.name)) {
    return { line: error.message, code: EXIT.misused }
  }
  const line = listenFault(error, host, port, variable)
  return line === undefined ? undefined : { line, code: EXIT.occupied }
}

function readConfig (terminal: Terminal): Config | undefined {
  try {
    return loadConfig(terminal.variables, { machine: thisMachine(terminal.constrainedMemory()) })
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    terminal.err(`${error.message}\n`)
    return undefined
  }
}

/** Opens metrics and probes on their own address, where they are wanted. */
async function openMetrics (
  { metrics, readiness }: FastifyInstance, { metrics: address }: Config, logger: Logger, closers: Closers
): Promise<void> {
  if (metrics === undefined || address === undefined) return
  const listener = await listenForMetrics({ metrics: metrics.text, readiness }, address)
  // Second, and so among the last to close: probes and metrics are read while requests end.
  closers.splice(1, 0, () => listener.close())
  logger.info({ url: listener.url }, 'metrics are served')
}

/** Twice this stays with the process. glibc takes notice of 32 MiB at most, its own bookkeeping included. */
const BLOCK_BYTES = 31 * 1024 ** 2

/**
 * Teaches the C library to keep freed memory for a while. glibc gives the end of its heap back to the system
 * whenever 128 KiB of it are free, so that a stream of 64 KiB buffers costs a page fault for every 4 KiB of it. It
 * raises that bound to twice the largest block it has seen freed: so one is asked for, never written to (it takes no
 * memory) and left to the collector. The bound must be above what one collection frees, which is up to 32 MiB of
 * buffers. Other C libraries take no notice.
 * Source: mallopt(3), "M_MMAP_THRESHOLD" and "M_TRIM_THRESHOLD".
 */
export function keepFreedMemory (): void { Buffer.allocUnsafeSlow(BLOCK_BYTES) }

/** What was chosen for the memory there is, as the log shows it. */
function memoryOf ({ memory: { limitBytes, source }, upload }: Config) {
  return {
    memory_limit: shownLimit(limitBytes),
    memory_limit_source: source,
    upload_buffer: formatBytes(upload.bufferBytes),
    uploads_at_once: upload.maxConcurrent,
    upload_chunk: formatBytes(upload.chunkBytes)
  }
}

/** Starts the gateway, and the sandbox where the config says so. `destination` takes the log in place of standard output. */
export const serve: Command<{ destination?: DestinationStream }> = async (terminal, { destination }) => {
  let config = readConfig(terminal)
  if (config === undefined) return EXIT.misused
  if (config.memory.keepsFreed) keepFreedMemory()
  const mask = new SecretMask(config)
  const logger = await createLogger(config, mask, terminal, destination)
  for (const warning of config.warnings) logger.warn(warning)
  const proxies = proxiesInUse(config)
  if (proxies !== undefined) logger.info(`proxies: ${proxies}`)
  logger.info(memoryOf(config), 'memory is sized')
  const closers: Closers = [() => new Promise<void>((resolve) => { logger.flush(() => { resolve() }) })]
  let sandboxUrl: string | undefined
  let listener: Listener = { ...config.sandbox, variable: 'SANDBOX_PORT' }
  try {
    if (config.sandbox.start) {
      sandboxUrl = await startEmbedded(config, logger, terminal.variables['PATH'], closers)
      config = withSandbox(config, sandboxUrl)
      logger.info({ url: sandboxUrl, data: config.sandbox.data }, 'no Cloudinary account is used: the sandbox answers in its place')
    }
    listener = { ...config.metrics ?? config, variable: 'METRICS_PORT' }
    const app = await buildApp({ config, logger, version: terminal.version })
    closers.push(() => app.close())
    // Before the log writes its last lines: what is registered later runs first.
    terminal.onExit(() => { app.reportCut() })
    const files = reloadFiles(app, { variables: terminal.variables, logger, sandboxUrl, mask })
    closers.push(async () => { files.stop() })
    await openMetrics(app, config, logger, closers)
    listener = { ...config, variable: 'PORT' }
    const url = await app.listen({ host: config.host, port: config.port })
    const { shutdownDrainSeconds: drain, shutdownGraceSeconds: grace } = config
    terminal.onShutdown(drain + grace, async () => {
      logger.info('shutting down')
      app.drain()
      await sleep(drain * 1000)
      await closeAll(closers)
    }, () => {
      logger.info('looking at policy, key and credential files')
      app.reloadPolicy() // it never rejects
      files.check().then(app.proveCredentialsAgain) // neither rejects
    })
    if (config.auth.mode === 'none') logger.warn('AUTH=none: whoever reaches this address may do everything')
    if (sandboxUrl !== undefined) terminal.err(banner(config, url, sandboxUrl))
    await app.proveCredentials() // the log says which are wrong; the others work all the same
    return undefined
  } catch (error) {
    await closeAll(closers)
    const fault = startFault(error, listener)
    if (fault === undefined) throw error
    terminal.err(`${fault.line}\n`)
    return fault.code
  }
}
