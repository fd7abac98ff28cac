import type { Rules } from '../client.ts'
import type { Words } from './words/words.ts'

/** What a field takes: its own attributes and the rules of the gateway. */
export interface Limits {
  readonly accept: string
  readonly maxFiles: number
  readonly rules: Partial<Pick<Rules, 'formats' | 'max_bytes' | 'resource_types' | 'folder'>> | undefined
}

/** A file as far as it is known: while files are dragged, browsers tell the type alone. */
export interface Candidate {
  readonly name: string
  readonly type: string
  readonly size?: number | undefined
}

/** Other names of formats, each with the one that is compared. */
const SAME: Readonly<Record<string, string>> = {
  jpg: 'jpeg', tif: 'tiff', 'svg+xml': 'svg', quicktime: 'mov'
}

const plain = (format: string): string => SAME[format.toLowerCase()] ?? format.toLowerCase()
/** Returns the format that a media type or an extension names. */
const formatOf = (type: string): string => plain(type.replace(/^.*[./]/, ''))
const written = (format: string): string => format === 'webp' ? 'WebP' : format.toUpperCase()

/** Returns the part of a name after its last dot; empty when there is none. */
export const extensionOf = (name: string): string => /[^.]\.([^./\s]{1,10})$/.exec(name)?.[1] ?? ''

/** Returns the format that the name or the type of a file tells; empty when neither does. */
const formatOfFile = ({ name, type }: Candidate): string => formatOf(extensionOf(name) || type)

/** Splits a list that is written as `accept` of a file input. */
const tokensOf = (accept: string): string[] =>
  accept.toLowerCase().split(',').map((token) => token.trim()).filter(Boolean)

/**
 * True when one of the tokens matches a file. An unknown format passes: some systems have no media type for
 * HEIC.
 */
function isAmong (file: Candidate, tokens: readonly string[]): boolean {
  const format = formatOfFile(file)
  return tokens.length === 0 || !format || tokens.some((token) => token.endsWith('/*')
    ? !file.type || token === '*/*' || file.type.startsWith(token.slice(0, -1))
    : token === file.type || formatOf(token) === format)
}

/** Returns the formats of the rules, as tokens. */
const tokensOfRules = ({ rules }: Limits): string[] => rules?.formats?.map((format) => `.${format}`) ?? []

/**
 * Returns the kind of asset that Cloudinary makes of a media type; undefined where the type does not tell.
 */
function kindOf (type: string): string | undefined {
  if (type.startsWith('image/')) return 'image'
  if (/^(video|audio)\//.test(type)) return 'video'
  return type.startsWith('text/') ? 'raw' : undefined
}

type Refused = 'tooLarge' | 'forbidden' | 'forbiddenKind' | 'empty'

/** Returns why a file may not be uploaded here; undefined when it may. */
export function faultOf (file: Candidate, limits: Limits): Refused | undefined {
  const { accept, rules } = limits
  const kinds = rules?.resource_types
  if (!isAmong(file, tokensOf(accept)) || !isAmong(file, tokensOfRules(limits))) return 'forbidden'
  const kind = kindOf(file.type)
  if (kind && kinds && ![kind, 'auto'].some((one) => kinds.includes(one))) return 'forbiddenKind'
  if (file.size === 0) return 'empty'
  return (file.size ?? 0) > (rules?.max_bytes ?? Infinity) ? 'tooLarge' : undefined
}

/** Returns the resource type to sign: `auto`, unless the rules name fewer kinds than there are. */
export function resourceTypeOf (type: string, kinds: readonly string[] = []): string {
  const isFree = kinds.includes('auto') || kinds.length > 2 // there are image, video and raw
  return isFree ? 'auto' : kinds.find((kind) => kind === kindOf(type)) ?? kinds[0] ?? 'auto'
}

/** Returns `accept` for the file input. */
export const acceptOf = (limits: Limits): string => limits.accept || tokensOfRules(limits).join()

/** Returns what may be chosen, for people: `PNG`, `JPEG`, `Images`. */
function formatNames (limits: Limits, words: Words): string[] {
  const kinds = limits.rules?.resource_types ?? []
  const isFree = resourceTypeOf('', kinds) === 'auto' || kinds.includes('raw')
  const tokens = tokensOf(acceptOf(limits) || (isFree ? '' : kinds.map((kind) => `${kind}/*`).join()))
  return [...new Set(tokens.map((token) => {
    const [, kind] = /^(image|video|audio)\/\*$/.exec(token) ?? []
    return kind ? words.text(kind as 'image') : written(formatOf(token)) // or one of the others in the pattern
  }))]
}

/**
 * Says the limits in human units: `PNG, JPEG or WebP, up to 10 MB each, at most 5 files`. Empty without
 * limits.
 */
export function describe (limits: Limits, words: Words): string {
  const { rules, maxFiles } = limits
  const parts = [
    words.either(formatNames(limits, words)),
    rules?.max_bytes ? words.text('upTo', { n: maxFiles, size: words.size(rules.max_bytes) }) : '',
    maxFiles > 1 && maxFiles < Infinity ? words.text('atMost', { n: maxFiles }) : ''
  ].filter(Boolean)
  const text = parts.join(words.text('comma'))
  return text.slice(0, 1).toLocaleUpperCase(words.locale) + text.slice(1)
}

/**
 * Returns a sentence on why a file is refused and one on what to do, with the limits; undefined when it is
 * allowed.
 */
export function refusal (file: Candidate, limits: Limits, words: Words): string | undefined {
  const fault = faultOf(file, limits)
  if (!fault) return undefined
  const formats = formatNames(limits, words)
  if (fault === 'forbidden' && formats.length === 0) return words.text('forbiddenKind')
  const [size, limit] = words.sizes(file.size ?? 0, limits.rules?.max_bytes ?? 0)
  const format = written(formatOfFile(file))
  return words.text(fault, { size, limit, format, formats: words.either(formats) })
}
