import type { AssetRecord } from '../assets/asset.ts'
import { missingParameter, SandboxError } from '../errors.ts'
import type { Call } from '../api/call.ts'
import { mergeMetadata, typedMetadata, validMetadata } from '../assets/metadata.ts'
import { readDeliveryType, readPairs, readTags } from '../assets/parameters.ts'

const MAX_OPERATIONS = 1000

/**
 * `POST /{resource_type}/tags`. Official clients call the parameter `tag`, one of them sends a JSON list as
 * `tags`. Source: Cloudinary, "Upload API reference", "tags"; models of the asset management MCP server.
 */
export async function tags (call: Call): Promise<unknown> {
  const command = call.fields.text('command') ?? 'add'
  const given = [...readTags(call.fields, 'tag') ?? [], ...readTags(call.fields) ?? []]
  if (command !== 'remove_all' && given.length === 0) throw missingParameter('tag')
  const change = tagChange(command, given)
  if (command === 'set_exclusive') await takeFromOthers(call, given)
  return changeAll(call, (record) => ({ ...record, tags: [...new Set(change(record.tags))] }), given.length)
}

/** `POST /{resource_type}/context`. */
export async function contextPairs (call: Call): Promise<unknown> {
  const command = call.fields.text('command') ?? 'add'
  if (command === 'remove_all') return changeAll(call, ({ context, ...record }) => record)
  if (command !== 'add') throw new SandboxError(400, `Invalid command ${command}`)
  const pairs = readPairs(call.fields, 'context')
  if (!pairs) throw missingParameter('context')
  return changeAll(call, (record) => ({ ...record, context: { ...record.context, ...pairs } }))
}

/** `POST /{resource_type}/metadata`. */
export async function metadata (call: Call): Promise<unknown> {
  const pairs = readPairs(call.fields, 'metadata')
  if (!pairs) throw missingParameter('metadata')
  const clearInvalid = call.fields.flag('clear_invalid')
  const values = typedMetadata(call.store.metadataFields(), pairs, { clearInvalid })
  return changeAll(call, (record) => {
    const merged = mergeMetadata(record.metadata, values)
    return { ...record, metadata: clearInvalid ? validMetadata(call.store.metadataFields(), merged) : merged }
  })
}

function tagChange (command: string, given: readonly string[]): (tags: readonly string[]) => readonly string[] {
  switch (command) {
    case 'add':
    case 'set_exclusive': return (present) => [...present, ...given]
    case 'remove': return (present) => present.filter((tag) => !given.includes(tag))
    case 'replace': return () => given
    case 'remove_all': return () => []
    default: throw new SandboxError(400, `Invalid command ${command}`)
  }
}

/** Only the ids that exist are answered; the others are no error. */
async function changeAll (call: Call, change: (record: AssetRecord) => AssetRecord, weight = 1): Promise<unknown> {
  const ids = publicIds(call)
  if (ids.length * Math.max(1, weight) > MAX_OPERATIONS) throw new SandboxError(400, `Too many public_ids. Maximum is ${MAX_OPERATIONS} operations.`)
  const type = readDeliveryType(call.fields)
  const found = ids.map((id) => call.store.find(call.params.rt ?? 'image', type, id)).filter((record) => record !== undefined)
  for (const record of found) {
    const changed = await call.store.change(record.asset_id, change)
    if (changed) await call.store.keepNewOptions(changed)
  }
  return { public_ids: found.map((record) => record.public_id) }
}

async function takeFromOthers (call: Call, given: readonly string[]): Promise<void> {
  const ids = new Set(publicIds(call))
  const { assets } = call.store
  const tagged = new Set(given.flatMap((tag) => [...assets.byTime(['tag', call.params.rt ?? '', tag])]))
  const others = [...tagged].filter((record) => !ids.has(record.public_id))
  await Promise.all(others.map((record) => call.store.change(record.asset_id, (present) => ({ ...present, tags: present.tags.filter((tag) => !given.includes(tag)) }))))
}

function publicIds (call: Call): string[] {
  const ids = call.fields.list('public_ids')
  if (!ids || ids.length === 0) throw missingParameter('public_ids')
  return [...new Set(ids)]
}
