import { nearestName } from '../../input/nearest-name.ts'
import { parseProxy, type Proxy } from '../../net/proxies.ts'
import { httpUrlFault } from '../../net/urls.ts'
import type { CloudinaryEnvironment, DeliveryOptions } from '../../schemas/environment.ts'

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** Values of the options of one environment. */
export interface EnvironmentSettings {
  uploadPrefix: string
  publicUploadPrefix?: string
  proxy?: Proxy
  signatureAlgorithm: CloudinaryEnvironment['signatureAlgorithm']
  signatureVersion: CloudinaryEnvironment['signatureVersion']
  delivery: Mutable<DeliveryOptions>
}

/** Returns the defaults of the official clients. */
export function defaultSettings (): EnvironmentSettings {
  return {
    uploadPrefix: 'https://api.cloudinary.com',
    signatureAlgorithm: 'sha1',
    signatureVersion: 2,
    delivery: {
      secure: true, private_cdn: false, cdn_subdomain: false, long_url_signature: false, force_version: true
    }
  }
}

type Setter = (settings: EnvironmentSettings, value: string, insecure: boolean) => string | undefined

interface Option {
  readonly set: Setter
  /** For the table of variables. */
  readonly meaning: string
}

type FlagName = 'secure' | 'private_cdn' | 'cdn_subdomain' | 'secure_cdn_subdomain' | 'long_url_signature' | 'force_version'

/**
 * An option that is true or false. The official Node client takes the text `false` for true; here it is
 * false.
 */
const flag = (name: FlagName): Setter => ({ delivery }, value) => {
  if (!/^(?:true|false|1|0)$/i.test(value)) return 'must be true or false'
  delivery[name] = /^(?:true|1)$/i.test(value)
  return undefined
}

const HOST = /^[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::\d{1,5})?$/

const host = (name: 'secure_distribution' | 'cname'): Setter => ({ delivery }, value) => {
  if (!HOST.test(value)) return 'must be a host name, with or without a port'
  delivery[name] = value
  return undefined
}

const prefix = (name: 'uploadPrefix' | 'publicUploadPrefix'): Setter => (settings, value, insecure) => {
  const fault = httpUrlFault(value, { insecure })
  // What is no URL must not be there for others to read as one.
  if (fault === undefined) settings[name] = value.replace(/\/+$/, '')
  return fault
}

/**
 * Options of an environment, by their names in `CLOUDINARY_URL`. In upper case they end the name of a
 * variable.
 */
const OPTIONS: ReadonlyMap<string, Option> = new Map<string, Option>(Object.entries({
  upload_prefix: {
    set: prefix('uploadPrefix'),
    meaning: 'Root of the Upload and Admin API, such as `https://api-eu.cloudinary.com`.'
  },
  api_proxy: {
    set: (settings, value) => {
      const proxy = parseProxy(value)
      if ('reason' in proxy) return proxy.reason
      settings.proxy = proxy
      return undefined
    },
    meaning: 'Proxy to Cloudinary, `http://user:password@host:port`. Overrides `HTTPS_PROXY` and `NO_PROXY`. Without `<NAME>_`: the proxy of every environment that has none of its own.'
  },
  public_upload_prefix: {
    set: prefix('publicUploadPrefix'),
    meaning: 'Root of the API as browsers reach it, where `upload_prefix` is an internal address: `upload_url` and download URLs begin with it.'
  },
  secure: { set: flag('secure'), meaning: 'Whether delivery URLs begin with `https://`; `true` by default.' },
  secure_distribution: { set: host('secure_distribution'), meaning: 'Host of `https://` delivery URLs.' },
  cname: { set: host('cname'), meaning: 'Host of `http://` delivery URLs.' },
  private_cdn: {
    set: flag('private_cdn'),
    meaning: 'Whether the cloud has a CDN host of its own, so that URLs do not name it.'
  },
  cdn_subdomain: { set: flag('cdn_subdomain'), meaning: 'Whether delivery is spread over numbered hosts.' },
  secure_cdn_subdomain: {
    set: flag('secure_cdn_subdomain'),
    meaning: 'Whether delivery over `https://` is spread over numbered hosts.'
  },
  long_url_signature: {
    set: flag('long_url_signature'), meaning: 'Whether signatures in delivery URLs have 32 characters.'
  },
  force_version: {
    set: flag('force_version'),
    meaning: 'Whether URLs of assets in folders get `v1` when no version is given; `true` by default.'
  },
  signature_algorithm: {
    set: (settings, value) => {
      if (value !== 'sha1' && value !== 'sha256') return 'must be sha1 or sha256'
      settings.signatureAlgorithm = value
      return undefined
    },
    meaning: '`sha1` (default) or `sha256`, as the account is set.'
  },
  signature_version: {
    set: (settings, value) => {
      if (value !== '1' && value !== '2') return 'must be 1 or 2'
      settings.signatureVersion = value === '1' ? 1 : 2
      return undefined
    },
    meaning: '`2` (default) or `1`: how parameters are encoded before they are signed.'
  }
}))

/** Names of the options, as in `CLOUDINARY_URL`. */
export const OPTION_NAMES: readonly string[] = [...OPTIONS.keys()]

/** Each option with what it is for. */
export const OPTION_MEANINGS: ReadonlyArray<readonly [name: string, meaning: string]> = [...OPTIONS].map(
  ([name, { meaning }]) => [name, meaning]
)

/**
 * Options of official clients that have no effect on the gateway, in lower case without `_`. Sources:
 * cloudinary (npm) types/index.d.ts; pycloudinary, cloudinary_php and cloudinary (gem), "configuration".
 */
const OFFICIAL: ReadonlySet<string> = new Set([
  'accountid', 'accounturl', 'analytics', 'api', 'apiversion', 'authtoken', 'autotransform',
  'callbackurl', 'chunksize', 'clienthints', 'cloud', 'connectiontimeout', 'contentmetadata', 'debug',
  'disablepromise', 'disablepromises', 'dpr', 'dynamicformat', 'enhanceimagetag', 'hidesensitive',
  'html5fallback', 'keepalive', 'logging', 'oauthtoken', 'provisioningapikey', 'provisioningapisecret',
  'queuetimeout', 'quotestyle', 'requesttimeout', 'responsive', 'responsivebreakpoints', 'responsiveclass',
  'responsiveplaceholder', 'responsiveusebreakpoints', 'responsivewidth', 'responsivewidthtransformation',
  'rounddpr', 'roundtojs', 'sdkcode', 'sdksemver', 'securecdn', 'securecname', 'shorten', 'signurl', 'srcset',
  'ssldetected', 'staticfilesupport', 'tag', 'techversion', 'timeout', 'typed', 'uploadtimeout', 'url',
  'urlanalytics', 'urlsuffix', 'usefetchformat', 'useragent', 'userootpath', 'userplatform', 'voidtag'
])

/** Returns a name that is safe to log: the rest of a secret with a `?` in it would arrive here as a name. */
function printable (name: string): string {
  return /^[a-z_]{1,32}(?:\[[a-z_]{1,32}\])?$/i.test(name) ? name : '(unreadable name)'
}

/** Makes `uploadPrefix`, `Upload-Prefix` and `upload_prefix` equal. */
const folded = (name: string): string => name.toLowerCase().replace(/[_-]/g, '')

/**
 * Returns a warning for an option that only official clients know, and a fault for one that is unknown to
 * all.
 */
export function unknownOption (name: string): { warning: string } | { reason: string } {
  const shown = printable(name)
  // The PHP client groups its options: `api[upload_prefix]`. Those that have an effect here must not be lost.
  const [, member = name] = /\[(\w+)\]$/.exec(name) ?? []
  const meant = OPTION_NAMES.find((known) => folded(known) === folded(member))
  if (meant === undefined && OFFICIAL.has(folded(name.replace(/\[.*$/, '')))) {
    return { warning: `has an option that is not used here: ${shown}` }
  }
  const nearest = shown === name ? meant ?? nearestName(name, OPTION_NAMES) : undefined
  return {
    reason: `has an unknown option: ${shown}${nearest === undefined ? '' : `; did you mean ${nearest}?`}`
  }
}

/** Sets an option that `OPTION_NAMES` has. Returns why its value is not valid, without the value. */
export function setOption (
  settings: EnvironmentSettings, name: string, value: string, insecure: boolean
): string | undefined {
  return OPTIONS.get(name)?.set(settings, value, insecure)
}
