import type { AssetRecord } from '../assets/asset.ts'
import { FolderTree } from './folder-tree.ts'
import { Lists } from './lists.ts'
import { compareTexts, SortedSet } from './sorted-set.ts'

/** Place of an asset in a list by time. */
export interface TimePlace { created_at: string, sequence: number, asset_id: string }
/** Place of an asset in a list by public ID. */
export interface NamePlace { public_id: string, type: string, sequence: number }
/** Place that a list is read from, and the direction. */
export interface ReadFrom<Place> { from?: Place | undefined, descending?: boolean }

/** Name of a list: the property that its assets share, and the values of that property. */
export type ListName =
  | readonly [by: 'kind', resourceType: string]
  | readonly [by: 'type', resourceType: string, type: string]
  | readonly [by: 'tag', resourceType: string, tag: string]
  | readonly [by: 'context', resourceType: string, key: string]
  | readonly [by: 'context', resourceType: string, key: string, value: string]
  | readonly [by: 'moderation', resourceType: string, kind: string, status: string]
  | readonly [by: 'folder', path: string]
export type NamedList = Extract<ListName, readonly ['kind' | 'type', ...unknown[]]>

/**
 * The assets of a cloud in the order of every list that calls ask for. It is updated as they come and go, so
 * a page costs what is on it, however much is stored.
 */
export class AssetIndex {
  readonly #byTime = new Lists<TimePlace, AssetRecord>(compareTimes)
  readonly #byName = new Lists<NamePlace, AssetRecord>(compareNames)
  readonly #tags = new Map<string, SortedSet<string>>()
  readonly #shownNames = new Map<string, number>()
  readonly #byBlob = new Map<string, AssetRecord>()
  readonly folders: FolderTree
  #count = 0
  #bytes = 0

  constructor (folders: FolderTree) { this.folders = folders }

  get count (): number { return this.#count }
  /** Sum of the bytes of all originals. */
  get bytes (): number { return this.#bytes }

  add (record: AssetRecord): void {
    for (const key of keysOf(record)) this.#byTime.add(key, record)
    for (const key of namedKeysOf(record)) this.#byName.add(key, record)
    const { resource_type: kind } = record
    for (const tag of record.tags) if (this.size(['tag', kind, tag]) === 1) this.#tagsOf(kind).add(tag)
    this.#shownNames.set(record.display_name, (this.#shownNames.get(record.display_name) ?? 0) + 1)
    this.#byBlob.set(record.blob, record)
    this.folders.add(record.asset_folder)
    this.#count++
    this.#bytes += record.bytes
  }

  remove (record: AssetRecord): void {
    for (const key of keysOf(record)) this.#byTime.remove(key, record)
    for (const key of namedKeysOf(record)) this.#byName.remove(key, record)
    const { resource_type: kind } = record
    for (const tag of record.tags) if (this.size(['tag', kind, tag]) === 0) this.#tagsOf(kind).delete(tag)
    const left = (this.#shownNames.get(record.display_name) ?? 0) - 1
    if (left > 0) this.#shownNames.set(record.display_name, left)
    else this.#shownNames.delete(record.display_name)
    if (this.#byBlob.get(record.blob) === record) this.#byBlob.delete(record.blob)
    this.folders.remove(record.asset_folder)
    this.#count--
    this.#bytes -= record.bytes
  }

  /** Returns the number of assets in a list. */
  size (name: ListName): number { return this.#byTime.size(keyOfList(name)) }

  /** Reads a list from a place on, the oldest first, or the newest. */
  byTime (name: ListName, { from, descending = false }: ReadFrom<TimePlace> = {}): Iterable<AssetRecord> {
    return this.#byTime.from(keyOfList(name), from, { descending })
  }

  /** Reads the assets of a list whose public ID begins with `prefix`, by public ID, from a place on. */
  * byName (
    name: NamedList, prefix: string, { from, descending = false }: ReadFrom<NamePlace> = {}
  ): Iterable<AssetRecord> {
    const edge = edgeOf(prefix, descending)
    const isBehind = edge && from && (compareNames(from, edge) > 0) !== descending
    for (const record of this.#byName.from(keyOfList(name), isBehind ? from : edge ?? from, { descending })) {
      if (!record.public_id.startsWith(prefix)) return
      yield record
    }
  }

  /** Reads the tags of assets of one resource type, in order, from one on. */
  tags (resourceType: string, from?: string): Iterable<string> {
    return this.#tags.get(resourceType)?.from(from) ?? []
  }

  /** Returns the number of assets with a display name. */
  namesakes (displayName: string): number { return this.#shownNames.get(displayName) ?? 0 }

  /** Returns the asset whose original has these bytes. */
  findByBlob (blob: string): AssetRecord | undefined { return this.#byBlob.get(blob) }

  #tagsOf (resourceType: string): SortedSet<string> {
    const tags = this.#tags.get(resourceType) ?? new SortedSet<string>(compareTexts)
    this.#tags.set(resourceType, tags)
    return tags
  }
}

/** Returns the keys of all lists that an asset is in. */
function keysOf (record: AssetRecord): string[] {
  const { resource_type: kind, asset_folder: folder, tags, context, moderation } = record
  const keys = [...namedKeysOf(record), keyOfList(['folder', folder])]
  for (const tag of tags) keys.push(keyOfList(['tag', kind, tag]))
  for (const key in context) {
    keys.push(keyOfList(['context', kind, key]), keyOfList(['context', kind, key, context[key] ?? '']))
  }
  for (const { kind: by, status } of moderation ?? []) keys.push(keyOfList(['moderation', kind, by, status]))
  return keys
}

/** Returns the keys of the lists that are kept by public ID as well. */
function namedKeysOf ({ resource_type: kind, type }: AssetRecord): string[] {
  return [keyOfList(['kind', kind]), keyOfList(['type', kind, type])]
}

/** Returns a key that no other list has. Two parts may be any text, so the first has its length before it. */
function keyOfList ([by, first, second = '', third]: ListName): string {
  if (third === undefined) return `${by}\n${first}\n${second}`
  return `${by} ${second.length}\n${first}\n${second}\n${third}`
}

function compareTimes (one: TimePlace, other: TimePlace): number {
  return compareTexts(one.created_at, other.created_at) || one.sequence - other.sequence ||
    compareTexts(one.asset_id, other.asset_id)
}

function compareNames (one: NamePlace, other: NamePlace): number {
  return compareTexts(one.public_id, other.public_id) || compareTexts(one.type, other.type) ||
    one.sequence - other.sequence
}

/** Characters of a text that is longer than any public ID. */
const LONGEST = 300

/** Returns the place before the first public ID with a prefix, or behind the last one. */
function edgeOf (prefix: string, descending: boolean): NamePlace | undefined {
  if (prefix === '') return undefined
  // U+FFFF is the greatest code unit that texts are compared by.
  if (descending) return { public_id: prefix + '\uffff'.repeat(LONGEST), type: '', sequence: Infinity }
  return { public_id: prefix, type: '', sequence: -Infinity }
}
