import { Type, type Static } from '@sinclair/typebox'
import { Choice, RESOURCE_TYPES } from './assets.ts'

const LIMITS = [
  'formats', 'folder', 'public_id_patterns', 'presets', 'fields', 'validity_seconds', 'single_use', 'resource_types', 'max_bytes'
] as const
const Limit = Choice(LIMITS, { 'x-component': 'UploadLimit' })
const names = (description: string) => Type.Array(Type.String(), { description })
// With `anyOf`, what writes the answer would look for the branch that fits.
const orNull = <T>(schema: Record<string, unknown>) => Type.Unsafe<T | null>({
  ...schema, type: [schema['type'], 'null']
})
const namesOrNull = (description: string) => orNull<string[]>({
  type: 'array', items: { type: 'string' }, description
})

/** What a caller may upload with a signature. */
export const UploadRules = Type.Object({
  environment: Type.String(),
  cloud_name: Type.String(),
  allowed: Type.Boolean({ description: 'False when this caller can get no signature here.' }),
  reason: orNull<string>({
    type: 'string', description: 'Why not, and what to do, as a sentence for people.'
  }),
  resource_types: Type.Array(Choice([...RESOURCE_TYPES, 'auto']), {
    description: 'Values that `resource_type` may have; `auto` lets Cloudinary decide, and so allows every kind.'
  }),
  formats: namesOrNull('File formats; null when they are not limited.'),
  max_bytes: orNull<number>({ type: 'integer', description: 'Largest file; null when no limit is known.' }),
  folder: Type.Object({
    forced: orNull<string>({ type: 'string', description: 'Folder that is set, whatever is sent.' }),
    patterns: names(
      'Folders that may be named: `*` stands for anything inside one segment, `**` for anything. Empty: any.'
    )
  }),
  public_id_patterns: names('Patterns of the whole public ID, with its folders. Empty: any.'),
  presets: namesOrNull('Upload presets that may be named; null when they are not limited.'),
  fields: Type.Object({
    allowed: names('Fields that may be sent.'),
    required: names('Fields that must be sent.'),
    forced: Type.Unsafe<Record<string, string>>({
      type: 'object',
      additionalProperties: Type.String(),
      description: 'Fields that the gateway sets, as they are signed.'
    })
  }),
  validity_seconds: Type.Integer({ description: 'How long a signature lives.' }),
  single_use: Type.Boolean({
    description: 'True when each form is good for one asset, under a public ID that the gateway picks.'
  }),
  enforced_by_cloudinary: Type.Array(Limit, {
    description: 'Limits that the signature binds, so that Cloudinary itself refuses what breaks them.'
  }),
  enforced_by_page_only: Type.Array(Limit, {
    description: 'Limits that no signature can bind: the page enforces them, and the gateway for files that go through it.'
  })
}, {
  'x-component': 'UploadRules',
  examples: [{
    environment: 'editor',
    cloud_name: 'demo',
    allowed: true,
    reason: null,
    resource_types: ['image'],
    formats: ['jpg', 'png'],
    max_bytes: 10_000_000,
    folder: { forced: 'users/42', patterns: [] },
    public_id_patterns: [],
    presets: [],
    fields: { allowed: ['folder', 'tags', 'timestamp'], required: [], forced: { folder: 'users/42' } },
    validity_seconds: 3600,
    single_use: false,
    enforced_by_cloudinary: ['formats', 'folder', 'presets', 'fields', 'validity_seconds'],
    enforced_by_page_only: ['resource_types', 'max_bytes']
  }]
})

export type UploadRulesAnswer = Static<typeof UploadRules>
