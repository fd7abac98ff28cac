import { isLoopback } from '../net/addresses.ts'
import type { ProxyOf } from './environments/proxies.ts'
import type { Source } from './source.ts'
import type { CallerKey } from '../schemas/caller.ts'
import type { Config } from './types.ts'
import type { SettingValues } from './variables.ts'

const ENTRY = /^([A-Za-z0-9][A-Za-z0-9._-]{0,63})=sha256:([0-9a-f]{64})$/i

/**
 * Reads `web=sha256:<64 hex digits>,cms=sha256:<...>`, parted by commas, blanks or line ends.
 * A name may stand several times, so that a key can be replaced while the old one still works.
 */
export function parseKeys (text: string): { keys: CallerKey[], reasons: string[] } {
  const keys: CallerKey[] = []
  const reasons: string[] = []
  const owners = new Map<string, string>()
  for (const [index, entry] of text.split(/[\s,]+/).filter((part) => part !== '').entries()) {
    // The entry itself is not shown: it may be the key in the place of its digest.
    const [, caller, hex] = ENTRY.exec(entry) ?? []
    if (caller === undefined || hex === undefined) {
      reasons.push(`has an entry (number ${index + 1}) that is not of the form name=sha256:<64 hexadecimal digits>; see \`cloudinary-gateway key\``)
      continue
    }
    const digest = hex.toLowerCase()
    const owner = owners.get(digest)
    if (owner !== undefined) reasons.push(`gives one key twice, to ${owner} and to ${caller}`)
    owners.set(digest, caller)
    keys.push({ caller, digest: Buffer.from(digest, 'hex') })
  }
  if (keys.length === 0 && reasons.length === 0) reasons.push('holds no key')
  return { keys, reasons }
}

function jwtFaults (source: Source, settings: SettingValues): void {
  const sources = (['AUTH_JWKS_URL', 'AUTH_PUBLIC_KEY'] as const).filter((name) => source.has(name))
  if (sources.length > 1) source.fault('AUTH_PUBLIC_KEY', 'is set together with AUTH_JWKS_URL; keep one of them')
  for (const name of ['AUTH_ISSUER', 'AUTH_AUDIENCE'] as const) {
    const given = settings[name] !== undefined
    // A token made for someone else by the same issuer would be good here too.
    if (sources.length > 0 && !given) source.fault(name, `is missing: ${sources[0]} needs it`)
    if (sources.length === 0 && given) source.fault(name, 'has no effect without AUTH_JWKS_URL or AUTH_PUBLIC_KEY')
  }
  // Without a policy, any account at the issuer would have every right here, and nobody would have said so.
  if (sources.length > 0 && settings.POLICY_FILE === undefined) source.fault('POLICY_FILE', `is missing: ${sources[0]} needs it to say what a token allows; a caller with jwt: { claims: {} } stands for every token`)
}

/** Reads how callers are known: by keys, by calling from this machine, or not at all. Reports to `source`. */
export function readCallers (source: Source, settings: SettingValues, proxyOf: ProxyOf): Config['auth'] {
  const { keys, reasons } = settings.GATEWAY_KEYS === undefined ? { keys: [], reasons: [] } : parseKeys(settings.GATEWAY_KEYS)
  for (const reason of reasons) source.fault('GATEWAY_KEYS', reason)
  if (settings.POLICY_FILE !== undefined) source.file('POLICY_FILE', settings.POLICY_FILE)
  jwtFaults(source, settings)
  const guards = (['GATEWAY_KEYS', 'POLICY_FILE', 'AUTH_JWKS_URL', 'AUTH_PUBLIC_KEY'] as const).filter((name) => source.has(name))
  const mode = guards.length > 0 ? 'keys' : settings.AUTH === 'none' ? 'none' : 'loopback'
  if (settings.AUTH === 'none' && mode === 'keys') source.fault('AUTH', `is none, but ${guards.join(' and ')} is set; keep one of them`)
  if (settings.AUTH === 'keys' && mode !== 'keys') source.fault('AUTH', 'demands keys, but there are none: set GATEWAY_KEYS or POLICY_FILE')
  if (mode === 'loopback' && settings.AUTH !== 'keys' && !isLoopback(settings.HOST)) {
    source.fault('HOST', 'lets other machines in, but there are no keys: set GATEWAY_KEYS or POLICY_FILE, or AUTH=none if that is meant')
  }
  return {
    mode,
    keys,
    policyFile: settings.POLICY_FILE,
    jwksUrl: settings.AUTH_JWKS_URL,
    jwksProxy: settings.AUTH_JWKS_URL === undefined ? undefined : proxyOf(settings.AUTH_JWKS_URL),
    jwtPublicKey: settings.AUTH_PUBLIC_KEY,
    issuer: settings.AUTH_ISSUER,
    audience: settings.AUTH_AUDIENCE
  }
}
