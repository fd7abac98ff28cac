import type { Fault } from '../../errors.ts'
import { SIGNATURE_LIFE_SECONDS } from '../../input/signature-time.ts'
import { urlFault } from '../../net/urls.ts'
import { SIGNABLE_PARAMETER_NAMES } from '../../schemas/upload-parameters.ts'
import { NOTIFICATION_SCHEMES, NOTIFICATIONS } from './notifications.ts'
import { compilePatterns, fillClaims, type Pattern, type Claims } from './patterns.ts'
import type { SignRules } from './policy-schema.ts'

/** Upload parameters as wire text, by name. */
export type Parameters = Readonly<Record<string, string>>

/** A flag that is on in wire text. */
export const isOn = (value: string | undefined): boolean => value === 'true' || value === '1'

/** A flag that was switched off. One that is absent has Cloudinary's default, or that of a preset. */
export const isOff = (value: string | undefined): boolean => value === 'false' || value === '0'

/** Parameters that run scripts, choose proxies or write headers: a rule has to name them before they may be signed. */
const POWERFUL: ReadonlySet<string> = new Set(['eval', 'on_success', 'proxy', 'headers', 'callback'])
/** They put another folder before the name that a rule about places has judged. */
const MOVING: ReadonlySet<string> = new Set(['public_id_prefix', 'use_asset_folder_as_public_id_prefix'])
const USUAL = SIGNABLE_PARAMETER_NAMES.filter((name) => !POWERFUL.has(name))
const USUAL_IN_PLACES = USUAL.filter((name) => !MOVING.has(name))

/** What may be signed, and what is uploaded through the gateway, which amounts to the same. Absent members do not restrict. */
export interface SigningRules {
  readonly allow: ReadonlySet<string>
  readonly require: readonly string[]
  /** Wire text by parameter: set whatever the caller sends. */
  readonly force: Parameters
  readonly folder?: readonly Pattern[]
  readonly publicId?: readonly Pattern[]
  readonly formats?: readonly string[]
  readonly presets?: readonly string[]
  readonly notificationHosts?: readonly string[]
  readonly resourceTypes?: readonly string[]
  readonly validitySeconds?: number
  readonly maxBytes?: number
  /** Each signed form is good for one asset. */
  readonly singleUse?: true
}

/** A forced value as Cloudinary takes it: text as it is, lists with commas. */
function wireText (value: string | number | boolean | readonly string[], claims: Claims): string {
  return typeof value === 'string' ? fillClaims(value, claims) : typeof value === 'object' ? value.map((item) => fillClaims(item, claims)).join(',') : String(value)
}

/** A rule about a parameter also says that it may be used. */
function allowedNames (rules: SignRules): Set<string> {
  const hasPlaces = rules.folder !== undefined || rules.public_id !== undefined || rules.force?.['folder'] !== undefined
  const allow = new Set([...(rules.allow ?? (hasPlaces ? USUAL_IN_PLACES : USUAL)), ...(rules.require ?? []), ...Object.keys(rules.force ?? {}), 'timestamp'])
  if (rules.folder) allow.add('folder')
  if (rules.public_id) allow.add('public_id')
  if (rules.formats) allow.add('allowed_formats')
  if (rules.presets) allow.add('upload_preset')
  if (rules.notification_hosts) allow.add('notification_url')
  return allow
}

/** The rules with the claims of a caller put in. */
export function compileSigning (rules: SignRules, claims: Claims): SigningRules {
  const force = Object.entries(rules.force ?? {}).map(([name, value]) => [name, wireText(value, claims)])
  return {
    allow: allowedNames(rules),
    require: rules.require ?? [],
    force: Object.fromEntries(force),
    ...(rules.folder && { folder: compilePatterns(rules.folder, claims) }),
    ...(rules.public_id && { publicId: compilePatterns(rules.public_id, claims) }),
    ...(rules.formats && { formats: rules.formats }),
    ...(rules.presets && { presets: rules.presets }),
    ...(rules.notification_hosts && { notificationHosts: rules.notification_hosts }),
    ...(rules.resource_types && { resourceTypes: rules.resource_types }),
    ...(rules.validity_seconds !== undefined && { validitySeconds: rules.validity_seconds }),
    ...(rules.max_bytes !== undefined && { maxBytes: rules.max_bytes }),
    ...(rules.single_use === true && { singleUse: true })
  }
}

type Check = (rules: SigningRules, parameters: Parameters) => Fault[]

const allowed: Check = ({ allow }, parameters) => Object.keys(parameters)
  .filter((name) => !allow.has(name))
  .map((name) => ({ pointer: `/${name}`, message: 'may not be signed by this caller' }))

const required: Check = ({ require, force }, parameters) => require
  .filter((name) => parameters[name] === undefined && force[name] === undefined)
  .map((name) => ({ pointer: `/${name}`, message: 'must be given by this caller' }))

const forced: Check = ({ force }, parameters) => Object.entries(force)
  .filter(([name, value]) => parameters[name] !== undefined && parameters[name] !== value)
  .map(([name, value]) => ({ pointer: `/${name}`, message: `is always "${value}" for this caller` }))

const formats: Check = ({ formats: list }, { allowed_formats: wanted, format }) => {
  if (!list) return []
  // Nothing would be signed for it, and so nothing be limited.
  if (list.length === 0) {
    return [{ pointer: '/allowed_formats', message: 'cannot be met: this caller may upload no format' }]
  }
  const asked = wanted?.split(',').map((name) => name.trim()).filter((name) => name !== '')
  const faults = (asked ?? []).filter((name) => !list.includes(name)).map((name) => ({ pointer: '/allowed_formats', message: `"${name}" is not one of ${list.join(', ')}` }))
  // Separators alone would be signed, and limit nothing.
  if (asked?.length === 0) faults.push({ pointer: '/allowed_formats', message: `must name some of ${list.join(', ')}, or be left out` })
  if (format !== undefined && !list.includes(format)) faults.push({ pointer: '/format', message: `must be one of ${list.join(', ')}` })
  return faults
}

const presets: Check = ({ presets: list }, { upload_preset: preset }) => preset !== undefined && list && !list.includes(preset)
  ? [{ pointer: '/upload_preset', message: `must be one of ${list.join(', ') || 'none'}` }]
  : []

const notifications: Check = ({ notificationHosts: hosts }, parameters) => {
  if (!hosts) return []
  return NOTIFICATIONS.flatMap((name) => {
    const value = parameters[name]
    const message = value === undefined ? undefined : urlFault(value, { schemes: NOTIFICATION_SCHEMES, hosts })
    return message === undefined ? [] : [{ pointer: `/${name}`, message }]
  })
}

const CHECKS: readonly Check[] = [allowed, required, forced, formats, presets, notifications]

/** Finds where the parameters break the rules. Rules about places are judged apart, with all that is added. */
export function signingFaults (rules: SigningRules, parameters: Parameters, resourceType?: string): Fault[] {
  const faults = CHECKS.flatMap((check) => check(rules, parameters))
  const { resourceTypes } = rules
  if (resourceTypes && resourceType !== undefined && !resourceTypes.includes(resourceType)) {
    faults.push({ pointer: '/resource_type', message: `must be one of ${resourceTypes.join(', ')}` })
  }
  return faults
}

/**
 * Parameters that updates and uploads share and that do more than describe the asset: who may see it, the
 * headers it is delivered with, and add-ons, which are paid for.
 */
export const HELD_IN_UPDATES = [
  'access_control', 'headers', 'auto_tagging', 'auto_transcription', 'background_removal', 'categorization',
  'detection', 'ocr', 'raw_convert', 'similarity_search', 'visual_search'
] as const

/** Finds where an update breaks the rules of uploads, which it could otherwise undo. */
export function updateFaults (rules: SigningRules, changes: Parameters): Fault[] {
  const given = HELD_IN_UPDATES.flatMap((name) => changes[name] === undefined ? [] : [[name, changes[name]]])
  const held: Parameters = Object.fromEntries(given)
  const barred = allowed(rules, held)
    .map(({ pointer }) => ({ pointer, message: 'may not be set by this caller' }))
  return [...barred, ...forced(rules, held)]
}

/** The parameters with what is forced, and with `allowed_formats` where formats are limited and none were asked for. */
export function withForced (rules: SigningRules, parameters: Parameters): Parameters {
  const formatList = rules.formats && parameters['allowed_formats'] === undefined ? { allowed_formats: rules.formats.join(',') } : {}
  return { ...parameters, ...formatList, ...rules.force }
}

/**
 * The timestamp that makes a signature die `validitySeconds` from now: Cloudinary counts an hour from the timestamp, so
 * a shorter life is had by dating it back.
 */
export function backDated (rules: SigningRules, nowSeconds: number): number {
  return nowSeconds - SIGNATURE_LIFE_SECONDS + (rules.validitySeconds ?? SIGNATURE_LIFE_SECONDS)
}
