import { decoded } from '../decoded.ts'
import { ALL_FORMATS } from '../transformation/output-formats.ts'
import { SandboxError } from '../errors.ts'
import { invalidComponent } from '../transformation/errors.ts'
import { isComponent } from '../transformation/parser.ts'

/** A delivery URL taken apart. Source of the grammar: Cloudinary, "transformation_reference"; order of the rules is ours. */
export interface DeliveryPath {
  readonly cloud: string
  readonly resourceType: string
  readonly type: string
  /** What stands between `s--` and `--`. */
  readonly signature?: string
  /** Decoded components, not yet judged. */
  readonly components: readonly string[]
  readonly version?: number
  /** Decoded, without extension for images and videos. */
  readonly publicId: string
  readonly extension?: string
  /** What a signature covers, in the spellings a client may have signed: as sent, decoded, encoded anew. */
  readonly signedTexts: readonly string[]
}

const SIGNATURE = /^s--([A-Za-z0-9_-]{8}(?:[A-Za-z0-9_-]{24})?)--$/
const VERSION = /^v[0-9]+$/
const MAX_PATH = 8192

/** First segments that stand for two, and whether a suffix for search engines follows the public ID. */
const SHORT_FORMS: Readonly<Record<string, readonly [string, string, boolean]>> = {
  iu: ['image', 'upload', false],
  images: ['image', 'upload', true],
  private_images: ['image', 'private', true],
  authenticated_images: ['image', 'authenticated', true],
  files: ['raw', 'upload', true],
  videos: ['video', 'upload', true]
}

/**
 * Splits a raw request path (percent-encoded, query allowed and dropped). Segments are decoded once, after splitting.
 * @returns undefined when the path is no delivery path at all.
 * @throws {SandboxError} 400 for a path that is one but cannot be read.
 */
export function parseDeliveryPath (rawPath: string): DeliveryPath | undefined {
  if (rawPath.length > MAX_PATH) throw new SandboxError(400, 'Invalid URL')
  const [cloud = '', ...segments] = (rawPath.split('?', 1)[0] ?? '').split('/').filter((segment) => segment !== '')
  const kind = takeKind(segments)
  if (!kind) return undefined
  const signature = SIGNATURE.exec(segments[0] ?? '')?.[1]
  const signed = signature === undefined ? segments : segments.slice(1)
  const decoded = signed.map(decode)
  const versionAt = decoded.findIndex((segment) => VERSION.test(segment))
  const isVersioned = versionAt >= 0 && versionAt < decoded.length - 1
  const componentsEnd = isVersioned ? versionAt : leadingComponents(decoded)
  const components = decoded.slice(0, componentsEnd)
  const stranger = components.find((segment) => !isComponent(segment))
  if (stranger !== undefined) throw invalidComponent(strangerToken(stranger))
  const idStart = isVersioned ? versionAt + 1 : componentsEnd
  const { parts, extension, suffix } = takeSuffix(decoded.slice(idStart), kind)
  const source = parts.join('/')
  if (source === '' || /\p{Cc}/u.test(source) || source.split('/').some((part) => part === '.' || part === '..')) {
    throw new SandboxError(400, 'Invalid public ID')
  }
  return {
    cloud: decode(cloud),
    resourceType: kind.resourceType,
    type: kind.type,
    ...(signature !== undefined && { signature }),
    components,
    ...(isVersioned && { version: Number(decoded[versionAt]?.slice(1)) }),
    publicId: source,
    ...(extension !== undefined && { extension }),
    signedTexts: signedTexts(signed.slice(0, componentsEnd), signed.slice(idStart), suffix)
  }
}

interface Kind { readonly resourceType: string, readonly type: string, readonly hasSuffix: boolean }

function takeKind (segments: string[]): Kind | undefined {
  const [first = ''] = segments
  const short = Object.hasOwn(SHORT_FORMS, first) ? SHORT_FORMS[first] : undefined
  if (short) {
    segments.shift()
    return { resourceType: short[0], type: short[1], hasSuffix: short[2] }
  }
  if (!/^(?:image|video|raw)$/.test(first) || segments.length < 3) return undefined
  const [resourceType = '', type = ''] = segments.splice(0, 2)
  return /^[a-z_]+$/.test(type) ? { resourceType, type, hasSuffix: false } : undefined
}

/** Without a version, what looks like a component is one; the last segment never is. */
function leadingComponents (segments: readonly string[]): number {
  const end = segments.findIndex((segment, index) => index === segments.length - 1 || !isComponent(segment))
  return Math.max(0, end)
}

function strangerToken (segment: string): string {
  return segment.split(',').find((token) => !isComponent(token)) ?? segment
}

function takeSuffix (parts: readonly string[], kind: Kind): { parts: readonly string[], extension?: string, suffix?: string } {
  const last = parts.at(-1) ?? ''
  const dot = last.lastIndexOf('.')
  const extension = dot > 0 ? last.slice(dot + 1) : ''
  if (kind.resourceType === 'raw') {
    if (!kind.hasSuffix || parts.length < 2) return { parts }
    const id = parts.slice(0, -1)
    return { parts: extension ? [...id.slice(0, -1), `${id.at(-1)}.${extension}`] : id, suffix: last }
  }
  const known = ALL_FORMATS.has(extension.toLowerCase()) ? extension : undefined
  const bare = known === undefined ? last : last.slice(0, dot)
  const withSuffix = kind.hasSuffix && parts.length > 1
  return {
    parts: withSuffix ? parts.slice(0, -1) : [...parts.slice(0, -1), bare],
    ...(known !== undefined && { extension: known.toLowerCase() }),
    ...(withSuffix && { suffix: last })
  }
}

function signedTexts (components: readonly string[], source: readonly string[], suffix: string | undefined): string[] {
  // With a suffix the public ID and the extension are signed, the suffix is not.
  const dot = suffix?.lastIndexOf('.') ?? -1
  const id = suffix === undefined ? source : source.slice(0, -1)
  const extension = dot > 0 ? suffix?.slice(dot) ?? '' : ''
  const raw = [...components, ...id].join('/') + extension
  const plain = [...components, ...id].map(decode).join('/') + extension
  const anew = [...components, ...id.map((part) => encodeURIComponent(decode(part)).replaceAll('%3A', ':'))].join('/') + extension
  const strict = [...components, ...id.map((part) => strictEncode(decode(part)))].join('/') + extension
  return [...new Set([raw, plain, anew, strict])]
}

/** As Cloudinary's Ruby and Python clients write it: everything but `A-Z a-z 0-9 _ . - / :` is escaped. */
function strictEncode (text: string): string {
  return encodeURIComponent(text).replace(/[!'()*~]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`).replaceAll('%3A', ':')
}

function decode (segment: string): string {
  const text = decoded(segment)
  if (text === undefined) throw new SandboxError(400, 'Invalid URL')
  return text
}
