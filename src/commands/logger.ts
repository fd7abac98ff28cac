import { pino, type DestinationStream, type Logger, type LoggerOptions } from 'pino'
import type { Config } from '../config/types.ts'
import { Outlet } from './outlet.ts'
import { serializeError } from './serialize-error.ts'
import type { Terminal } from './terminal.ts'

/** A secret as it may turn up in a line: as it is, in a URL, in JSON, alone or with its key in base64 (Basic auth). */
function spellings (key: string, secret: string): string[] {
  const basic = Buffer.from(`${key}:${secret}`)
  return [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1), Buffer.from(secret).toString('base64'), basic.toString('base64'), basic.toString('base64url')]
}

/** The address of Redis, and its password alone: as it stands there, and as it is sent. ioredis takes one from the query as well. */
function redisSpellings (address: string): string[] {
  const { username, password, searchParams } = new URL(address)
  const passwords = [decodeURIComponent(password), searchParams.get('password') ?? ''].filter((text) => text !== '')
  return [address, password, ...passwords.flatMap((text) => spellings(decodeURIComponent(username), text))]
}

/** Credentials remembered at most; those replaced longest ago go first. Who rotates every hour must not slow down the log. */
const MOST_REMEMBERED = 200

/**
 * Replaces each known secret in a line by `[secret]`: a last net, should one ever come near the log. What is learnt
 * later is added to what is known, since a request may go on with credentials that were replaced meanwhile. The
 * sandbox's secrets are public and stay, as do texts too short to be told from words.
 */
export class SecretMask {
  /** Spellings by credentials; those that are in force stand last. */
  readonly #learnt = new Map<string, readonly string[]>()
  readonly #always: readonly string[]
  #known: readonly string[] = []

  constructor ({ environments, redisUrl }: Pick<Config, 'environments' | 'redisUrl'>) {
    this.#always = redisUrl ? redisSpellings(redisUrl.reveal()) : []
    this.learn(environments)
  }

  learn (environments: Config['environments']): void {
    for (const { apiKey, apiSecret, sandbox } of environments) {
      if (sandbox) continue
      const secret = apiSecret.reveal()
      const name = `${apiKey}:${secret}`
      this.#learnt.delete(name)
      this.#learnt.set(name, spellings(apiKey, secret))
    }
    for (const oldest of [...this.#learnt.keys()].slice(0, -MOST_REMEMBERED)) this.#learnt.delete(oldest)
    this.#known = [...new Set([this.#always, ...this.#learnt.values()].flat())].filter((form) => form.length >= 8)
  }

  apply (line: string): string {
    return this.#known.reduce((text, form) => text.includes(form) ? text.replaceAll(form, '[secret]') : text, line)
  }
}

/** Makes JSON lines readable for a person at a terminal. */
async function prettyLines (): Promise<(lines: string) => string> {
  const { prettyFactory } = await import('pino-pretty')
  const format = prettyFactory({ colorize: true, ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss' })
  return (lines) => lines.trimEnd().split('\n').map(format).join('')
}

/** A system call costs many times what a line costs, so lines are written together. */
const LINGER_MS = 50

/** Where libraries put the headers of a request at their most talkative (the multipart parser does): keys and cookies of callers. */
const HEADERS = ['headers', 'req.headers', 'busboyOptions.headers']

const MISSING = 'lines are missing here: the log was not read, or could not be written'

type LogTerminal = Pick<Terminal, 'interactive' | 'logDescriptor' | 'onExit'>

/** The one log of the process, on standard output. `destination` takes its lines instead, one by one. */
export async function createLogger (
  config: Config,
  mask: SecretMask,
  terminal: LogTerminal,
  destination?: DestinationStream
): Promise<Logger> {
  const options: LoggerOptions = { level: config.logLevel, serializers: { err: serializeError }, redact: { paths: HEADERS, censor: '[secret]' } }
  const edit = (lines: string): string => mask.apply(lines)
  if (destination) return pino({ ...options, hooks: { streamWrite: edit } }, destination)
  const format = terminal.interactive && !config.production ? await prettyLines() : undefined
  const outlet = new Outlet(terminal.logDescriptor, {
    lingerMs: LINGER_MS,
    edit: format ? (lines) => format(edit(lines)) : edit,
    onDropped: (lines) => { logger.error({ lines }, MISSING) }
  })
  terminal.onExit(() => { outlet.flushSync() })
  const logger = pino(options, outlet)
  return logger
}
