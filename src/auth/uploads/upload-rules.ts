import { GatewayError } from '../../errors.ts'
import { SIGNATURE_LIFE_SECONDS } from '../../input/signature-time.ts'
import { RESOURCE_TYPES } from '../../schemas/assets.ts'
import { SIGNABLE_PARAMETER_NAMES } from '../../schemas/upload-parameters.ts'
import type { UploadRulesAnswer } from '../../schemas/upload-rules.ts'
import { NOTIFICATIONS } from '../policy/notifications.ts'
import { requireAction, type Permissions } from '../policy/permissions.ts'
import type { SigningRules } from '../policy/signing-rules.ts'
import { hidesOverwrite, NOT_OF_SINGLE_USE } from '../policy/single-use.ts'
import { permitUpload, type Circumstances } from './permit.ts'
import { isPlaced, SCRIPTS } from './places.ts'
import { mayDeleteAll } from './protection.ts'

/** Rules of one caller, without what the environment adds. */
export type CallerUploadRules = Omit<UploadRulesAnswer, 'environment' | 'cloud_name'>

const ASK = 'Ask the operator of this gateway for the permission.'
const ALL_TYPES = [...RESOURCE_TYPES, 'auto'] as const

/** Lists that allow no upload when they are empty, each with the sentence that says so. */
const EMPTY_LISTS = [
  ['formats', 'The policy allows no file format.'],
  ['resourceTypes', 'The policy allows no kind of asset.'],
  ['folder', 'The policy allows no folder.'],
  ['publicId', 'The policy allows no public ID.']
] as const

/** True when the rules decide whether an upload is allowed, whatever fields the caller sends. */
function isDecidable ({ signing }: Permissions): boolean {
  if (!signing) return true
  const { require, force, folder, publicId, singleUse } = signing
  const asks = require.some((name) => force[name] === undefined)
  const asksForFolder = folder !== undefined && force['folder'] === undefined
  const asksForName = publicId !== undefined && !singleUse
  return !asks && !asksForFolder && !asksForName
}

/** Runs an attempt and returns why it was refused, as a sentence; undefined when it was not. */
function refusalOf (attempt: () => unknown): string | undefined {
  try {
    attempt()
    return undefined
  } catch (error) {
    if (error instanceof GatewayError) return error.message.replace(/^\//, 'No form can be signed: /')
    throw error
  }
}

/** Returns what keeps a caller that may sign from signing any upload; undefined when nothing is known to. */
function obstacle (circumstances: Circumstances): string | undefined {
  const { permissions, nowSeconds } = circumstances
  const { signing } = permissions
  const empty = EMPTY_LISTS.find(([name]) => signing?.[name]?.length === 0)
  if (empty) return empty[1]
  if (!isDecidable(permissions)) return undefined
  const parameters = { timestamp: String(nowSeconds) }
  return refusalOf(() => permitUpload({ action: 'generateSignature', parameters }, circumstances))
}

const reasonOf = (why: string): string => `Uploads are not allowed here. ${why} ${ASK}`

/** Returns the rules of a caller that may not sign at all. They hide what its policy would force. */
const nothing = (why: string): CallerUploadRules => ({
  allowed: false,
  reason: reasonOf(why),
  resource_types: [],
  formats: [],
  max_bytes: null,
  folder: { forced: null, patterns: [] },
  public_id_patterns: [],
  presets: [],
  fields: { allowed: [], required: [], forced: {} },
  validity_seconds: SIGNATURE_LIFE_SECONDS,
  single_use: false,
  enforced_by_cloudinary: [],
  enforced_by_page_only: []
})

const isNotification = (name: string): boolean => (NOTIFICATIONS as readonly string[]).includes(name)

function allowedNames (permissions: Permissions): string[] {
  const { signing } = permissions
  const names = signing ? [...signing.allow] : SIGNABLE_PARAMETER_NAMES
  const isBarred = (name: string): boolean => {
    if (isPlaced(permissions) && (SCRIPTS as readonly string[]).includes(name)) return true
    if (name === 'eval' && !mayDeleteAll(permissions)) return true
    if (isNotification(name) && signing?.notificationHosts?.length === 0) return true
    if (name === 'upload_preset' && presetsOf(permissions)?.length === 0) return true
    return signing?.singleUse === true && (NOT_OF_SINGLE_USE.has(name) || hidesOverwrite(name))
  }
  return names.filter((name) => !isBarred(name)).sort()
}

/** Returns the presets that may be used: without a list, none where one could bring a folder of its own. */
function presetsOf (permissions: Permissions): readonly string[] | undefined {
  const { signing } = permissions
  return signing?.presets ?? (isPlaced(permissions) || signing?.singleUse ? [] : undefined)
}

function folderPatterns ({ folder, signing }: Permissions): string[] {
  if (signing?.folder) return signing.folder.map(({ text }) => text)
  return folder === undefined ? [] : [folder, `${folder}/**`]
}

const formatsOf = ({ force, formats }: SigningRules): readonly string[] | undefined =>
  force['allowed_formats']?.split(',') ?? formats

type Limit = UploadRulesAnswer['enforced_by_cloudinary'][number]
type Enforced = 'enforced_by_cloudinary' | 'enforced_by_page_only'

/** Returns the limits in these rules that the signature binds, and those that it cannot. */
function enforcement (
  rules: Omit<CallerUploadRules, Enforced>, limitsTypes: boolean
): Pick<CallerUploadRules, Enforced> {
  const { formats, folder, public_id_patterns: ids, presets, single_use: isSingle } = rules
  const bound: Array<readonly [Limit, boolean]> = [
    ['formats', formats !== null],
    ['folder', folder.forced !== null || folder.patterns.length > 0],
    ['public_id_patterns', ids.length > 0],
    ['presets', presets !== null],
    ['fields', true],
    ['validity_seconds', true],
    ['single_use', isSingle]
  ]
  const loose: Array<readonly [Limit, boolean]> = [
    ['resource_types', limitsTypes], ['max_bytes', rules.max_bytes !== null]
  ]
  const names = (limits: typeof bound): Limit[] => limits.flatMap(([name, isSet]) => isSet ? [name] : [])
  return { enforced_by_cloudinary: names(bound), enforced_by_page_only: names(loose) }
}

/** Returns what a caller may upload with a signature, as a page can show it before a byte is sent. */
export function uploadRules (circumstances: Circumstances): CallerUploadRules {
  const { permissions } = circumstances
  const { signing } = permissions
  const barred = refusalOf(() => requireAction(permissions, 'generateSignature', false))
  if (barred !== undefined) return nothing(barred)
  const why = obstacle(circumstances)
  const { force = {}, require = [] } = signing ?? {}
  const rules = {
    allowed: why === undefined,
    reason: why === undefined ? null : reasonOf(why),
    // The schema of the policy checks them.
    resource_types: [...signing?.resourceTypes ?? ALL_TYPES] as UploadRulesAnswer['resource_types'],
    formats: (signing && formatsOf(signing)?.slice()) ?? null,
    max_bytes: signing?.maxBytes ?? null,
    folder: { forced: force['folder'] ?? null, patterns: folderPatterns(permissions) },
    public_id_patterns: signing?.publicId?.map(({ text }) => text) ?? [],
    presets: presetsOf(permissions)?.slice() ?? null,
    fields: {
      allowed: allowedNames(permissions),
      required: require.filter((name) => force[name] === undefined),
      forced: { ...force }
    },
    validity_seconds: signing?.validitySeconds ?? SIGNATURE_LIFE_SECONDS,
    single_use: signing?.singleUse ?? false
  }
  return { ...rules, ...enforcement(rules, signing?.resourceTypes !== undefined) }
}
