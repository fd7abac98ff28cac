import { credentialFaults } from '../config/environments/credentials.ts'
import { withoutServiceLinks } from '../config/service-links.ts'
import type { EnvironmentVariables } from '../config/source.ts'
import { CALL_SUMMARIES, type CallName } from './help.ts'
import { meant, parseOptions, UsageError, wholeNumber } from './usage.ts'

export { HELP } from './help.ts'

/** Port 0 takes a free one. */
export interface SandboxArguments {
  readonly host: string
  readonly port: number
  readonly data: string
  readonly clouds: readonly CloudArgument[]
  readonly allowPrivateFetch: boolean
  readonly allowProduction: boolean
  /** Only say what it can. */
  readonly coverage: boolean
  readonly adminRateLimit?: number
  readonly publicUrl?: string
  readonly seed?: number
  readonly strictUrls?: true
  readonly samples?: false
}
interface CloudArgument extends CloudSwitches { cloudName: string, apiKey: string, apiSecret: string }
/** What an account may be set to; the same for every cloud of the command line. */
interface CloudSwitches { allowResourceList?: true, allowPdfAndZip?: true, strictTransformations?: true, folderMode?: 'fixed', authTokenKey?: string }

export type CommandLine =
  | { command: 'version' }
  /** Variables that options have set. They win over those of the environment. */
  | { command: 'serve', variables: EnvironmentVariables }
  | { command: 'health', variables: EnvironmentVariables, ready?: true }
  | { command: 'help', topic?: CallName }
  | { command: 'call', options: { name: CallName, args: readonly string[] } }
  | { command: 'sandbox', options: SandboxArguments }
  | { command: 'openapi', options: { json: boolean } }
  | { command: 'key', options: { name: string } }

const COMMON = { help: { type: 'boolean', short: 'h' }, version: { type: 'boolean', short: 'v' } } as const
const OPTIONS = {
  ...COMMON,
  host: { type: 'string' },
  port: { type: 'string' },
  ready: { type: 'boolean' },
  data: { type: 'string' },
  cloud: { type: 'string', multiple: true },
  key: { type: 'string', multiple: true },
  secret: { type: 'string', multiple: true },
  'allow-private-fetch': { type: 'boolean' },
  'allow-production': { type: 'boolean' },
  'allow-list': { type: 'boolean' },
  'allow-pdf-zip': { type: 'boolean' },
  strict: { type: 'boolean' },
  'strict-urls': { type: 'boolean' },
  'folder-mode': { type: 'string' },
  'token-key': { type: 'string' },
  'admin-rate-limit': { type: 'string' },
  'public-url': { type: 'string' },
  seed: { type: 'string' },
  'no-samples': { type: 'boolean' },
  coverage: { type: 'boolean' },
  json: { type: 'boolean' },
  'log-level': { type: 'string' },
  sandbox: { type: 'string' },
  'sandbox-port': { type: 'string' },
  'sandbox-data': { type: 'string' },
  'route-prefix': { type: 'string' },
  'policy-file': { type: 'string' },
  'cors-origins': { type: 'string' },
  'metrics-port': { type: 'string' }
} as const

/** Options of the gateway, each named after its variable. None is a secret: other users see command lines. */
const SETTINGS = [
  'host', 'port', 'log-level', 'sandbox', 'sandbox-port', 'sandbox-data', 'route-prefix', 'policy-file',
  'cors-origins', 'metrics-port'
] as const
const PORTS: readonly string[] = ['port', 'sandbox-port', 'metrics-port']

/** Options that each command knows besides `--help` and `--version`. */
const KNOWN = {
  serve: SETTINGS,
  sandbox: ['host', 'port', 'data', 'cloud', 'key', 'secret', 'allow-private-fetch', 'allow-production', 'allow-list', 'allow-pdf-zip', 'strict', 'strict-urls', 'folder-mode', 'token-key',
    'admin-rate-limit', 'public-url', 'seed', 'no-samples', 'coverage'],
  health: ['host', 'port', 'ready'],
  openapi: ['json'],
  key: []
} as const satisfies Record<string, ReadonlyArray<keyof typeof OPTIONS>>
type CommandName = keyof typeof KNOWN

const parse = (args: readonly string[]) => parseOptions(args, OPTIONS)
type Values = ReturnType<typeof parse>['values']

const isCall = (text: string): text is CallName => Object.hasOwn(CALL_SUMMARIES, text)

function commandName (text: string): CommandName {
  if (Object.hasOwn(KNOWN, text)) return text as CommandName // it is a key of KNOWN
  throw new UsageError(
    `Unknown command '${text}'${meant(text, [...Object.keys(KNOWN), ...Object.keys(CALL_SUMMARIES), 'help'])}`
  )
}

/** Returns the variables that the options stand for. A file that names the same value no longer counts. */
function variablesOf (values: Values): EnvironmentVariables {
  return Object.fromEntries(SETTINGS.flatMap((option) => {
    const value = values[option]
    if (value === undefined) return []
    if (PORTS.includes(option)) wholeNumber(`--${option}`, value, 65_535)
    const variable = option.toUpperCase().replaceAll('-', '_')
    return [[variable, value], [`${variable}_FILE`, undefined]]
  }))
}

/** `help` alone, or of one command. */
function helpLine (topic = 'help', surplus?: string): CommandLine {
  if (surplus !== undefined) throw new UsageError(`'help' takes no argument '${surplus}'`)
  if (isCall(topic)) return { command: 'help', topic }
  if (topic !== 'help') commandName(topic) // what is no command has no page
  return { command: 'help' }
}

/** An option, else the variable that the gateway has for the sandbox inside it; `name` is what a fault blames. */
function optionOr (values: Values, variables: EnvironmentVariables, option: 'host' | 'port' | 'data' | 'public-url'): { name: string, text: string | undefined } {
  const variable = `SANDBOX_${option.toUpperCase().replace('-', '_')}`
  const text = variables[variable] || undefined
  return values[option] === undefined && text !== undefined ? { name: variable, text } : { name: `--${option}`, text: values[option] }
}

function isSwitchedOn (variables: EnvironmentVariables, name: string): boolean {
  const text = variables[name] || 'false'
  if (text !== 'true' && text !== 'false') throw new UsageError(`${name} must be true or false`)
  return text === 'true'
}

function sandboxPlace (values: Values, variables: EnvironmentVariables) {
  const [host, port, data, publicUrl] = (['host', 'port', 'data', 'public-url'] as const).map((option) => optionOr(values, variables, option)) as [Named, Named, Named, Named] // one for each
  if (publicUrl.text !== undefined && !/^https?:\/\/[^/?#\s]+\/?$/.test(publicUrl.text)) throw new UsageError(`${publicUrl.name} must be a scheme, a host and maybe a port: http://localhost:8081`)
  return {
    host: host.text ?? '127.0.0.1',
    port: wholeNumber(port.name, port.text ?? '8081', 65_535),
    data: data.text ?? '.sandbox/',
    ...(publicUrl.text !== undefined && { publicUrl: publicUrl.text })
  }
}
type Named = ReturnType<typeof optionOr>

function sandboxArguments (values: Values, variables: EnvironmentVariables): SandboxArguments {
  const { cloud = [], key = [], secret = [], ...flags } = values
  const given = cloudArguments(cloud, key, secret)
  const switches = cloudSwitches(flags)
  const clouds = given.length > 0 ? given : [{ cloudName: 'demo', apiKey: '1234', apiSecret: 'abcd' }]
  const { 'admin-rate-limit': rateLimit, seed } = flags
  return {
    ...sandboxPlace(values, variables),
    clouds: clouds.map((one) => ({ ...one, ...switches })),
    allowPrivateFetch: flags['allow-private-fetch'] ?? isSwitchedOn(variables, 'SANDBOX_ALLOW_PRIVATE_FETCH'),
    allowProduction: flags['allow-production'] === true,
    coverage: flags.coverage === true,
    ...(rateLimit !== undefined && { adminRateLimit: wholeNumber('--admin-rate-limit', rateLimit, 1_000_000_000) }),
    ...(seed !== undefined && { seed: wholeNumber('--seed', seed, 4_294_967_295) }),
    ...(flags['strict-urls'] && { strictUrls: true as const }),
    ...(flags['no-samples'] && { samples: false as const })
  }
}

function cloudSwitches (flags: Values): CloudSwitches {
  const { 'folder-mode': folderMode = 'dynamic', 'token-key': authTokenKey } = flags
  if (folderMode !== 'dynamic' && folderMode !== 'fixed') throw new UsageError('--folder-mode must be dynamic or fixed')
  if (authTokenKey !== undefined && !/^(?:[0-9a-f]{2})+$/i.test(authTokenKey)) throw new UsageError('--token-key must be pairs of hex digits')
  return {
    ...(flags['allow-list'] && { allowResourceList: true as const }),
    ...(flags['allow-pdf-zip'] && { allowPdfAndZip: true as const }),
    ...(flags.strict && { strictTransformations: true as const }),
    ...(folderMode === 'fixed' && { folderMode }),
    ...(authTokenKey !== undefined && { authTokenKey })
  }
}

/** `name:key:secret`, or a name that takes the next `--key` and `--secret`. Only the secret may hold a colon. */
function cloudArguments (cloud: readonly string[], key: readonly string[], secret: readonly string[]): CloudArgument[] {
  const named = cloud.filter((text) => !text.includes(':'))
  if (new Set([named.length, key.length, secret.length]).size > 1) throw new UsageError('--cloud, --key and --secret belong together: give each of them as often, or --cloud name:key:secret')
  const clouds = cloud.map((text) => {
    const index = named.indexOf(text)
    const [, cloudName, apiKey, apiSecret] = index < 0 ? /^([^:]*):([^:]*):(.*)$/s.exec(text) ?? [] : [text, text, key[index], secret[index]]
    return { cloudName: cloudName ?? '', apiKey: apiKey ?? '', apiSecret: apiSecret ?? '' }
  })
  if (clouds.some((parts) => Object.values(parts).includes(''))) throw new UsageError('The name, key and secret of a --cloud must not be empty')
  if (new Set(clouds.map(({ cloudName }) => cloudName)).size < clouds.length) throw new UsageError('--cloud names one cloud twice')
  const bad = clouds.flatMap((cloud) => credentialFaults(cloud)).find(({ part }) => part === 'cloudName')
  if (bad) throw new UsageError(`The name of a --cloud ${bad.reason}`)
  return clouds
}

/**
 * Reads the arguments after the program's name; some that are absent come from `variables`.
 * @throws {UsageError}
 */
export function parseCommandLine (args: readonly string[], variables: EnvironmentVariables = {}): CommandLine {
  const [given = '', ...others] = args
  if (isCall(given)) return { command: 'call', options: { name: given, args: others } }
  if (given === 'help') return helpLine(...others as [string?, string?])
  const { values, positionals: [first = 'serve', name, ...rest] } = parse(args)
  if (values.help) return { command: 'help' }
  if (values.version) return { command: 'version' }
  const command = commandName(first)
  const known: readonly string[] = KNOWN[command]
  const stray = Object.keys(values).find((option) => !known.includes(option))
  if (stray !== undefined) {
    throw new UsageError(`'${command}' has no option --${stray}${meant(stray, known, '--')}`)
  }
  const surplus = command === 'key' ? rest[0] : name
  if (surplus !== undefined) throw new UsageError(`'${command}' takes no argument '${surplus}'`)
  if (command === 'sandbox') {
    return { command, options: sandboxArguments(values, withoutServiceLinks(variables)) }
  }
  if (command === 'openapi') return { command, options: { json: values.json === true } }
  if (command === 'key') return { command, options: { name: callerName(name) } }
  const settings = { variables: variablesOf(values) }
  if (command === 'health' && values.ready) return { command, ...settings, ready: true }
  return { command, ...settings }
}

function callerName (name = 'web'): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name)) throw new UsageError('The name of a caller is made of up to 64 letters, digits, dots, - and _')
  return name
}
