import { GatewayError, refusal, type Fault } from '../../errors.ts'
import type { SigningRules } from '../policy/signing-rules.ts'

/** A file as a page describes it. No signature can bind any of this. */
export interface AnnouncedFile {
  readonly name: string
  readonly size: number
  /** Media type; blank where the page does not know it. */
  readonly type: string
}

/** The form that a file would be sent with. */
export interface FormForFile {
  readonly resourceType: string
  /** Text of `allowed_formats`, where that is signed. */
  readonly allowedFormats: string | undefined
}

/** Other names of a format, each with the usual one. */
const SAME_FORMAT: ReadonlyMap<string, string> = new Map([
  ['jpeg', 'jpg'], ['jpe', 'jpg'], ['jfif', 'jpg'], ['tiff', 'tif'], ['mpeg', 'mpg'], ['aiff', 'aif']
])
const canonical = (format: string): string => SAME_FORMAT.get(format) ?? format

/** Formats by media type, for types that stand for one format only. */
const FORMAT_OF_TYPE: ReadonlyMap<string, string> = new Map(Object.entries({
  'image/jpeg': 'jpg',
  'image/png': 'png',
  'image/gif': 'gif',
  'image/webp': 'webp',
  'image/avif': 'avif',
  'image/bmp': 'bmp',
  'image/tiff': 'tif',
  'image/svg+xml': 'svg',
  'image/heic': 'heic',
  'application/pdf': 'pdf',
  'video/mp4': 'mp4',
  'video/webm': 'webm',
  'video/quicktime': 'mov',
  'audio/mpeg': 'mp3',
  'audio/wav': 'wav',
  'audio/flac': 'flac'
}))

/** Returns the kind of asset that Cloudinary makes of a media type, where the type tells. Audio is video. */
function kindOf (type: string): 'image' | 'video' | undefined {
  if (type.startsWith('image/')) return 'image'
  return /^(?:video|audio)\//.test(type) ? 'video' : undefined
}

/** Returns the media type without its parameters. */
const essence = (type: string): string => type.split(';', 1).join().trim().toLowerCase()

/** Returns the extension in lower case; undefined when there is none that could be a format. */
function extensionOf (name: string): string | undefined {
  return /\.([a-z0-9]{1,16})$/i.exec(name)?.[1]?.toLowerCase()
}

function formatFaults ({ name, type }: AnnouncedFile, { allowedFormats }: FormForFile): Fault[] {
  if (allowedFormats === undefined) return []
  const listed = allowedFormats.split(',').map((format) => format.trim().toLowerCase())
  const allowed = new Set(listed.map(canonical))
  const message = `is not one of ${listed.join(', ')}`
  const extension = extensionOf(name)
  if (extension !== undefined && !allowed.has(canonical(extension))) {
    return [{ pointer: '/name', message: `has the extension "${extension}", which ${message}` }]
  }
  const format = FORMAT_OF_TYPE.get(essence(type))
  if (format === undefined || allowed.has(format)) return []
  return [{ pointer: '/type', message: `means "${format}", which ${message}` }]
}

type Rules = SigningRules | undefined

function kindFaults ({ type }: AnnouncedFile, { resourceType }: FormForFile, rules: Rules): Fault[] {
  const kind = kindOf(essence(type))
  if (kind === undefined || ['auto', 'raw', kind].includes(resourceType)) return []
  const { resourceTypes } = rules ?? {}
  const isBarred = resourceTypes !== undefined && !resourceTypes.includes(kind) && !resourceTypes.includes('auto')
  const cure = isBarred ? `, and this caller may upload ${resourceTypes.join(', ')} only` : `: ask with the resource_type "${kind}"`
  const message = `is of the kind "${kind}", but the form is for "${resourceType}"${cure}`
  return [{ pointer: '/type', message }]
}

/**
 * Judges a file by what a page says of it, before a byte is sent.
 * @throws {GatewayError} `payload_too_large` when only the size is wrong, otherwise `param_not_allowed`. Pointers
 * are relative to the file.
 */
export function requireAnnounced (file: AnnouncedFile, form: FormForFile, rules: Rules): void {
  const faults = [...formatFaults(file, form), ...kindFaults(file, form, rules)]
  const { maxBytes = Infinity } = rules ?? {}
  const sizeFaults = file.size > maxBytes
    ? [{ pointer: '/size', message: `is ${file.size} bytes; the limit is ${maxBytes}` }]
    : []
  const members = { advice: 'Choose another file: one that fits what `errors` says.' }
  if (faults.length > 0) throw refusal('param_not_allowed', [...faults, ...sizeFaults]).but({ members })
  if (sizeFaults.length === 0) return
  const detail = `The file has ${file.size} bytes; the limit is ${maxBytes}.`
  throw new GatewayError('payload_too_large', detail, {
    errors: sizeFaults, members: { advice: 'Choose a smaller file.' }
  })
}

/** Characters of a file's name that the public ID has none of. Source: Cloudinary, "Public ID naming conventions". */
const REPLACED = /[\s?&#%<>+]+/g

/** Returns the name of a file as Cloudinary writes it in a public ID. */
const writtenName = (base: string): string => base.replace(REPLACED, ' ').trim().replaceAll(' ', '_')

/**
 * Returns what decides the public ID of a file that is stored under its own name. Two files with the same result
 * would overwrite each other.
 */
export function nameInStore ({ name, type }: AnnouncedFile, resourceType: string): string {
  const kind = resourceType === 'auto' ? kindOf(essence(type)) ?? resourceType : resourceType
  const last = name.replace(/^.*[/\\]/s, '')
  const base = last.replace(/(.)\.[^.]*$/s, '$1')
  const extension = kind === 'raw' ? last.slice(base.length).toLowerCase() : ''
  return `${kind}/${writtenName(base)}${extension}`
}
