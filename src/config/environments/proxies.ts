import { parseProxy, proxyFor, type Proxy, type ProxyRules } from '../../net/proxies.ts'
import type { Source } from '../source.ts'
import type { Config } from '../types.ts'

/** Proxy for a URL; undefined for a direct connection. */
export type ProxyOf = (url: string) => Proxy | undefined

/** Returns which variable of a pair is in force: lower case wins, as for curl. */
function chosen (source: Source, name: string): string | undefined {
  const lower = name.toLowerCase()
  if (source.plain(lower) !== undefined) return lower
  // A web server that runs CGI programs puts the header `Proxy` of a request there.
  if (name === 'HTTP_PROXY' && source.plain('REQUEST_METHOD') !== undefined) return undefined
  return source.plain(name) === undefined ? undefined : name
}

function readProxy (source: Source, variable = ''): Proxy | undefined {
  const text = source.plain(variable)
  if (text === undefined) return undefined
  const parsed = parseProxy(text)
  if (!('reason' in parsed)) return parsed
  source.fault(variable, parsed.reason)
  return undefined
}

/** Reads `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` (where one of the others is not set) and `NO_PROXY`. */
export function readProxies (source: Source): ProxyOf {
  const all = chosen(source, 'ALL_PROXY')
  const [forHttps, forHttp] = [chosen(source, 'HTTPS_PROXY') ?? all, chosen(source, 'HTTP_PROXY') ?? all]
  const https = readProxy(source, forHttps)
  const http = forHttp === forHttps ? https : readProxy(source, forHttp)
  const noProxy = source.plain(chosen(source, 'NO_PROXY') ?? '') ?? ''
  const rules: ProxyRules = { https, http, noProxy }
  return (url) => proxyFor(new URL(url), rules)
}

/** Returns one line, without credentials, on which proxy serves each environment and the key set; undefined without proxies. */
export function proxiesInUse ({ environments, auth }: Pick<Config, 'environments' | 'auth'>): string | undefined {
  if (auth.jwksProxy === undefined && environments.every(({ proxy }) => proxy === undefined)) return undefined
  const served = [...environments, ...auth.jwksUrl === undefined ? [] : [{ name: 'AUTH_JWKS_URL', proxy: auth.jwksProxy }]]
  return served.map(({ name, proxy }) => proxy === undefined ? `${name} without a proxy` : `${name} through ${proxy.address}`).join(', ')
}
