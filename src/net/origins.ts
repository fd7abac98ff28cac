import { isIP } from 'node:net'

/** Browsers send the scheme and the host of an origin in lower case, however the address was typed. */
export const originAsSent = (origin: string): string => origin.toLowerCase()

/** A wildcard below it would stand for the pages of strangers, or for nothing at all. */
function isNoDomain (hostname: string): boolean {
  const labels = hostname.replace(/\.$/, '').split('.')
  return labels.length < 2 || labels.includes('') || isIP(hostname) !== 0
}

/**
 * Why pages of `origin` cannot be allowed, or undefined: it must read `scheme://host[:port]`, in any case of letters. A
 * host may begin with `*.`, which stands for one or more labels of a subdomain.
 */
export function originFault (origin: string): string | undefined {
  if (origin === '*' || origin === 'null') return 'must list exact origins; neither * nor null is allowed'
  const [, scheme, star, rest] = /^(https?:\/\/)(\*\.)?(.+)$/.exec(originAsSent(origin)) ?? []
  const plain = `${scheme}${rest}`
  if (scheme === undefined || !URL.canParse(plain) || new URL(plain).origin !== plain) {
    return 'must list origins such as https://www.example.com, without a path, a slash at the end or a default port'
  }
  const { hostname } = new URL(plain)
  if (hostname.includes('*')) return 'may have a * only as the whole first label, as in https://*.example.com'
  return star !== undefined && isNoDomain(hostname) ? 'must not allow a whole top-level domain' : undefined
}

const LABELS = /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/

/**
 * Says whether pages of an origin may call. Rules are exact origins, or `https://*.example.com` for every subdomain and
 * not the domain itself. Scheme and port are part of an origin; a host with a dot at its end is another host.
 * @throws {Error} naming each bad rule.
 */
export function originMatcher (rules: readonly string[]): (origin: string) => boolean {
  const faults = rules.flatMap((rule) => {
    const fault = originFault(rule)
    return fault === undefined ? [] : [`${rule}: ${fault}`]
  })
  if (faults.length > 0) throw new Error(`CORS origins are not valid: ${faults.join('; ')}`)
  const sent = rules.map(originAsSent)
  const exact = new Set(sent)
  const wild = sent.filter((rule) => rule.includes('://*.')).map((rule) => rule.split('*', 2) as [scheme: string, domain: string]) // holds one *
  return (origin) => exact.has(origin) || wild.some(([scheme, domain]) =>
    origin.startsWith(scheme) && origin.endsWith(domain) && LABELS.test(origin.slice(scheme.length, -domain.length)))
}
