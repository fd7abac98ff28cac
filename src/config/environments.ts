import type { CloudinaryEnvironment } from '../schemas/environment.ts'
import type { Proxy } from '../net/proxies.ts'
import { Secret } from '../secret.ts'
import { parseCloudinaryUrl, type ParsedEnvironment } from './environments/cloudinary-url.ts'
import { credentialFaults, strayFault, type Credentials } from './environments/credentials.ts'
import { defaultSettings, OPTION_NAMES } from './environments/options.ts'
import { findOptions, readOptionVariables, type GivenOption } from './environments/option-variables.ts'
import type { ProxyOf } from './environments/proxies.ts'
import { FILE_SUFFIX, type Source } from './source.ts'

/** The environment that the variables without a name speak of. */
export const UNNAMED = 'production'

const URL_VARIABLE = /^CLOUDINARY_URL(?:_(.+))?$/
const PART_VARIABLE = /^CLOUDINARY_(?:(.+)_)?(CLOUD_NAME|API_KEY|API_SECRET)$/
const SUFFIXES = { cloudName: 'CLOUD_NAME', apiKey: 'API_KEY', apiSecret: 'API_SECRET' } as const
const PARTS = ['cloudName', 'apiKey', 'apiSecret'] as const

/** Where one environment's credentials were found: the part of its variables' names that tells it from others. */
interface VariableSet {
  /** As written, such as `EDITOR`; empty for the variables without a name. */
  readonly infix: string
  readonly form: 'url' | 'parts'
}

const urlVariable = (infix: string): string => infix === '' ? 'CLOUDINARY_URL' : `CLOUDINARY_URL_${infix}`
const partVariable = (infix: string, part: string): string => infix === '' ? `CLOUDINARY_${part}` : `CLOUDINARY_${infix}_${part}`
/** One variable to name when the whole set is meant. */
const firstVariable = ({ infix, form }: VariableSet): string => form === 'url' ? urlVariable(infix) : partVariable(infix, 'CLOUD_NAME')

/** True for a variable that gives credentials, in either form, with or without `_FILE`. */
export function isCredentialVariable (name: string): boolean {
  return variableSetOf(name) !== undefined
}

function variableSetOf (name: string): VariableSet | undefined {
  const plain = name.endsWith(FILE_SUFFIX) ? name.slice(0, -FILE_SUFFIX.length) : name
  const url = URL_VARIABLE.exec(plain)
  if (url) return { infix: url[1] ?? '', form: 'url' }
  const part = PART_VARIABLE.exec(plain)
  // Cloudinary's own account variables have a place in its clients, not here.
  return part ? { infix: part[1] ?? '', form: 'parts' } : undefined
}

/**
 * Returns what tells whether `CLOUDINARY_URL_<NAME>` is a part or an option of an environment called `url`,
 * where there is one, and not the URL of an environment `<NAME>`, which would begin with `cloudinary:`.
 */
function memberOfUrl (source: Source): (variable: string) => boolean {
  const parts = PARTS.map((part) => partVariable('URL', SUFFIXES[part]))
  const members = new Set([...parts, ...OPTION_NAMES.map((option) => urlVariable(option.toUpperCase()))])
  const isThere = source.has(urlVariable('URL')) || parts.filter((name) => source.has(name)).length > 1
  return (variable) => {
    const plain = variable.endsWith(FILE_SUFFIX) ? variable.slice(0, -FILE_SUFFIX.length) : variable
    return isThere && members.has(plain) && !/^cloudinary:/i.test(source.plain(plain) ?? '')
  }
}

/** Name of the environment whose variables have this infix. */
const nameOf = (infix: string): string => infix === '' ? UNNAMED : infix.toLowerCase()

interface Found {
  /** Lower case. */
  readonly name: string
  readonly variables: VariableSet
  /** Further sets that claim the same name: a fault. */
  readonly others: VariableSet[]
}

/** The set of an environment called `url`; undefined for an option of it. */
const partOfUrl = (variable: string): VariableSet | undefined =>
  PART_VARIABLE.test(variable.replace(/_FILE$/, '')) ? { infix: 'URL', form: 'parts' } : undefined

/** Sets of variables by the name of their environment, in the order of the names. */
function findEnvironments (source: Source, isOfUrl: (variable: string) => boolean): Found[] {
  const found = new Map<string, Found>()
  for (const variable of source.names) {
    const variables = isOfUrl(variable) ? partOfUrl(variable) : variableSetOf(variable)
    if (variables === undefined) continue
    const name = nameOf(variables.infix)
    const known = found.get(name)
    if (known === undefined) found.set(name, { name, variables, others: [] })
    else if (![known.variables, ...known.others].some(({ infix, form }) => infix === variables.infix && form === variables.form)) known.others.push(variables)
  }
  return [...found.values()].sort((a, b) => a.name < b.name ? -1 : 1)
}

function readUrl (source: Source, infix: string, insecure: boolean): ParsedEnvironment | undefined {
  const variable = urlVariable(infix)
  const text = source.value(variable)
  if (text === undefined) return undefined
  const parsed = parseCloudinaryUrl(text, insecure)
  for (const reason of parsed.reasons) source.fault(variable, reason)
  return 'credentials' in parsed ? parsed : undefined
}

function readParts (source: Source, infix: string): ParsedEnvironment | undefined {
  const given: Partial<Record<keyof Credentials, string>> = {}
  for (const part of PARTS) {
    const variable = partVariable(infix, SUFFIXES[part])
    if (!source.has(variable)) source.fault(variable, 'is missing')
    const text = source.value(variable)
    const stray = text === undefined ? undefined : strayFault(text)
    if (stray !== undefined) source.fault(variable, stray)
    else if (text !== undefined) given[part] = text
  }
  const { cloudName, apiKey, apiSecret } = given
  if (cloudName === undefined || apiKey === undefined || apiSecret === undefined) return undefined
  const credentials = { cloudName, apiKey, apiSecret }
  for (const { part, reason } of credentialFaults(credentials)) {
    source.fault(partVariable(infix, SUFFIXES[part]), reason)
  }
  return { credentials, settings: defaultSettings(), given: new Set(), reasons: [], warnings: [] }
}

/** Returns the fault of an environment that has options and no credentials. */
function missingCredentials (name: string, infix: string): string {
  const parts = PARTS.map((part) => partVariable(infix, SUFFIXES[part])).join(', ')
  return `is an option of the environment ${name}, which has no credentials: set ${urlVariable(infix)}, or ${parts}`
}

/**
 * Takes out `CLOUDINARY_API_PROXY`, as the official clients call it: the proxy of every environment without
 * one.
 */
function takeSharedProxy (source: Source, options: Map<string, GivenOption[]>): Proxy | undefined {
  const unnamed = options.get(UNNAMED)?.filter(
    ({ infix, option }) => infix === '' && option === 'api_proxy'
  ) ?? []
  const others = options.get(UNNAMED)?.filter((option) => !unnamed.includes(option)) ?? []
  if (others.length > 0) options.set(UNNAMED, others)
  else options.delete(UNNAMED)
  const settings = defaultSettings()
  readOptionVariables(source, unnamed, settings, { given: new Set(), url: '' }, false)
  return settings.proxy
}

/** Every environment with credentials, in the order of their names. Faults go to `source`, doubts to `warnings`. */
export function readEnvironments (
  source: Source, { insecure, proxyOf }: { insecure: boolean, proxyOf: ProxyOf }, warnings: string[]
): CloudinaryEnvironment[] {
  const environments: CloudinaryEnvironment[] = []
  const isOfUrl = memberOfUrl(source)
  const found = findEnvironments(source, isOfUrl)
  const options = findOptions(source, nameOf, new Set(found.map(({ name }) => name)), isOfUrl)
  const shared = takeSharedProxy(source, options)
  for (const { name, variables, others } of found) {
    const own = options.get(name) ?? []
    options.delete(name)
    if (!/^[a-z][a-z0-9_-]{0,31}$/.test(name)) {
      source.fault(firstVariable(variables), 'does not name an environment: a letter, then up to 31 letters, digits and _')
      continue
    }
    for (const other of others) {
      source.fault(firstVariable(other), `gives the environment ${name} a second time, beside ${firstVariable(variables)}; keep one of them`)
    }
    const parsed = variables.form === 'url' ? readUrl(source, variables.infix, insecure) : readParts(source, variables.infix)
    const { settings, given } = parsed ?? { settings: defaultSettings(), given: new Set<string>() }
    readOptionVariables(source, own, settings, { given, url: firstVariable(variables) }, insecure)
    if (parsed === undefined) continue
    warnings.push(...parsed.warnings.map((warning) => `${firstVariable(variables)} ${warning}`))
    const { cloudName, apiKey, apiSecret } = parsed.credentials
    const proxy = settings.proxy ?? shared ?? proxyOf(settings.uploadPrefix)
    environments.push({
      name, cloudName, apiKey, apiSecret: new Secret(apiSecret), ...settings, proxy, sandbox: false
    })
  }
  for (const [name, alone] of options) {
    for (const { variable, infix } of alone) source.fault(variable, missingCredentials(name, infix))
  }
  return environments
}

/** The environment that answers when a request names none: the one named, else `production`, else the only one. */
export function chooseDefault (names: readonly string[], wanted: string | undefined): { name: string } | { reason: string } {
  const name = wanted?.toLowerCase() ?? (names.length === 1 ? names.join('') : UNNAMED)
  if (names.includes(name)) return { name }
  const there = `there are ${names.join(', ')}`
  return { reason: wanted === undefined ? `is missing: ${there}, and none is called ${UNNAMED}` : `names an environment that there is not; ${there}` }
}
