import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

/** Where an address lives, as far as a policy cares. `special`: nothing that a server of one's own would have. */
export type AddressKind = 'public' | 'loopback' | 'private' | 'special'

const KINDS: Readonly<Record<string, AddressKind>> = {
  unicast: 'public',
  loopback: 'loopback',
  private: 'private',
  uniqueLocal: 'private',
  carrierGradeNat: 'private'
}

/**
 * Classifies an IP address. IPv6 forms that hide an IPv4 address (mapped, compatible, NAT64, 6to4, Teredo) are `special`
 * whatever they hide: nobody has to write an address that way. Only 2000::/3 is given out as global unicast.
 */
export function addressKind (address: string): AddressKind {
  const bare = address.replace(/^\[(.*)\]$/, '$1').replace(/%.*$/, '')
  if (isIP(bare) === 0) return 'special'
  const parsed = ipaddr.parse(bare)
  const kind = KINDS[parsed.range()] ?? 'special'
  const outsideGlobal = kind === 'public' && parsed.kind() === 'ipv6' && !/^[23][0-9a-f]{3}:/.test(parsed.toNormalizedString())
  return outsideGlobal ? 'special' : kind
}

/** The address itself for the IPv4-mapped form that dual-stack sockets report: `::ffff:10.0.0.1` is `10.0.0.1`. */
export function unmapped (address: string): string {
  return isIP(address) === 0 ? address : ipaddr.process(address).toString()
}

/** Names that no public resolver knows: single labels, and the ones kept for local use. */
const LOCAL_NAME = /^[^.]+$|(?:^|\.)(?:localhost|local|internal|intranet|lan|home|corp|private|localdomain|home\.arpa|test|invalid|example|onion)$/

/** True when `host` (an address or a name, as `URL` normalises it) cannot be one that the whole internet reaches. */
export function isLocalHost (host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '')
  return isIP(bare) === 0 ? LOCAL_NAME.test(bare.toLowerCase()) : addressKind(bare) !== 'public'
}

/** A network of one subscriber: with IPv6 each has at least 2^64 addresses to choose from. */
export function addressKey (address: string): string {
  if (isIP(address) !== 6) return address
  const bare = address.replace(/%.*$/, '')
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(bare)?.[1]
  if (mapped !== undefined) return mapped
  const [head = '', tail] = bare.split('::', 2)
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length
  return `${[...before, ...Array.from({ length: zeros }, () => '0'), ...after].slice(0, 4).map((part) => parseInt(part, 16).toString(16)).join(':')}::/64`
}
