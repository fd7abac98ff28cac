import type { Asset, Upload, UploadState } from '../client.ts'
import type { Shown } from './problem.ts'
import type { Words } from './words/words.ts'

/** One line of the list: a file, or a link that Cloudinary fetches. */
export interface Row {
  readonly id: number
  /** Null for an asset that was given or restored instead of chosen. */
  readonly source: Blob | string | null
  readonly name: string
  readonly type: string
  /** Bytes. Undefined for what is behind a link. */
  readonly size: number | undefined
  state: UploadState | 'failed'
  loaded: number
  bytesPerSecond: number
  secondsLeft: number | null
  upload?: Upload | undefined
  asset?: Asset | undefined
  problem?: Shown | undefined
  /** True while the details of its problem are shown. */
  isOpen?: boolean
}

let last = 0

/** Returns the last part of a path, decoded. */
function lastPart (path: string): string {
  const part = path.split('/').filter(Boolean).pop() ?? path
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

function nameOf (source: Blob | string): string {
  if (typeof source === 'string') return lastPart(source.replace(/[?#].*/s, ''))
  return source instanceof File ? source.name : source.type.replace('/', '.') || 'file'
}

const STILL = { loaded: 0, bytesPerSecond: 0, secondsLeft: null } as const

export function rowOf (source: Blob | string): Row {
  const [type, size] = typeof source === 'string' ? ['', undefined] : [source.type, source.size]
  return { ...STILL, id: ++last, source, name: nameOf(source), type, size, state: 'waiting' }
}

/** Makes a row for an asset that is stored already. */
export function rowOfAsset (asset: Asset): Row {
  const { original_filename: original, format } = asset
  const name = original ? [original, format].filter(Boolean).join('.') : lastPart(asset.public_id)
  const type = String(asset['resource_type'] ?? '')
  return { ...STILL, id: ++last, source: null, name, type, size: asset.bytes, state: 'done', asset }
}

/** True while the upload of a row has not ended. */
export const isActive = ({ state }: Row): boolean => state !== 'done' && state !== 'failed'

/** Numbers over all rows that have not failed. */
export interface Sum {
  readonly count: number
  readonly done: number
  readonly failed: number
  readonly active: number
  readonly paused: number
  readonly loaded: number
  readonly total: number
  readonly secondsLeft: number | null
}

export function sumOf (rows: readonly Row[]): Sum {
  const good = rows.filter(({ state }) => state !== 'failed')
  const of = (state: Row['state']): number => rows.filter((row) => row.state === state).length
  const add = (number: (row: Row) => number | undefined): number =>
    good.reduce((sum, row) => sum + (number(row) ?? 0), 0)
  const loaded = add((row) => row.state === 'done' ? row.size : row.loaded)
  const total = add(({ size }) => size)
  const speed = add(({ bytesPerSecond }) => bytesPerSecond)
  return {
    count: good.length,
    done: of('done'),
    failed: of('failed'),
    active: good.filter(isActive).length,
    paused: of('paused'),
    loaded,
    total,
    secondsLeft: speed > 0 ? (total - loaded) / speed : null
  }
}

const joined = (parts: readonly string[], words: Words): string =>
  parts.filter(Boolean).join(words.text('comma'))

/** Returns text such as `3 of 8, 42 MB of 120 MB, about 20 sec left`. */
export function totalText ({ count, done, loaded, total, secondsLeft }: Sum, words: Words): string {
  return joined([
    words.text('total', { done, n: count }),
    total > 0 ? words.text('loaded', { loaded: words.size(loaded), total: words.size(total) }) : '',
    secondsLeft === null ? '' : words.text('left', { time: words.time(secondsLeft) })
  ], words)
}

/** Returns text such as `7 files uploaded, 1 file failed`. */
export function resultText ({ done, failed }: Sum, words: Words): string {
  return joined([
    done ? words.text('allDone', { n: done }) : '',
    failed ? words.text('allFailed', { n: failed }) : ''
  ], words)
}
