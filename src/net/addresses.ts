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

/** True for 127.0.0.0/8, ::1 and `localhost`: only this machine, or this pod, can reach them. */
export function isLoopback (host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, '$1').toLowerCase()
  return bare === 'localhost' || bare === '::1' || (isIP(bare) === 4 && bare.startsWith('127.'))
}

/** Checks `address` or `address/bits`. A range of all addresses is refused: it would trust every caller's own word. */
export function rangeFault (range: string): string | undefined {
  const [address = '', bits, ...rest] = range.split('/')
  const version = isIP(address)
  if (version === 0 || rest.length > 0) return 'must list IP addresses or ranges such as 10.0.0.0/8, separated by commas'
  if (bits === undefined) return undefined
  const most = version === 4 ? 32 : 128
  if (!/^\d{1,3}$/.test(bits) || Number(bits) > most) return `has a range whose size is not from 1 to ${most}`
  return Number(bits) === 0 ? 'must not trust every address' : undefined
}
