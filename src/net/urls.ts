import { addressKind, isLocalHost, isLoopback } from './addresses.ts'

/** Which URLs are taken where one is given to us. */
export interface UrlPolicy {
  /** Without the colon: `https`. */
  readonly schemes: readonly string[]
  /**
   * Hosts that are taken; undefined: any public one. `hooks.example.com`, `*.example.com` (every subdomain, not the
   * domain itself), each with an optional port and an optional path: `hooks.example.com:8443/cloudinary`.
   */
  readonly hosts?: readonly string[]
  /** Take addresses and names that only a private network reaches. */
  readonly privateHosts?: boolean
  /** Take any port. */
  readonly anyPort?: boolean
}

/** Remote files: Cloudinary fetches them, so an address that it cannot reach is a mistake or a probe. */
export const REMOTE_FILE_SCHEMES = ['https', 'http', 'ftp', 's3', 'gs'] as const

/** Buckets have names, not addresses. */
const BUCKET_SCHEMES: ReadonlySet<string> = new Set(['s3', 'gs'])
/** Whether Cloudinary reads it with rights of the account. */
export const isBucketUrl = (text: string): boolean => BUCKET_SCHEMES.has(text.slice(0, Math.max(text.indexOf(':'), 0)).toLowerCase())
const DEFAULT_PORTS: Readonly<Record<string, string>> = { https: '443', http: '80', ftp: '21' }
/** Well-known services above 1023 that speak no HTTP, and answer it all the same. */
const SERVICE_PORTS: ReadonlySet<number> = new Set([
  1719, 1720, 1723, 2049, 2375, 2379, 3306, 3659, 4045, 4190, 5060, 5061, 5432, 5672, 6000, 6379, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697,
  9042, 9092, 9200, 9300, 10080, 11211, 27017
])

/** Blanks, controls and backslashes: URL parsers drop or turn them, each in its own way. */
const ODD_CHARACTER = /[^\x21-\x7e\u00a1-\uffff]|\\/
const SHAPE = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]+)/i

function portFault (url: URL, scheme: string): string | undefined {
  if (url.port === '' || url.port === DEFAULT_PORTS[scheme]) return undefined
  const port = Number(url.port)
  return port < 1024 || SERVICE_PORTS.has(port) ? `uses port ${port}, which is not taken` : undefined
}

interface HostRule { readonly host: string, readonly subdomains: boolean, readonly port: string | undefined, readonly path: readonly string[] }

const segments = (path: string): string[] => path.split('/').filter((segment) => segment !== '')

function parseRule (rule: string): HostRule {
  const [authority = '', ...path] = rule.split('/')
  const [name = '', port] = authority.toLowerCase().split(':')
  const host = name.replace(/\.$/, '')
  const subdomains = host.startsWith('*.')
  return { host: subdomains ? host.slice(1) : host, subdomains, port, path: path.filter((segment) => segment !== '') }
}

/** Compares parsed parts: whole labels, whole segments, never a substring. */
function matches (url: URL, scheme: string, rule: HostRule): boolean {
  const host = url.hostname.replace(/\.$/, '')
  const hostFits = rule.subdomains ? host.endsWith(rule.host) && host.length > rule.host.length : host === rule.host
  const portFits = rule.port === undefined ? portFault(url, scheme) === undefined : (url.port || DEFAULT_PORTS[scheme]) === rule.port
  const given = segments(url.pathname)
  return hostFits && portFits && rule.path.every((segment, index) => given[index] === segment)
}

/** Why a rule of `hosts` is not one, or undefined. */
export function hostRuleFault (rule: string): string | undefined {
  return /^(?:\*\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)+\.?(?::\d{1,5})?(?:\/[\w.~-]+)*\/?$/i.test(rule) || /^localhost(?::\d{1,5})?$/.test(rule)
    ? undefined
    : 'must read like hooks.example.com, *.example.com or hooks.example.com:8443/path'
}

function parse (text: string, policy: UrlPolicy): { url: URL, scheme: string } | string {
  const shape = SHAPE.exec(text)
  const scheme = shape?.[1]?.toLowerCase()
  if (ODD_CHARACTER.test(text)) return 'must not hold blanks, control characters or backslashes'
  if (scheme === undefined || !policy.schemes.includes(scheme)) return `must begin with ${policy.schemes.map((name) => `${name}://`).join(', ')}`
  if (!URL.canParse(text) || shape?.[2]?.endsWith(':')) return 'is not a valid URL'
  return { url: new URL(text), scheme }
}

/** Why `text` is not a URL that `policy` takes, in words that follow the name of a field; undefined when it is one. */
export function urlFault (text: string, policy: UrlPolicy): string | undefined {
  const parsed = parse(text, policy)
  if (typeof parsed === 'string') return parsed
  const { url, scheme } = parsed
  // FTP has no other way to sign in; elsewhere a user name only hides the true host from a reader.
  if ((url.username || url.password) && scheme !== 'ftp') return 'must not hold a user name or a password'
  if (policy.hosts) {
    return policy.hosts.some((rule) => matches(url, scheme, parseRule(rule))) ? undefined : `must point to one of ${policy.hosts.join(', ')}`
  }
  if (BUCKET_SCHEMES.has(scheme)) return undefined
  if (!policy.privateHosts && isLocalHost(url.hostname)) return 'points to a private, local or reserved address'
  return policy.anyPort ? undefined : portFault(url, scheme)
}

/** Key sets: https anywhere an identity provider can be, plain http only on this machine. */
export function keySetUrlFault (text: string): string | undefined {
  const fault = urlFault(text, { schemes: ['https', 'http'], privateHosts: true, anyPort: true })
  if (fault !== undefined) return fault
  const url = new URL(text)
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  if (url.protocol === 'http:') {
    return host === 'localhost' || addressKind(host) === 'loopback' ? undefined : 'must be https:// for another machine'
  }
  return undefined
}

/** May a key set be fetched from this address? Asked of the address that is connected to, after the name was resolved. */
export function keySetAddressFits (address: string, protocol: string): boolean {
  const kind = addressKind(address)
  return protocol === 'http:' ? kind === 'loopback' : kind !== 'special'
}

/** `URL.parse` of later Node versions. */
export function parseUrl (text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined
}

/** Message about a part of a URL that cannot be decoded. */
export const STRAY_PERCENT = 'has a % that does not begin a percent-encoded character'

/** Checks an http(s) address: no user, no query, no fragment; plain http only on this machine, unless `insecure`. */
export function httpUrlFault (text: string, { insecure = false, path = true } = {}): string | undefined {
  const url = parseUrl(text)
  if (!url || !/^https?:$/.test(url.protocol)) return 'must be an https:// or http:// URL'
  if (url.username || url.password) return 'must not hold a user name or a password'
  if (url.search || url.hash) return 'must not have a query or a fragment'
  if (!path && url.pathname !== '/') return 'must not have a path'
  if (url.protocol === 'http:' && !insecure && !isLoopback(url.hostname)) return 'must be https:// for another machine'
  return undefined
}
