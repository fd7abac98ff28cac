import { isIP } from 'node:net'
import { domainToASCII } from 'node:url'
import ipaddr from 'ipaddr.js'
import { decoded } from '../input/decoded.ts'
import type { UpstreamProxy as Proxy } from '../schemas/environment.ts'
import { Secret } from '../secret.ts'
import { isLoopback, unmapped } from './addresses.ts'
import { parseUrl, STRAY_PERCENT } from './urls.ts'

export type { UpstreamProxy as Proxy } from '../schemas/environment.ts'

const DEFAULT_PORTS: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' }
const SHAPE = 'must be the http:// or https:// URL of a proxy, such as http://proxy.example.com:3128'

/** Reads the URL of a proxy; without a scheme, `http://` is meant. A reason never holds the value. */
export function parseProxy (text: string): Proxy | { reason: string } {
  if (/^socks/i.test(text)) {
    return { reason: 'names a SOCKS proxy; only http:// and https:// proxies are supported' }
  }
  const url = /[\s\p{Cc}]/u.test(text) ? undefined : parseUrl(text.includes('://') ? text : `http://${text}`)
  const port = DEFAULT_PORTS[url?.protocol ?? '']
  if (url === undefined || port === undefined || url.hostname === '') return { reason: SHAPE }
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    return { reason: `${SHAPE}, without a path` }
  }
  if (decoded(url.username) === undefined || decoded(url.password) === undefined) {
    return { reason: STRAY_PERCENT }
  }
  return { address: `${url.hostname}:${url.port || port}`, url: new Secret(url.href) }
}

/** The value of `Proxy-Authorization`; undefined when the URL has no user name and no password. */
export function proxyAuthorization ({ username, password }: URL): string | undefined {
  if (username === '' && password === '') return undefined
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return `Basic ${Buffer.from(pair).toString('base64')}`
}

const bare = (host: string): string => host.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '').toLowerCase()

function inRange (address: string, range: string): boolean {
  if (!ipaddr.isValidCIDR(range)) return false
  const [network, bits] = ipaddr.parseCIDR(range)
  const parsed = ipaddr.parse(address)
  return parsed.kind() === network.kind() && parsed.match(network, bits)
}

/** Whether one entry of `NO_PROXY` stands for this host and port. Names are compared, never resolved. */
function entryFits (entry: string, host: string, port: string | undefined): boolean {
  if (entry === '*') return true
  const isAddress = isIP(host) !== 0
  if (entry.includes('/')) return isAddress && inRange(host, bare(entry))
  const [, name = entry, entryPort] = /^(\[.*\]|[^:]*):(\d+)$/.exec(entry) ?? []
  if (entryPort !== undefined && entryPort !== port) return false
  const wanted = bare(name)
  if (isAddress) return isIP(wanted) !== 0 && unmapped(wanted) === host
  // URLs have names in ASCII, however they were typed.
  const domain = domainToASCII(wanted.replace(/^\*?\./, ''))
  return domain !== '' && (host === domain || host.endsWith(`.${domain}`))
}

/**
 * Returns whether `NO_PROXY` keeps a URL away from the proxy: `*`, a name (its subdomains too, with or
 * without a leading dot or `*.`), an address or a range of addresses, each but a range with an optional port.
 */
export function isExempt (url: URL, noProxy: string): boolean {
  const host = unmapped(bare(url.hostname))
  const port = url.port || DEFAULT_PORTS[url.protocol]
  return noProxy.split(/[\s,]+/).some((entry) => entry !== '' && entryFits(entry.toLowerCase(), host, port))
}

export interface ProxyRules<P = Proxy> {
  /** For `https://` URLs. */
  readonly https: P | undefined
  /** For `http://` URLs. */
  readonly http: P | undefined
  readonly noProxy: string
}

/** Returns the proxy for a URL; undefined for a direct connection, which this machine always gets. */
export function proxyFor<P> (url: URL, { https, http, noProxy }: ProxyRules<P>): P | undefined {
  if (isLoopback(unmapped(bare(url.hostname))) || isExempt(url, noProxy)) return undefined
  return url.protocol === 'https:' ? https : http
}
