import { isIP } from 'node:net'

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

/** `URL.parse` of later Node versions. */
export function parseUrl (text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined
}

/** Of a part of a URL that cannot be decoded. */
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
