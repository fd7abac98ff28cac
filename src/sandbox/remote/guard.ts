import { lookup, type LookupAddress, type LookupOptions } from 'node:dns'
import ipaddr from 'ipaddr.js'

/** Why most URLs are refused: what they lead to is not on the public internet. */
export const PRIVATE_ADDRESS = 'it leads to this machine or a private network'

/** Ports below 1024 other than the web's, and those of databases, never serve pictures. */
const REFUSED_PORTS = new Set([2049, 2375, 2376, 3306, 5432, 6379, 9200, 11211, 27017])

/**
 * Whether an address is one of the public internet. IPv6 forms that carry an IPv4 address inside (mapped, NAT64, 6to4,
 * Teredo, the old "compatible" form) are refused as a whole: they are ways around this very question.
 */
export function isPublicAddress (address: string): boolean {
  const bare = address.replace(/^\[|\]$/g, '')
  if (!ipaddr.isValid(bare)) return false
  const parsed = ipaddr.parse(bare)
  if (parsed.range() !== 'unicast') return false
  // Only 2000::/3 is handed out; the library calls everything else outside its table unicast, ::7f00:1 for one.
  return parsed.kind() === 'ipv4' || (parsed.toByteArray()[0] ?? 0) >> 5 === 1
}

/** @returns why the URL may not be fetched, or undefined. Names are judged later, by the address they lead to. */
export function refusedUrl (url: URL): string | undefined {
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return 'only http and https are fetched'
  if (url.username || url.password) return 'the URL holds a user name or password'
  const port = Number(url.port || 80)
  if ((url.port && port < 1024 && port !== 80 && port !== 443) || REFUSED_PORTS.has(port)) return 'the port is not one that serves files'
  const host = url.hostname.replace(/^\[|\]$/g, '')
  if (ipaddr.isValid(host) && !isPublicAddress(host)) return PRIVATE_ADDRESS
  if (/^(.+\.)?(localhost|internal|local)\.?$/i.test(host)) return PRIVATE_ADDRESS
  return undefined
}

/** Names to addresses, all of them. */
export type Resolve = (hostname: string, options: LookupOptions & { all: true }, callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void) => void

type LookupCallback = (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void

/**
 * A `lookup` for `node:http` that fails when a name leads to any address that is not public. The socket connects to the very
 * addresses that were judged, so a name that changes its mind between two questions gains nothing.
 */
export function publicLookup (hostname: string, options: LookupOptions, callback: LookupCallback, resolve: Resolve = lookup): void {
  resolve(hostname, { ...options, all: true }, (error, addresses) => {
    if (error) return callback(error, [])
    if (addresses.length === 0 || addresses.some(({ address }) => !isPublicAddress(address))) {
      return callback(Object.assign(new Error('The name leads to a private address'), { code: 'ERR_ADDRESS_REFUSED' }), [])
    }
    const [first] = addresses
    if (options.all || !first) return callback(null, addresses)
    callback(null, first.address, first.family)
  })
}
