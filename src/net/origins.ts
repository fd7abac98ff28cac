import { originAsSent, originFault } from './origin.ts'

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
