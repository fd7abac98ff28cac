import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import { loadConfig } from '../config/config.ts'
import { withSandbox } from '../config/environments/sandbox-environments.ts'
import { FILE_SUFFIX, type EnvironmentVariables } from '../config/source.ts'
import type { Config } from '../config/types.ts'

/** How often the files that hold credentials and keys are looked at, in milliseconds. Mounted secrets change without a signal. */
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
  /** Looks at the files now. What they hold is in force once this resolves; it never rejects. */
  check (): Promise<void>
  stop (): void
}

interface Taken {
  /** What is another one now, under the name that the log has for it. */
  readonly changed: Readonly<Record<string, readonly string[]>>
  /** Why not all of it is in force. */
  readonly reason?: string | undefined
}

/** What is read from files of its own, again and again: a fault in another part's files does not keep it back. */
interface Part {
  readonly what: 'credentials' | 'keys'
  /** Its variables, `_FILE` or not. */
  readonly heeded: RegExp
  /** Reads it and gives it to the requests to come. */
  take (): Promise<Taken>
}

function partsOf (app: FastifyInstance, { variables, sandboxUrl, mask }: ReloadingOptions): readonly Part[] {
  // An environment that its proxy cannot serve must not be reached without one.
  const credentials = /^CLOUDINARY_|_PROXY$/i
  const keys = /^(GATEWAY_KEYS|AUTH_PUBLIC_KEY)(_FILE)?$/
  return [{
    what: 'credentials',
    heeded: credentials,
    take: async () => {
      const read = loadConfig(variables, { heeded: credentials })
      const { environments } = sandboxUrl === undefined ? read : withSandbox(read, sandboxUrl)
      mask?.learn(environments)
      return { changed: { environments: app.cloudinary.replace(environments) } }
    }
  }, {
    what: 'keys',
    heeded: keys,
    take: async () => {
      const { changed, reason } = await app.replaceKeys(loadConfig(variables, { heeded: keys }).auth)
      return { changed: { variables: changed }, reason }
    }
  }]
}

/** Takes a part now, and tells of what changed and of what cannot be used: once, until that changes. */
function taker (app: FastifyInstance, logger: Logger, { what, take }: Part): () => Promise<void> {
  const count = app.metrics?.watch(what)
  let told = ''
  const fail = (reason: string, message: string): void => {
    if (reason === told) return
    logger.error({ reason }, message)
    count?.('failed')
    told = reason
  }
  return async () => {
    try {
      const { changed, reason } = await take()
      const isChanged = Object.values(changed).some((names) => names.length > 0)
      if (isChanged) logger.info(changed, `${what} were reloaded`)
      if (reason !== undefined) return fail(reason, `not all ${what} can be used as they stand`)
      if (told !== '' && !isChanged) logger.info(`the files of ${what} can be used again`)
      if (told !== '' || isChanged) count?.('loaded')
      told = ''
    } catch (error) {
      // A ConfigError names variables and reasons, and no value.
      fail(String(error), `changed ${what} cannot be used; those before stay in force`)
    }
  }
}

/**
 * Reads credentials and keys from files again and again, and gives changed ones to the requests to come. What cannot be
 * read or is not valid changes nothing; it is told once, without a value.
 */
export function reloadFiles (app: FastifyInstance, options: ReloadingOptions): Reloading {
  const { variables, logger, pollMs = POLL_MS } = options
  // Only what is read from a file can change while the process runs.
  const files = Object.keys(variables).filter((name) => name.endsWith(FILE_SUFFIX) && variables[name])
  const watched = partsOf(app, options).filter(({ heeded }) => files.some((name) => heeded.test(name)))
  if (watched.length === 0) return { check: async () => {}, stop: () => {} }
  const takers = watched.map((part) => taker(app, logger, part))
  const check = async (): Promise<void> => {
    await Promise.all(takers.map((take) => take())) // they never reject
  }
  const timer = setInterval(() => { check() }, pollMs)
  // The process must not live on for this alone.
  timer.unref()
  return { check, stop: () => { clearInterval(timer) } }
}
