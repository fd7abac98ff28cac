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

/** A variable that names a proxy, and what it comes to. */
interface ProxyVariable { readonly variable: string, readonly read: ReturnType<typeof parseProxy> }

function readProxyVariable (source: Source, variable = ''): ProxyVariable | undefined {
  const text = source.plain(variable)
  return text === undefined ? undefined : { variable, read: parseProxy(text) }
}

/**
 * Reads `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` (where one of the others is not set) and `NO_PROXY`. A
 * variable that cannot be used is a fault once something needs it: it may be meant for other programs.
 */
export function readProxies (source: Source): ProxyOf {
  const all = chosen(source, 'ALL_PROXY')
  const [forHttps, forHttp] = [chosen(source, 'HTTPS_PROXY') ?? all, chosen(source, 'HTTP_PROXY') ?? all]
  const noProxy = source.plain(chosen(source, 'NO_PROXY') ?? '') ?? ''
  const rules: ProxyRules<ProxyVariable> = {
    https: readProxyVariable(source, forHttps), http: readProxyVariable(source, forHttp), noProxy
  }
  const told = new Set<string>()
  return (url) => {
    const named = proxyFor(new URL(url), rules)
    if (named === undefined) return undefined
    const { variable, read } = named
    if (!('reason' in read)) return read
    if (!told.has(variable)) source.fault(variable, read.reason)
    told.add(variable)
    return undefined
  }
}

/**
 * Returns one line, without credentials, on which proxy serves each environment and the key set; undefined
 * without proxies.
 */
export function proxiesInUse (
  { environments, auth }: Pick<Config, 'environments' | 'auth'>
): string | undefined {
  if (auth.jwksProxy === undefined && environments.every(({ proxy }) => proxy === undefined)) return undefined
  const keySet = auth.jwksUrl === undefined ? [] : [{ name: 'AUTH_JWKS_URL', proxy: auth.jwksProxy }]
  const route = (proxy: Proxy | undefined): string =>
    proxy === undefined ? 'without a proxy' : `through ${proxy.address}`
  return [...environments, ...keySet].map(({ name, proxy }) => `${name} ${route(proxy)}`).join(', ')
}
