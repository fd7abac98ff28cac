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
