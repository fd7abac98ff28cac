import { decoded } from '../../input/decoded.ts'
import { parseUrl, STRAY_PERCENT } from '../../net/urls.ts'
import { credentialFaults, strayFault, type Credentials } from './credentials.ts'
import {
  defaultSettings, OPTION_NAMES, setOption, unknownOption, type EnvironmentSettings
} from './options.ts'

/**
 * Credentials and options of one environment, as read. `reasons` and `warnings` follow the variable's name in
 * a sentence.
 */
export interface ParsedEnvironment {
  readonly credentials: Credentials
  readonly settings: EnvironmentSettings
  /** Names of the options that were given. */
  readonly given: ReadonlySet<string>
  readonly reasons: readonly string[]
  readonly warnings: readonly string[]
}

const SHAPE = 'is not of the form cloudinary://key:secret@cloud'
const PART_NAMES = {
  cloudName: 'the cloud name', apiKey: 'the API key', apiSecret: 'the API secret'
} as const

function readOptions (url: URL, insecure: boolean) {
  const settings = defaultSettings()
  const reasons: string[] = []
  const warnings: string[] = []
  const names = [...url.searchParams.keys()]
  const given = new Set(names)
  for (const name of given) {
    if (OPTION_NAMES.includes(name)) {
      if (names.indexOf(name) !== names.lastIndexOf(name)) reasons.push(`gives the option ${name} twice`)
      continue
    }
    const unknown = unknownOption(name)
    if ('reason' in unknown) reasons.push(unknown.reason)
    else warnings.push(unknown.warning)
  }
  // A path is the private CDN's host name. An option of the same name, being more explicit, wins, as with the
  // official clients.
  const path = url.pathname.replace(/^\/+|\/+$/g, '')
  const pairs: Array<[string, string]> = [...url.searchParams]
  if (path !== '') pairs.unshift(['private_cdn', 'true'], ['secure_distribution', path])
  for (const [name, value] of pairs) {
    const reason = setOption(settings, name, value, insecure)
    if (reason !== undefined) reasons.push(`has a bad option: ${name} ${reason}`)
  }
  return { settings, given, reasons, warnings }
}

/**
 * Reads `cloudinary://key:secret@cloud[/secure_distribution][?option=value]`.
 * Key and secret may be percent-encoded. Source: Cloudinary, "Node.js SDK: configuration".
 * @returns reasons alone when the text is not of that form at all.
 */
export function parseCloudinaryUrl (
  text: string, insecure: boolean
): ParsedEnvironment | { reasons: readonly string[] } {
  // Looked for first: the URL parser would drop line ends and blanks without a word.
  const stray = strayFault(text)
  if (stray !== undefined) return { reasons: [stray] }
  if (!/^cloudinary:\/\//i.test(text)) return { reasons: ['must begin with cloudinary://'] }
  const url = parseUrl(text)
  if (url === undefined) return { reasons: [SHAPE] }
  if (url.port !== '') return { reasons: [url.username === '' ? SHAPE : 'has a port after the cloud name'] }
  if (url.hash !== '') return { reasons: ['has a # in it'] }
  const [cloudName, apiKey, apiSecret] = [decoded(url.hostname), decoded(url.username), decoded(url.password)]
  if (cloudName === undefined || apiKey === undefined || apiSecret === undefined) {
    return { reasons: [STRAY_PERCENT] }
  }
  const credentials = { cloudName, apiKey, apiSecret }
  const missing = Object.entries(credentials).filter(([, value]) => value === '')
    .map(([part]) => PART_NAMES[part as keyof Credentials]) // keys of the literal above
  if (missing.length > 0) {
    return { reasons: [`${SHAPE}: ${missing.join(' and ')} ${missing.length === 1 ? 'is' : 'are'} missing`] }
  }
  const encoded = Object.values(credentials).map(strayFault).find((reason) => reason !== undefined)
  if (encoded !== undefined) return { reasons: [encoded] }
  const { reasons, ...options } = readOptions(url, insecure)
  const faults = credentialFaults(credentials).map(
    ({ part, reason }) => `does not fit: ${PART_NAMES[part]} ${reason}`
  )
  return { credentials, ...options, reasons: [...faults, ...reasons] }
}
