import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import { loadConfig } from '../config/config.ts'
import type { Config } from '../config/types.ts'
import { withSandbox } from '../config/sandbox-environments.ts'
import { FILE_SUFFIX, type EnvironmentVariables } from '../config/source.ts'

/** How often the files that hold credentials are looked at, in milliseconds. Mounted secrets change without a signal. */
const POLL_MS = 5_000

export interface ReloadingOptions {
  readonly variables: EnvironmentVariables
  readonly logger: Logger
  /** Where the embedded sandbox listens; its environments are in no file. */
  readonly sandboxUrl: string | undefined
  /** To be told of new credentials before anybody uses them. */
  readonly mask?: { learn (environments: Config['environments']): void } | undefined
  readonly pollMs?: number
}

export interface Reloading {
  /** Looks at the files now. */
  check (): void
  stop (): void
}

/** Only what is read from a file can change while the process runs. */
function readsCredentialFiles (variables: EnvironmentVariables): boolean {
  return Object.entries(variables).some(([name, value]) => name.startsWith('CLOUDINARY_') && name.endsWith(FILE_SUFFIX) && value)
}

/**
 * Reads credentials from files again and again, and gives changed ones to the requests to come. What cannot be read or
 * is not valid changes nothing; it is told once, without a value.
 */
export function reloadCredentials (app: FastifyInstance, { variables, logger, sandboxUrl, mask, pollMs = POLL_MS }: ReloadingOptions): Reloading {
  if (!readsCredentialFiles(variables)) return { check: () => {}, stop: () => {} }
  const count = app.metrics?.watch('credentials')
  let told = ''
  const check = (): void => {
    try {
      const read = loadConfig(variables)
      const { environments } = sandboxUrl === undefined ? read : withSandbox(read, sandboxUrl)
      mask?.learn(environments)
      const changed = app.cloudinary.replace(environments)
      if (changed.length > 0) logger.info({ environments: changed }, 'credentials were reloaded')
      else if (told !== '') logger.info('the credentials before are there again')
      if (changed.length > 0 || told !== '') count?.('loaded')
      told = ''
    } catch (error) {
      // A ConfigError names variables and reasons, and no value.
      const reason = String(error)
      if (reason === told) return
      logger.error({ reason }, 'changed credentials cannot be used; those before stay in force')
      count?.('failed')
      told = reason
    }
  }
  const timer = setInterval(check, pollMs)
  // The process must not live on for this alone.
  timer.unref()
  return { check, stop: () => { clearInterval(timer) } }
}
