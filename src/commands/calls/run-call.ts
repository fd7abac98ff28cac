import { GatewayClient, GatewayProblem, GatewayUnreachable } from '../../api/index.ts'
import { CALL_SUMMARIES, type CallName } from '../help.ts'
import { EXIT, type Interrupted, type Command, type ExitCode, type Terminal } from '../terminal.ts'
import { parseOptions, UsageError, type OptionTable } from '../usage.ts'
import { printable, type GatewayCall } from './call.ts'
import { deleteAssets } from './delete.ts'
import { environments } from './environments.ts'
import { explain } from './explain.ts'
import { get } from './get.ts'
import { list } from './list.ts'
import { sign } from './sign.ts'
import { signedUrl } from './signed-url.ts'
import { update } from './update.ts'
import { upload } from './upload.ts'
import { url } from './url.ts'

export const CALLS = {
  upload, url, list, get, update, delete: deleteAssets, 'signed-url': signedUrl, sign, explain, environments
} as const satisfies Record<CallName, GatewayCall>

const DEFAULT_URL = 'http://127.0.0.1:8080'
const COMMON: OptionTable = {
  url: { type: 'string' },
  environment: { type: 'string', short: 'e' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' }
}
const COMMON_HELP = `
Every call
  --url <address>            Where the gateway answers (GATEWAY_URL, ${DEFAULT_URL})
  -e, --environment <name>   Environment; the gateway's default when not given
  --json                     JSON, one value a line, as when the output is no terminal
  GATEWAY_KEY                Variable that holds your key, where the gateway wants one
`

/** Returns the page that `help <call>` and `<call> --help` print. */
export function callHelp (name: CallName): string {
  const { usage, help } = CALLS[name]
  return `Usage: cloudinary-gateway ${name}${usage && ` ${usage}`} [options]\n\n${CALL_SUMMARIES[name]}\n\n${help}${COMMON_HELP}`
}

/** Why nothing answered, as the system calls it. */
function reasonOf (error: unknown): string {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ('code' in cause && typeof cause.code === 'string') return ` (${cause.code})`
  }
  return ''
}

/** Tells a person what went wrong, and returns the code that a script sees. */
function reported (error: unknown, { err }: Terminal): ExitCode {
  if (error instanceof GatewayProblem) {
    const request = error.requestId === undefined ? [] : [`Request: ${error.requestId}`]
    const lines = [`${error.message} (${error.code})`, error.advice, ...request]
    err(lines.map((line) => `${printable(line)}\n`).join(''))
    return EXIT.failed
  }
  if (error instanceof GatewayUnreachable) {
    err(`${printable(error.message.replace(/\.$/, ''))}${reasonOf(error)}.\n` +
      'Start a gateway with "npm start", or name another one with GATEWAY_URL.\n')
    return EXIT.unreachable
  }
  if (error instanceof DOMException && error.name === 'TimeoutError') {
    err('The gateway took too long to answer.\n')
    return EXIT.failed
  }
  throw error
}

function clientOf (
  { variables }: Terminal, values: { url?: unknown, environment?: unknown }, timeoutMs: number | undefined
): GatewayClient {
  const url = String(values.url ?? (variables['GATEWAY_URL'] || DEFAULT_URL))
  const environment = values.environment === undefined ? undefined : String(values.environment)
  try {
    return new GatewayClient({ url, key: variables['GATEWAY_KEY'] || undefined, environment, timeoutMs })
  } catch (error) {
    // It says which of the two is wrong, and not what it is.
    throw new UsageError((error as TypeError).message.replace(/\.$/, ''))
  }
}

/** Runs a command against the gateway that GATEWAY_URL names. */
export const runCall: Command<{ name: CallName, args: readonly string[], timeoutMs?: number }> = async (
  terminal, { name, args, timeoutMs }
) => {
  const call: GatewayCall = CALLS[name]
  const { values, positionals: words } = parseOptions(args, { ...COMMON, ...call.options }, {
    allowNegative: true
  })
  if (values['help']) {
    terminal.out(callHelp(name))
    return EXIT.done
  }
  const gateway = clientOf(terminal, values, timeoutMs)
  const signal = terminal.interruption()
  const json = !terminal.interactive || values['json'] === true
  try {
    return await call.run({ terminal, gateway, values, words, signal, json })
  } catch (error) {
    if (error instanceof UsageError) throw error
    if (!signal.aborted) return reported(error, terminal)
    const { message, code } = signal.reason as Interrupted // nothing else aborts it
    if (message !== '') terminal.err(`${message}\n`)
    return code
  }
}
