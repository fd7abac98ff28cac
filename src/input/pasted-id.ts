import {
  ASSET_ID_PATTERN, DELIVERY_TYPES, PUBLIC_ID_PATTERN, RESOURCE_TYPES, type DeliveryTypeName,
  type ResourceTypeName
} from '../schemas/assets.ts'
import { decoded } from './decoded.ts'

/** An asset that was perhaps meant. What is absent is as it was asked for. */
export interface Meant {
  readonly public_id: string
  readonly resource_type?: ResourceTypeName
  readonly type?: DeliveryTypeName
}

/** Another thing that was pasted in place of a public ID, as its spelling shows. */
export interface PastedId {
  readonly form: 'delivery URL' | 'asset_id' | 'version' | 'extension'
  /** Continues a sentence that begins with "looks like". */
  readonly seen: string
  /** The likeliest first; none for an `asset_id`, which only Cloudinary can resolve. */
  readonly meant: readonly Meant[]
}

const ASSET_ID = new RegExp(ASSET_ID_PATTERN)
const VALID = new RegExp(PUBLIC_ID_PATTERN, 'u')
const HOST = /^(?:https?:)?\/{0,2}[^/\s]+\.[^/\s]+\/|^https?:\/{1,2}[^/\s]+\//i
const VERSION = /^v\d+$/
const SIGNATURE = /^s--[\w-]+--$/
/** One parameter of a transformation or several, as far as a glance tells. */
const TRANSFORMATION = /^(?:[a-z]{1,3}_[^/,]+|\$\w+_[^/,]+|if_[^/,]+)(?:,(?:[a-z]{1,3}_|\$\w+_)[^/,]+)*$/
const VIDEO = 'mp4|mov|webm|avi|mkv|m4v|mpe?g|ogv|flv|wmv|3gp|m3u8|mpd|mp3|wav|m4a|aac|ogg|flac|opus|aiff?'
const IMAGE = 'jpe?g|jfif|png|gif|webp|avif|svg|heic|heif|tiff?|bmp|ico|psd|pdf|ai|eps|jxl|jp2|arw|cr2|dng|djvu|glb|tga'
const EXTENSION = new RegExp(`\\.(?:(${VIDEO})|(?:${IMAGE}))$`, 'i')

/** Names in delivery URLs that carry a suffix after the public ID. */
const SUFFIX_KINDS: Readonly<Record<string, DeliveryPlace>> = {
  images: { resource_type: 'image', type: 'upload' },
  private_images: { resource_type: 'image', type: 'private' },
  authenticated_images: { resource_type: 'image', type: 'authenticated' },
  videos: { resource_type: 'video', type: 'upload' },
  files: { resource_type: 'raw', type: 'upload' }
}

interface DeliveryPlace { readonly resource_type: ResourceTypeName, readonly type: DeliveryTypeName }

/** A delivery path, taken apart. */
interface DeliveryPath {
  readonly place: DeliveryPlace
  readonly rest: readonly string[]
  readonly hasSuffix: boolean
}

/** Finds the kind and type in a delivery path, and what follows them; undefined when it names none. */
function placeIn (segments: readonly string[]): DeliveryPath | undefined {
  for (const [index, segment] of segments.slice(0, 2).entries()) { // below the host, or below the cloud
    const kind = RESOURCE_TYPES.find((known) => known === segment)
    const type = DELIVERY_TYPES.find((known) => known === segments[index + 1])
    if (kind && type) {
      return { place: { resource_type: kind, type }, rest: segments.slice(index + 2), hasSuffix: false }
    }
    const suffixed = Object.hasOwn(SUFFIX_KINDS, segment) ? SUFFIX_KINDS[segment] : undefined
    if (suffixed) return { place: suffixed, rest: segments.slice(index + 1), hasSuffix: true }
  }
  return undefined
}

/** Returns the segments of the public ID, without signature, transformation and version. */
function idSegments (rest: readonly string[]): readonly string[] {
  const unsigned = SIGNATURE.test(rest[0] ?? '') ? rest.slice(1) : rest
  const version = unsigned.findIndex((segment, index) => VERSION.test(segment) && index < unsigned.length - 1)
  if (version >= 0) return unsigned.slice(version + 1)
  const last = unsigned.length - 1
  const first = unsigned.findIndex((segment, index) => !TRANSFORMATION.test(segment) || index === last)
  return unsigned.slice(first)
}

const withoutExtension = (id: string): string => id.replace(EXTENSION, '')

function fromUrl (text: string): PastedId | undefined {
  const hasHost = HOST.test(text)
  const path = hasHost ? text.replace(HOST, '').replace(/[?#].*$/s, '') : text
  const found = placeIn(path.split('/').filter((segment) => segment !== ''))
  // Without a host, kind and type must both be there: a folder may be called "images".
  if (!found || (found.hasSuffix && !hasHost)) return undefined
  const { place, rest, hasSuffix } = found
  const all = idSegments(rest)
  const extension = EXTENSION.exec(all.at(-1) ?? '')?.[0] ?? ''
  const joined = (hasSuffix && all.length > 1 ? all.slice(0, -1) : all).join('/')
  const written = hasSuffix && place.resource_type === 'raw' ? joined + extension : joined
  const id = decoded(written) ?? written
  const meant = { ...place, public_id: place.resource_type === 'raw' ? id : withoutExtension(id) }
  return pasted('delivery URL', 'a delivery URL', [meant])
}

function pasted (form: PastedId['form'], seen: string, meant: readonly Meant[]): PastedId {
  return { form, seen, meant: meant.filter(({ public_id: id }) => VALID.test(id)) }
}

/** Kinds that a file with this extension may have, the likeliest first. */
function kindsOf (extension: RegExpExecArray): readonly Partial<DeliveryPlace>[] {
  return extension[1] === undefined ? [{}] : [{ resource_type: 'video' }, {}]
}

/**
 * Recognizes a text that was pasted in place of a public ID, and the assets it may stand for. Returns
 * undefined for an ordinary public ID. Makes no call to Cloudinary.
 */
export function pastedId (
  text: string, resourceType: ResourceTypeName | 'auto' = 'image'
): PastedId | undefined {
  if (ASSET_ID.test(text)) return pasted('asset_id', 'an asset_id', [])
  const url = fromUrl(text)
  if (url) return url
  const plain = text.replace(/^v\d+\/(?=.)/, '')
  const extension = resourceType === 'raw' ? null : EXTENSION.exec(plain)
  const kinds = extension ? kindsOf(extension) : []
  const bare = kinds.map((kind) => ({ ...kind, public_id: withoutExtension(plain) }))
  if (plain !== text) return pasted('version', 'a public ID with a version before it', [...bare.slice(0, 1), { public_id: plain }])
  return extension ? pasted('extension', 'a public ID with a file extension', bare) : undefined
}
