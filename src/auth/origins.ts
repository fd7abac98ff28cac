import { isIP } from 'node:net'

/** `scheme://host[:port]` as a browser writes it: lower case, no path, no default port. */
const ORIGIN = /^(https?):\/\/(\*\.)?([a-z0-9.-]+|\[[0-9a-f:.]+\])(?::(\d{1,5}))?$/

const LABELS = /^[a-z0-9-]+(?:\.[a-z0-9-]+)*$/

/** Why `text` is not an origin that can be allowed, or undefined. */
export function originRuleFault (text: string): string | undefined {
  if (text === '*') return undefined
  if (text === 'null') return 'sandboxed pages and files of anybody send "null"'
  const [, scheme, star, host = ''] = ORIGIN.exec(text) ?? []
  if (scheme === undefined) return 'must read like https://www.example.com or https://*.example.com'
  if (star !== undefined && (!host.includes('.') || isIP(host) !== 0)) return 'must not allow a whole top-level domain'
  return undefined
}

/**
 * Says whether pages of an origin may call. Rules are exact origins, or `https://*.example.com` for every subdomain and
 * not the domain itself. Scheme and port are part of an origin; a host with a dot at its end is another host.
 * @throws {Error} naming each bad rule.
 */
export function originMatcher (rules: readonly string[]): (origin: string) => boolean {
  const faults = rules.flatMap((rule) => {
    const fault = originRuleFault(rule)
    return fault === undefined ? [] : [`${rule}: ${fault}`]
  })
  if (faults.length > 0) throw new Error(`CORS origins are not valid: ${faults.join('; ')}`)
  const exact = new Set(rules)
  const wild = rules.filter((rule) => rule.includes('://*.')).map((rule) => rule.split('*', 2) as [scheme: string, domain: string]) // holds one *
  return (origin) => origin !== 'null' && (exact.has('*') || exact.has(origin) || wild.some(([scheme, domain]) =>
    origin.startsWith(scheme) && origin.endsWith(domain) && LABELS.test(origin.slice(scheme.length, -domain.length))))
}
