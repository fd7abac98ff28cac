import { GatewayError, movedBelow, refusal, type Fault } from '../../errors.ts'
import { seenSuffix } from '../../input/fields/seen.ts'
import { CLOCK_AHEAD_SECONDS } from '../../input/signature-time.ts'
import { isBucketUrl, REMOTE_FILE_SCHEMES, urlFault } from '../../net/urls.ts'
import { smugglingFaults } from '../../schemas/smuggling.ts'
import { requireNotifications, type NotificationRules } from '../policy/notifications.ts'
import type { Permissions } from '../policy/permissions.ts'
import { backDated, signingFaults, withForced, type SigningRules, type Parameters } from '../policy/signing-rules.ts'
import { derivedFaults } from './derived-assets.ts'
import { outsideFault, uploadFaults, withFolder } from './folder.ts'
import { protectionFaults, withoutPresetToken } from './protection.ts'
import { withoutReplay } from './replay-guard.ts'

/** What a caller wants to upload, or wants a signature for. */
export interface UploadWish {
  readonly action: 'uploadResource' | 'generateSignature'
  /** Wire text of every parameter that will be signed, `timestamp` included where there is one. */
  readonly parameters: Parameters
  /** Name of the file, where it is known. */
  readonly filename?: string | undefined
  /** The remote address, when the file is one. */
  readonly fileUrl?: string | undefined
  readonly resourceType?: string
  /** The set must be signed as it is: the Upload Widget has already decided what it will send. */
  readonly exact?: boolean
  /** Where the parameters stand in the request, as a JSON pointer, when not at its root. */
  readonly within?: string
}

/** What the caller gets. */
export interface UploadPermit {
  /** Sign and send these, and no others. */
  readonly parameters: Parameters
  /** Largest file for this caller, in bytes. */
  readonly maxBytes?: number
}

export interface Circumstances {
  readonly permissions: Permissions
  readonly nowSeconds: number
  /** Version of the environment's signatures: version 1 does not escape `&`. */
  readonly signatureVersion: 1 | 2
  /** The sandbox reaches what this machine reaches. */
  readonly sandbox: boolean
}

/** Scripts see and change every parameter of an upload, its public ID too. */
const SCRIPTS = ['eval', 'on_success'] as const

/** Ways out of the folder. */
function folderFaults (folder: string, { parameters, filename }: UploadWish, presetsAreListed: boolean): Fault[] {
  const faults = uploadFaults(folder, parameters, filename)
  for (const name of SCRIPTS) {
    if (parameters[name] !== undefined) faults.push({ pointer: `/${name}`, message: 'may not be used by a caller with a folder' })
  }
  if (parameters['upload_preset'] !== undefined && !presetsAreListed) {
    faults.push({ pointer: '/upload_preset', message: 'may not be used by a caller with a folder, unless its policy lists presets: a preset can bring a folder of its own' })
  }
  faults.push(...derivedFaults(folder, parameters))
  return faults
}

/** The caller's own timestamp where it is early enough, else the latest that its policy allows. */
function withTimestamp (parameters: Parameters, latest: number): Parameters {
  const given = Number(parameters['timestamp'])
  return given <= latest ? parameters : { ...parameters, timestamp: String(latest) }
}

/**
 * A later timestamp cannot be changed for these callers, so it is refused. A life that the policy shortens is not made
 * longer again: for the caller's clock there is no room in it.
 */
function timestampFault (timestamp: string | undefined, signing: SigningRules | undefined, nowSeconds: number): Fault[] {
  const latest = signing ? backDated(signing, nowSeconds) : nowSeconds
  const isShort = latest < nowSeconds
  if (timestamp === undefined || Number(timestamp) <= (isShort ? latest : latest + CLOCK_AHEAD_SECONDS)) return []
  const why = isShort ? '; this caller\'s signatures live less than an hour, so the timestamp must be dated back, which the Upload Widget\'s own is not' : ''
  return [{ pointer: '/timestamp', message: `must not be later than ${latest}: the signature would live longer than it may${why}` }]
}

/**
 * Decides on an upload or a signature, on exactly the text that will be sent, and adds what the policy forces.
 * @throws {GatewayError} `forbidden` when the asset could leave the caller's folder, overwrite a protected one or be deleted,
 * `param_not_allowed` for everything else, `url_not_allowed` for URLs; each names every offending parameter at once.
 */
export function permitUpload (wish: UploadWish, circumstances: Circumstances): UploadPermit {
  try {
    return judge(wish, circumstances)
  } catch (error) {
    throw wish.within !== undefined && error instanceof GatewayError ? movedBelow(wish.within, error) : error
  }
}

function judge (wish: UploadWish, circumstances: Circumstances): UploadPermit {
  const { permissions, nowSeconds, sandbox } = circumstances
  const { folder, signing } = permissions
  const exact = wish.exact ?? false
  const signs = wish.action === 'generateSignature'

  const placed = folder === undefined || exact ? wish.parameters : withFolder(folder, wish.parameters)
  const formed = signing ? withForced(signing, placed) : placed
  const parameters = exact ? placed : withoutPresetToken(permissions, formed)
  const offending = signing ? signingFaults(signing, wish.parameters, wish.resourceType, formed) : []
  if (signing && exact) {
    const missing = Object.entries(formed).filter(([name, value]) => placed[name] !== value)
    offending.push(...missing.map(([name, value]) => ({ pointer: `/${name}`, message: `must be sent as "${value}"` })))
  }
  if (signs && (exact || !signing)) offending.push(...timestampFault(wish.parameters['timestamp'], signing, nowSeconds))
  if (circumstances.signatureVersion === 1) offending.push(...smugglingFaults(parameters))

  const forbidden = protectionFaults(permissions, parameters, wish.filename)
  if (folder !== undefined) forbidden.push(...folderFaults(folder, { ...wish, parameters }, signing?.presets !== undefined))
  if (forbidden.length > 0) throw refusal('forbidden', [...forbidden, ...offending])
  if (offending.length > 0) throw refusal('param_not_allowed', offending)

  requireGivenUrls(wish.fileUrl, parameters, { sandbox, hosts: signing?.notificationHosts, folder })
  const dated = signs && signing && !exact ? withTimestamp(parameters, backDated(signing, nowSeconds)) : parameters
  return {
    parameters: signs ? withoutReplay(dated, exact) : dated,
    ...(signing?.maxBytes !== undefined && { maxBytes: signing.maxBytes })
  }
}

interface UrlRules extends NotificationRules { readonly folder: string | undefined }

/** Cloudinary reads a bucket with rights of the account, so what lies there is no more the caller's than what lies outside its folder. */
function remoteFileFault (fileUrl: string, { sandbox, folder }: UrlRules): string | undefined {
  const message = urlFault(fileUrl, { schemes: REMOTE_FILE_SCHEMES, privateHosts: sandbox, anyPort: sandbox })
  if (message !== undefined || folder === undefined || !isBucketUrl(fileUrl)) return message
  return 'must begin with https://, http:// or ftp://: a caller with a folder may not read from buckets'
}

/** True for an address that looks right: the refusal of one needs no hint about its kind. */
const hasRemoteScheme = (text: string): boolean => REMOTE_FILE_SCHEMES.some((scheme) => text.toLowerCase().startsWith(`${scheme}:`))

/** Cloudinary fetches these addresses, not we: those it cannot reach are refused as mistakes or probes. */
function requireGivenUrls (fileUrl: string | undefined, parameters: Parameters, rules: UrlRules): void {
  requireNotifications(parameters, rules)
  const message = fileUrl === undefined ? undefined : remoteFileFault(fileUrl, rules)
  if (fileUrl !== undefined && message !== undefined) {
    throw refusal('url_not_allowed', [{ pointer: '/file', message: `${message}${hasRemoteScheme(fileUrl) ? '' : seenSuffix(fileUrl)}` }])
  }
}

/** @throws {GatewayError} `forbidden` that names every public ID outside the caller's folder; nothing is done for any of them. */
export function requireInside (folder: string | undefined, ids: ReadonlyArray<readonly [pointer: string, name: string]>): void {
  if (folder === undefined) return
  const faults = ids.flatMap(([pointer, name]) => outsideFault(folder, name, pointer) ?? [])
  if (faults.length > 0) throw refusal('forbidden', faults)
}

/**
 * The prefix of a list, forced inside the folder: `users/1` would also list `users/10`.
 * @throws {GatewayError} `forbidden` for a prefix that lies elsewhere.
 */
export function prefixInside (folder: string, prefix: string | undefined): string {
  if (prefix === undefined || prefix === folder || prefix === `${folder}/`) return `${folder}/`
  // A prefix ends where a name goes on: what follows makes it whole for the check.
  requireInside(folder, [['/prefix', prefix.endsWith('/') ? `${prefix}x` : prefix]])
  return prefix
}
