import { pino, type DestinationStream, type Logger, type LoggerOptions } from 'pino'
import type { Config } from '../../config/types.ts'
import { Outlet } from './outlet.ts'
import type { SecretMask } from './secret-mask.ts'
import { serializeError } from './serialize-error.ts'
import type { Terminal } from '../terminal.ts'

/** Makes JSON lines readable for a person at a terminal. */
async function prettyLines (): Promise<(lines: string) => string> {
  const { prettyFactory } = await import('pino-pretty')
  const format = prettyFactory({ colorize: true, ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss' })
  return (lines) => lines.trimEnd().split('\n').map(format).join('')
}

/** A system call costs many times what a line costs, so lines are written together. */
const LINGER_MS = 50

/** Members under which libraries log the headers of a request, with keys and cookies of callers in them. */
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
  const options: LoggerOptions = {
    level: config.logLevel,
    serializers: { err: serializeError },
    redact: { paths: HEADERS, censor: '[secret]' }
  }
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
