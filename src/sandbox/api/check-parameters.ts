import type { ResourceTypeName } from '../assets/kinds.ts'
import { notImitated, SandboxError } from '../errors.ts'
import type { Call } from './call.ts'
import type { Fields } from './fields.ts'
import { nameIgnored } from './ignored.ts'
import { ADD_ONS, DYNAMIC_ONLY, IGNORED, NOT_IMITATED, OTHERWISE } from './upload-parameters.ts'

/** How a kind of add-on that does not exist is refused. */
export type Wording = (parameter: string, value: string) => string

const inUploads: Wording = (parameter, value) => ADD_ONS[parameter]?.invalid(value) ?? ''
/** The Admin API has one text for all of them. Source: integration tests of the official clients, which know how it begins. */
export const inUpdates: Wording = (parameter, value) => `Illegal value ${value} for parameter ${parameter}`

/**
 * Says in a header of our own which parameters had no effect.
 * @throws {SandboxError} 420 for an add-on, 400 for one that does not exist and for what is not imitated.
 */
export function checkSupport (call: Call, fields: Fields, wording = inUploads): void {
  for (const [name, { name: addOn, kinds }] of Object.entries(ADD_ONS)) {
    const value = sent(fields, name)
    if (value === undefined) continue
    throw kinds.test(value) ? new SandboxError(420, `You don't have an active subscription for ${addOn}`) : new SandboxError(400, wording(name, value))
  }
  for (const name of NOT_IMITATED) if (sent(fields, name) !== undefined) throw notImitated(`the upload parameter ${name}`)
  const ignored = call.cloud.folderMode === 'fixed' ? [...IGNORED, ...DYNAMIC_ONLY] : IGNORED
  nameIgnored(call.reply, ignored.filter((name) => sent(fields, name) !== undefined))
  namePolled(call)
}

/** Names notification addresses of polled channels as ignored: the sandbox has no channels. */
export function namePolled ({ fields, reply }: Call): void {
  const isPolled = (name: string): boolean => /^poll:/i.test(fields.text(name) ?? '')
  nameIgnored(reply, ['notification_url', 'eager_notification_url'].filter(isPolled))
}

/** The same for what reads an asset: analyses that are not made here. */
export function nameIgnoredAnalyses (call: Call): void {
  nameIgnored(call.reply, IGNORED.filter((name) => name.endsWith('_analysis') && sent(call.fields, name) !== undefined))
}

/** Says which parameters had no effect because the file is no image. */
export function nameUnfit (call: Call, fields: Fields, resourceType: ResourceTypeName): void {
  if (resourceType === 'image') return
  const unfit = Object.entries(OTHERWISE[resourceType]).filter(([name, support]) => support === 'ignored' && sent(fields, name) !== undefined)
  nameIgnored(call.reply, unfit.map(([name]) => name).sort())
}

/** Some clients send every flag with its default: `false` asks for nothing. */
function sent (fields: Fields, name: string): string | undefined {
  const text = fields.text(name)
  return text === 'false' || text === '0' ? undefined : text
}
