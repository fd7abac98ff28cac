import { decoded } from '../input/decoded.ts'
import { httpUrlFault, parseUrl, STRAY_PERCENT } from '../net/urls.ts'
import type { CloudinaryEnvironment, DeliveryOptions } from '../schemas/environment.ts'
import { credentialFaults, strayFault, type Credentials } from './credentials.ts'

/** What one set of credentials and options comes to. `reasons` and `warnings` follow the variable's name in a sentence. */
export interface ParsedEnvironment {
  readonly credentials: Credentials
  readonly settings: Pick<CloudinaryEnvironment, 'uploadPrefix' | 'signatureAlgorithm' | 'signatureVersion' | 'delivery'>
  readonly reasons: readonly string[]
  readonly warnings: readonly string[]
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

interface Draft {
  uploadPrefix: string
  signatureAlgorithm: CloudinaryEnvironment['signatureAlgorithm']
  signatureVersion: CloudinaryEnvironment['signatureVersion']
  delivery: Mutable<DeliveryOptions>
}

/** What holds when nothing else is said: the defaults of the official clients. */
export function defaultDraft (): Draft {
  return {
    uploadPrefix: 'https://api.cloudinary.com',
    signatureAlgorithm: 'sha1',
    signatureVersion: 2,
    delivery: { secure: true, private_cdn: false, cdn_subdomain: false, long_url_signature: false, force_version: true }
  }
}

type Setter = (draft: Draft, value: string, insecure: boolean) => string | undefined

/** An option that is true or false. The official Node client takes the text `false` for true; here it is false. */
const flag = (name: 'secure' | 'private_cdn' | 'cdn_subdomain' | 'secure_cdn_subdomain' | 'long_url_signature' | 'force_version'): Setter =>
  (draft, value) => {
    if (!/^(?:true|false|1|0)$/i.test(value)) return 'must be true or false'
    draft.delivery[name] = /^(?:true|1)$/i.test(value)
    return undefined
  }

const host = (name: 'secure_distribution' | 'cname'): Setter => (draft, value) => {
  if (!/^[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::\d{1,5})?$/.test(value)) return 'must be a host name, with a port if need be'
  draft.delivery[name] = value
  return undefined
}

const OPTIONS: ReadonlyMap<string, Setter> = new Map<string, Setter>([
  ['upload_prefix', (draft, value, insecure) => {
    draft.uploadPrefix = value.replace(/\/+$/, '')
    return httpUrlFault(value, { insecure })
  }],
  ['signature_algorithm', (draft, value) => {
    if (value !== 'sha1' && value !== 'sha256') return 'must be sha1 or sha256'
    draft.signatureAlgorithm = value
    return undefined
  }],
  ['signature_version', (draft, value) => {
    if (value !== '1' && value !== '2') return 'must be 1 or 2'
    draft.signatureVersion = value === '1' ? 1 : 2
    return undefined
  }],
  ['secure_distribution', host('secure_distribution')],
  ['cname', host('cname')],
  ['secure', flag('secure')],
  ['private_cdn', flag('private_cdn')],
  ['cdn_subdomain', flag('cdn_subdomain')],
  ['secure_cdn_subdomain', flag('secure_cdn_subdomain')],
  ['long_url_signature', flag('long_url_signature')],
  ['force_version', flag('force_version')]
])

/** Options of `CLOUDINARY_URL` that count here. */
export const OPTION_NAMES: readonly string[] = [...OPTIONS.keys()]

const SHAPE = 'is not of the form cloudinary://key:secret@cloud'
const PART_NAMES = { cloudName: 'the cloud name', apiKey: 'the API key', apiSecret: 'the API secret' } as const

function readOptions (url: URL, insecure: boolean) {
  const draft = defaultDraft()
  const reasons: string[] = []
  const warnings: string[] = []
  // A path is the private CDN's host name. An option of the same name, being more explicit, wins, as with the official clients.
  const path = url.pathname.replace(/^\/+|\/+$/g, '')
  const pairs: Array<[string, string]> = [...url.searchParams]
  if (path !== '') pairs.unshift(['private_cdn', 'true'], ['secure_distribution', path])
  for (const [name, value] of pairs) {
    const set = OPTIONS.get(name)
    if (set === undefined) warnings.push(`has an option that is not used here: ${printable(name)}`)
    const reason = set?.(draft, value, insecure)
    if (reason !== undefined) reasons.push(`has a bad option: ${name} ${reason}`)
  }
  return { settings: draft, reasons, warnings }
}

/** A stranger's option name as far as it is fit for a log; a secret with a `?` in it would end up here. */
function printable (name: string): string {
  return /^[a-z_]{1,32}(?:\[[a-z_]{1,32}\])?$/i.test(name) ? name : '(unreadable name)'
}

/**
 * Reads `cloudinary://key:secret@cloud[/secure_distribution][?option=value]`.
 * Key and secret may be percent-encoded. Source: Cloudinary, "Node.js SDK: configuration".
 * @returns reasons alone when the text is not of that form at all.
 */
export function parseCloudinaryUrl (text: string, insecure: boolean): ParsedEnvironment | { reasons: readonly string[] } {
  // Looked for first: the URL parser would drop line ends and blanks without a word.
  const stray = strayFault(text)
  if (stray !== undefined) return { reasons: [stray] }
  if (!/^cloudinary:\/\//i.test(text)) return { reasons: ['must begin with cloudinary://'] }
  const url = parseUrl(text)
  if (url === undefined) return { reasons: [SHAPE] }
  if (url.port !== '') return { reasons: [url.username === '' ? SHAPE : 'has a port after the cloud name'] }
  if (url.hash !== '') return { reasons: ['has a # in it'] }
  const [cloudName, apiKey, apiSecret] = [decoded(url.hostname), decoded(url.username), decoded(url.password)]
  if (cloudName === undefined || apiKey === undefined || apiSecret === undefined) return { reasons: [STRAY_PERCENT] }
  const credentials = { cloudName, apiKey, apiSecret }
  const missing = Object.entries(credentials).filter(([, value]) => value === '').map(([part]) => PART_NAMES[part as keyof Credentials]) // keys of the literal above
  if (missing.length > 0) return { reasons: [`${SHAPE}: ${missing.join(' and ')} is missing`] }
  const encoded = Object.values(credentials).map(strayFault).find((reason) => reason !== undefined)
  if (encoded !== undefined) return { reasons: [encoded] }
  const { settings, reasons, warnings } = readOptions(url, insecure)
  const faults = credentialFaults(credentials).map(({ part, reason }) => `does not fit: ${PART_NAMES[part]} ${reason}`)
  return { credentials, settings, reasons: [...faults, ...reasons], warnings }
}
