import { parseArgs } from 'node:util'
import { nearestName } from '../schemas/nearest-name.ts'

export const HELP = `Usage: cloudinary-gateway [command] [options]

Commands
  serve              Start the gateway. This is the default; it is configured by environment variables.
  sandbox            Start the offline Cloudinary alone, and print the CLOUDINARY_URL that points at it.
      --host <address>   Address to listen on (127.0.0.1)
      --port <number>    Port to listen on; 0 takes a free one (8081)
      --data <folder>    Where assets are kept (.sandbox/); :memory: keeps none
      --cloud <name>     Cloud name (demo)   } repeat all three
      --key <key>        Its API key (1234)  } for more
      --secret <secret>  Its API secret (abcd) } clouds
  health             Ask a running gateway on this machine whether it lives.
  openapi            Print the OpenAPI document.
      --json             As JSON, not as YAML
  key [name]         Make a key for a caller, and print it with its entry for GATEWAY_KEYS.

Options
  -h, --help         Print this
  -v, --version      Print the version

Exit codes
  0  ended as asked
  1  failed, was not well, or did not end within its grace
  2  command line or configuration not valid
  3  address, port or sandbox folder not to be had
`

/** A port as text; 0 takes a free one. */
export interface SandboxArguments {
  readonly host: string
  readonly port: number
  readonly data: string
  readonly clouds: ReadonlyArray<{ cloudName: string, apiKey: string, apiSecret: string }>
}

export type CommandLine =
  | { command: 'serve' | 'health' | 'help' | 'version' }
  | { command: 'sandbox', options: SandboxArguments }
  | { command: 'openapi', options: { json: boolean } }
  | { command: 'key', options: { name: string } }

/** A command line that cannot be understood; the message is for the person who typed it. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

const COMMON = { help: { type: 'boolean', short: 'h' }, version: { type: 'boolean', short: 'v' } } as const
const OPTIONS = {
  ...COMMON,
  host: { type: 'string' },
  port: { type: 'string' },
  data: { type: 'string' },
  cloud: { type: 'string', multiple: true },
  key: { type: 'string', multiple: true },
  secret: { type: 'string', multiple: true },
  json: { type: 'boolean' }
} as const

/** Options that each command knows besides `--help` and `--version`. */
const KNOWN = {
  serve: [],
  sandbox: ['host', 'port', 'data', 'cloud', 'key', 'secret'],
  health: [],
  openapi: ['json'],
  key: []
} as const satisfies Record<string, ReadonlyArray<keyof typeof OPTIONS>>
type CommandName = keyof typeof KNOWN

function parse (args: string[]) {
  try {
    return parseArgs({ args, options: OPTIONS, allowPositionals: true })
  } catch (error) {
    // Node's message names the option; what follows the first sentence is advice about positionals.
    throw new UsageError((error as Error).message.replace(/\. .*$/s, '')) // parseArgs throws nothing but errors
  }
}
type Values = ReturnType<typeof parse>['values']

function commandName (text: string): CommandName {
  if (Object.hasOwn(KNOWN, text)) return text as CommandName // it is a key of KNOWN
  const nearest = nearestName(text, Object.keys(KNOWN))
  throw new UsageError(`Unknown command '${text}'${nearest === undefined ? '' : `; did you mean '${nearest}'?`}`)
}

function sandboxArguments ({ host = '127.0.0.1', port = '8081', data = '.sandbox/', cloud = [], key = [], secret = [] }: Values): SandboxArguments {
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) throw new UsageError('--port must be a whole number from 0 to 65535')
  if (new Set([cloud.length, key.length, secret.length]).size > 1) throw new UsageError('--cloud, --key and --secret belong together: give each of them as often')
  if (new Set(cloud).size < cloud.length) throw new UsageError('--cloud names one cloud twice')
  const clouds = cloud.map((cloudName, index) => ({ cloudName, apiKey: String(key[index]), apiSecret: String(secret[index]) }))
  if (clouds.some((parts) => Object.values(parts).includes(''))) throw new UsageError('--cloud, --key and --secret must not be empty')
  return { host, port: Number(port), data, clouds: clouds.length > 0 ? clouds : [{ cloudName: 'demo', apiKey: '1234', apiSecret: 'abcd' }] }
}

/**
 * Reads the arguments after the program's name.
 * @throws {UsageError}
 */
export function parseCommandLine (args: readonly string[]): CommandLine {
  const { values, positionals: [first = 'serve', name, ...rest] } = parse([...args])
  if (values.help) return { command: 'help' }
  if (values.version) return { command: 'version' }
  const command = commandName(first)
  const stray = Object.keys(values).find((option) => !(KNOWN[command] as readonly string[]).includes(option))
  if (stray !== undefined) throw new UsageError(`'${command}' has no option --${stray}`)
  const surplus = command === 'key' ? rest[0] : name
  if (surplus !== undefined) throw new UsageError(`'${command}' takes no argument '${surplus}'`)
  if (command === 'sandbox') return { command, options: sandboxArguments(values) }
  if (command === 'openapi') return { command, options: { json: values.json === true } }
  if (command === 'key') return { command, options: { name: callerName(name) } }
  return { command }
}

function callerName (name = 'web'): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name)) throw new UsageError('The name of a caller is made of up to 64 letters, digits, dots, - and _')
  return name
}
