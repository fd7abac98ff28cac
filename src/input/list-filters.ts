import { Type } from '@sinclair/typebox'
import { invalidRequest, pointerTo, type Fault } from '../errors.ts'
import { Choice } from '../schemas/assets.ts'
import { folder } from '../schemas/upload-parameters.ts'

/** Filters of a list, one at a time: each is a list call of its own at Cloudinary. */
export const LIST_FILTERS = {
  tag: Type.Optional(Type.String({
    minLength: 1,
    maxLength: 255,
    pattern: '^[^,]+$',
    'x-fault': 'must be one tag',
    description: 'Only assets with this tag.',
    examples: ['cat']
  })),
  moderation_kind: Type.Optional(Type.String({
    pattern: '^[a-z][a-z0-9_:.-]{0,99}$',
    'x-fault': 'must be a kind of moderation such as "manual"',
    description: 'Only assets with this moderation in the state that `moderation_status` names.',
    examples: ['manual']
  })),
  moderation_status: Type.Optional(Choice(['pending', 'approved', 'rejected'], {
    description: 'Beside `moderation_kind`.'
  })),
  asset_folder: folder('Only assets shown in this folder (dynamic folders); subfolders are not included.', { examples: ['cats'] })
}

const PAIR = ['moderation_kind', 'moderation_status'] as const
const FILTERS = ['tag', 'moderation_kind', 'asset_folder'] as const
/** Fields that only a list without a filter takes. */
const OF_PLAIN_LISTS = ['prefix', 'start_at', 'public_ids'] as const

type Asked = Readonly<Partial<Record<string, unknown>>>

/**
 * Refuses combinations of filters that Cloudinary has no call for.
 * @throws {GatewayError} `invalid_request` that names each field that cannot be combined with the others.
 */
export function checkFilters (asked: Asked): void {
  const has = (name: string): boolean => asked[name] !== undefined
  const [filter, ...others] = FILTERS.filter(has)
  const faults: Fault[] = []
  const refuse = (name: string, message: string): void => {
    faults.push({ pointer: pointerTo(name), message })
  }
  for (const [name, other] of [PAIR, [...PAIR].reverse()] as const) {
    if (has(String(other)) && !has(String(name))) refuse(String(name), `is required beside ${String(other)}`)
  }
  if (filter !== undefined) {
    for (const name of [...others, ...OF_PLAIN_LISTS.filter(has)]) {
      refuse(name, `cannot be asked for beside ${filter}: Cloudinary filters by one at a time`)
    }
    if (filter === 'asset_folder' && has('direction')) {
      refuse('direction', 'cannot be asked for beside asset_folder: such a list has its own order')
    }
  }
  if (faults.length > 0) throw invalidRequest(faults)
}
