import type { ModerationRecord } from './asset.ts'
import { SandboxError } from '../errors.ts'

/** Kinds that are add-ons, with the names under which they are sold. */
const ADD_ONS: Readonly<Record<string, string>> = {
  perception_point: 'Perception Point Malware Detection',
  webpurify: 'WebPurify Image Moderation',
  aws_rek: 'Amazon Rekognition AI Moderation',
  aws_rek_video: 'Amazon Rekognition Video Moderation',
  google_video_moderation: 'Google AI Video Moderation',
  metascan: 'MetaDefender Anti-Malware Protection'
}

/**
 * What `moderation` of an upload comes to: `manual` waits for a decision, `duplicate:` finds none. Several are joined by a pipe.
 * @throws {SandboxError} 420 for a kind that needs a subscription, 400 for one that does not exist.
 */
export function startModeration (text: string, nowIso: string): ModerationRecord[] {
  const kinds = text.split('|')
  return kinds.map((kind, index) => {
    const [name = ''] = kind.split(':', 1)
    const addOn = ADD_ONS[name]
    if (addOn) throw new SandboxError(420, `You don't have an active subscription for ${addOn}`)
    if (name === 'duplicate') return { kind: 'duplicate', status: 'approved', updated_at: nowIso }
    if (kind !== 'manual' || index < kinds.length - 1) throw new SandboxError(400, `Moderation ${kind} moderation is not valid`)
    return { kind, status: 'pending' }
  })
}

/** A person's decision. An asset that was not moderated before is from now on. */
export function decideModeration (records: readonly ModerationRecord[] | undefined, status: string, nowIso: string): ModerationRecord[] {
  if (status !== 'approved' && status !== 'rejected' && status !== 'pending') throw new SandboxError(400, `Moderation status ${status} is not valid`)
  const others = (records ?? []).filter(({ kind }) => kind !== 'manual')
  return [{ kind: 'manual', status, updated_at: nowIso }, ...others]
}

/** What was rejected is not delivered any more, and lists show a placeholder in its place. Its bytes are kept: it may still be approved. */
export function isRejected ({ moderation }: { moderation?: readonly ModerationRecord[] | undefined }): boolean {
  return moderation?.some(({ status }) => status === 'rejected') ?? false
}
