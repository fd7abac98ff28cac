import { below, invalidRequest, refusal, type Fault } from '../../errors.ts'
import { decoded } from '../../input/decoded.ts'
import { seenSuffix } from '../../input/fields/seen.ts'
import { HALF_CHARACTER } from '../../input/strict-json.ts'
import { CLOCK_AHEAD_SECONDS } from '../../input/signature-time.ts'
import { isBucketUrl, REMOTE_FILE_SCHEMES, urlFault } from '../../net/urls.ts'
import { echoFaults, smugglingFaults } from '../../schemas/smuggling.ts'
import { requireNotifications } from '../policy/notifications.ts'
import type { Permissions } from '../policy/permissions.ts'
import {
  backDated, isOn, signingFaults, withForced, type SigningRules, type Parameters
} from '../policy/signing-rules.ts'
import { withOwnName } from '../policy/single-use.ts'
import { derivedFaults } from './derived-assets.ts'
import { outsideFault, uploadFaults, withFolder } from './folder.ts'
import { withoutHiding } from './hidden-parameters.ts'
import { placeFaults, rulePlaces, undecidableFaults } from './places.ts'
import { protectionFaults, withoutPresetToken } from './protection.ts'
import { withoutReplay } from './replay-guard.ts'
import { formForOne, randomName, requireUnnamed } from './single-use-form.ts'

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

/** The part of a wish that is judged when a signature is its only credential. */
export type SignedWish = Pick<UploadWish, 'parameters' | 'filename' | 'fileUrl'>

/** Parameters that a caller may have signed and sent, and their limit. */
export interface UploadPermit {
  /** Sign and send these, and no others. */
  readonly parameters: Parameters
  /** Largest file for this caller, in bytes. */
  readonly maxBytes?: number
  /** Returns the parameters of one more upload like this one, where a form is good for one asset. */
  readonly another?: () => Parameters
}

export interface Circumstances {
  readonly permissions: Permissions
  readonly nowSeconds: number
  /** Version of the environment's signatures: version 1 does not escape `&`. */
  readonly signatureVersion: 1 | 2
  /** The sandbox reaches what this machine reaches. */
  readonly sandbox: boolean
  /** Makes names that nobody can guess, for forms that are good for one asset. */
  readonly newName?: () => string
}

/** Ways out of the folder. */
function folderFaults (folder: string, { parameters, filename }: UploadWish, hasPresets: boolean): Fault[] {
  return [
    ...uploadFaults(folder, parameters, filename),
    ...undecidableFaults(parameters, hasPresets, 'a caller with a folder'),
    ...derivedFaults(folder, parameters)
  ]
}

/** Finds where the upload breaks the signing rules. `formed` are its parameters with all that is added. */
function ruleFaults ({ signing, folder }: Permissions, wish: UploadWish, formed: Parameters): Fault[] {
  if (!signing) return []
  const faults = signingFaults(signing, wish.parameters, wish.resourceType)
  const misplaced = placeFaults(signing, formed, wish.filename)
  // A caller with a folder is told in the words of its folder.
  if (folder === undefined && rulePlaces(signing)) {
    const hasPresets = signing.presets !== undefined
    misplaced.push(...undecidableFaults(formed, hasPresets, 'a caller with rules about places'))
  }
  const isTold = ({ pointer }: Fault): boolean => faults.some((fault) => fault.pointer === pointer)
  return [...faults, ...misplaced.filter((fault) => !isTold(fault))]
}

/** Returns the likely name of a remote file. A redirect or a header may give it another, so no rule trusts it. */
function nameInUrl (fileUrl: string | undefined): string | undefined {
  const last = fileUrl?.split(/[?#]/, 1)[0]?.split('/').at(-1)
  return last === undefined ? undefined : decoded(last) ?? last
}

/**
 * Refuses values that would come to mean something else: half of a character, which is hashed and sent as
 * U+FFFD, and a parameter inside a public ID, of which Cloudinary would make a signature.
 */
function requireText ({ parameters, filename, fileUrl }: SignedWish): void {
  const halves = Object.entries(parameters).filter(([, value]) => !value.isWellFormed())
    .map(([name]) => ({ pointer: `/${name}`, message: HALF_CHARACTER }))
  const echoed = isOn(parameters['use_filename']) ? filename ?? nameInUrl(fileUrl) : undefined
  const faults = [...halves, ...echoFaults(parameters, echoed)]
  if (faults.length > 0) throw invalidRequest(faults)
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
 * @throws {GatewayError} `invalid_request` for a public ID that holds a parameter, `forbidden` when the asset
 * could leave the caller's folder, overwrite a protected one or be deleted, `url_not_allowed` for URLs,
 * `param_not_allowed` for everything else; each names every offending parameter at once.
 */
export function permitUpload (wish: UploadWish, circumstances: Circumstances): UploadPermit {
  return below(wish.within ?? '', () => judge(wish, circumstances))
}

function judge (wish: UploadWish, circumstances: Circumstances): UploadPermit {
  const { permissions, nowSeconds, sandbox, newName = randomName } = circumstances
  const { folder, signing } = permissions
  const exact = wish.exact ?? false
  const signs = wish.action === 'generateSignature'
  const single = signs && signing?.singleUse ? { rules: signing, name: newName() } : undefined
  if (single) requireUnnamed(wish, single.rules)

  const placed = folder === undefined || exact ? wish.parameters : withFolder(folder, wish.parameters)
  const ruled = signing ? withForced(signing, placed) : placed
  const formed = single ? withOwnName(single.rules, ruled, single.name) : ruled
  const parameters = exact ? placed : withoutPresetToken(permissions, formed)
  requireText({ ...wish, parameters })
  const offending = ruleFaults(permissions, wish, formed)
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

  requireNotifications(parameters, { sandbox, hosts: signing?.notificationHosts })
  const barred = folder === undefined ? undefined : 'a caller with a folder'
  requireSource(wish.fileUrl, { sandbox, barred })
  const dated = signs && signing && !exact ? withTimestamp(parameters, backDated(signing, nowSeconds)) : parameters
  const signed = { parameters: dated, given: wish.parameters, exact }
  const finish = (each: Parameters): Parameters => withoutReplay(each, exact)
  return {
    ...(single
      ? formForOne(permissions, { ...signed, name: single.name, newName }, finish)
      : { parameters: signs ? withoutHiding(permissions, signed, finish) : dated }),
    ...(signing?.maxBytes !== undefined && { maxBytes: signing.maxBytes })
  }
}

interface SourceRules {
  readonly sandbox: boolean
  /** The party that may not read from buckets, as a refusal names it; undefined when buckets are allowed. */
  readonly barred: string | undefined
}

/**
 * Returns why a file may not come from there, or undefined. Cloudinary reads a bucket with rights of the account,
 * so what lies there is no more the caller's than what lies outside its folder.
 */
function sourceFault (fileUrl: string, { sandbox, barred }: SourceRules): string | undefined {
  const message = urlFault(fileUrl, { schemes: REMOTE_FILE_SCHEMES, privateHosts: sandbox, anyPort: sandbox })
  if (message !== undefined || barred === undefined || !isBucketUrl(fileUrl)) return message
  return `must begin with https://, http:// or ftp://: ${barred} may not read from buckets`
}

/** True for an address that looks right: the refusal of one needs no hint about its kind. */
const hasRemoteScheme = (text: string): boolean => REMOTE_FILE_SCHEMES.some((scheme) => text.toLowerCase().startsWith(`${scheme}:`))

/** Cloudinary fetches these addresses, not we: those it cannot reach are refused as mistakes or probes. */
function requireSource (fileUrl: string | undefined, rules: SourceRules): void {
  const message = fileUrl === undefined ? undefined : sourceFault(fileUrl, rules)
  if (fileUrl !== undefined && message !== undefined) {
    throw refusal('url_not_allowed', [{ pointer: '/file', message: `${message}${hasRemoteScheme(fileUrl) ? '' : seenSuffix(fileUrl)}` }])
  }
}

/**
 * Judges an upload whose signature is its only credential. It is unknown who asked for that, so it may do what
 * every caller may.
 * @throws {GatewayError} `invalid_request` for a public ID that holds a parameter, `url_not_allowed` for the
 * address of a file.
 */
export function requireSigned (wish: SignedWish, sandbox: boolean): void {
  requireText(wish)
  requireSource(wish.fileUrl, { sandbox, barred: 'a signed form' })
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
