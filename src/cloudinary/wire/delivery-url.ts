import { hash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { invalidRequest } from '../../errors.ts'
import { PUBLIC_ID_PATTERN, type DeliveryTypeName, type ResourceTypeName } from '../../schemas/assets.ts'
import type { CloudinaryEnvironment, DeliveryOptions } from '../../schemas/environment.ts'
import type { Transformation } from '../../schemas/transformation.ts'
import { transformationToString } from './transformation.ts'

export interface DeliveryUrlOptions {
  readonly public_id: string
  readonly resource_type?: ResourceTypeName | undefined
  /** `fetch`: the public ID is the URL of a remote picture. */
  readonly type?: DeliveryTypeName | 'fetch' | undefined
  readonly transformation?: Transformation | undefined
  /** Extension that is appended: the format to deliver. */
  readonly format?: string | undefined
  readonly version?: number | string | undefined
  /** https or http; the environment decides when it is not given. */
  readonly secure?: boolean | undefined
  readonly sign_url?: boolean | undefined
  /** Readable last part of the path, which is not signed. */
  readonly url_suffix?: string | undefined
  readonly use_root_path?: boolean | undefined
}

export type DeliveryEnvironment = Pick<CloudinaryEnvironment, 'cloudName' | 'apiSecret' | 'delivery' | 'signatureAlgorithm'>

const SHARED_HOST = 'res.cloudinary.com'
const REMOTE = /^https?:\//i
const PLAIN = /^[\w.~!*'()/:-]*$/
const VALID = new RegExp(PUBLIC_ID_PATTERN, 'u')
const VERSION_LIKE = /^v\d+/
const SHORT_SIGNATURE = 8
const LONG_SIGNATURE = 32

/** Public ID kinds that may carry a suffix, under the names they then have. */
const SUFFIX_KINDS: Readonly<Record<string, string>> = {
  'image/upload': 'images',
  'image/private': 'private_images',
  'image/authenticated': 'authenticated_images',
  'raw/upload': 'files',
  'video/upload': 'videos'
}

function fault (pointer: string, message: string) {
  return invalidRequest([{ pointer, message }])
}

/** What a URL path cannot hold; transformations keep their own `%`, which people write on purpose. */
function encodeTransformation (text: string): string {
  return text.replace(/[^!-~]+|["<>\\^`{|}]+/gu, encodeURIComponent)
}

/**
 * The ID decoded once, as Cloudinary's own libraries do before they encode it: many who copy an ID copy it
 * out of a URL. What decodes to no valid public ID, or not at all, stays as it is.
 */
function decodedOnce (publicId: string): string {
  if (!publicId.includes('%')) return publicId
  try {
    const decoded = decodeURIComponent(publicId)
    return VALID.test(decoded) ? decoded : publicId
  } catch {
    return publicId
  }
}

/** Percent-encoded as Cloudinary's own libraries do it: `/` and `:` stay. */
function encodeId (publicId: string): string {
  if (PLAIN.test(publicId)) return publicId
  try {
    return encodeURIComponent(publicId).replaceAll('%2F', '/').replaceAll('%3A', ':')
  } catch {
    throw fault('/public_id', 'holds half of a Unicode character')
  }
}

/** Remote URLs keep letters, digits and `_ . - / :`; everything else is encoded, a query included. */
function encodeRemote (url: string): string {
  return encodeId(url).replace(/[!'()*~]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
}

function kindPath (options: DeliveryUrlOptions): string {
  const kind = `${options.resource_type ?? 'image'}/${options.type ?? 'upload'}`
  if (options.use_root_path === true) {
    if (kind !== 'image/upload') throw fault('/use_root_path', 'works only for image and upload')
    return ''
  }
  if (options.url_suffix === undefined) return kind
  if (/[./]/.test(options.url_suffix) || !options.url_suffix.isWellFormed()) {
    throw fault('/url_suffix', 'must not contain ".", "/" or half of a Unicode character')
  }
  const suffixKind = SUFFIX_KINDS[kind]
  if (suffixKind === undefined) throw fault('/url_suffix', `works only for ${Object.keys(SUFFIX_KINDS).join(', ')}`)
  return suffixKind
}

/** One of five hosts, chosen by the path, so that a picture always comes from the same one. */
function hostNumber (source: string): number {
  return crc32(source) % 5 + 1
}

function secureHost (cloudName: string, delivery: DeliveryOptions, source: string): string {
  const own = delivery.private_cdn ? `${cloudName}-${SHARED_HOST}` : SHARED_HOST
  const host = delivery.secure_distribution ?? own
  const spread = delivery.secure_cdn_subdomain ?? (!delivery.private_cdn && delivery.cdn_subdomain)
  return spread ? host.replace(SHARED_HOST, `res-${hostNumber(source)}.cloudinary.com`) : host
}

function plainHost (cloudName: string, delivery: DeliveryOptions, source: string): string {
  if (delivery.cname !== undefined) return `${delivery.cdn_subdomain ? `a${hostNumber(source)}.` : ''}${delivery.cname}`
  return `${delivery.private_cdn ? `${cloudName}-` : ''}res${delivery.cdn_subdomain ? `-${hostNumber(source)}` : ''}.cloudinary.com`
}

function origin (environment: DeliveryEnvironment, secure: boolean, source: string): string {
  const { cloudName, delivery } = environment
  const root = secure ? `https://${secureHost(cloudName, delivery, source)}` : `http://${plainHost(cloudName, delivery, source)}`
  return delivery.private_cdn ? root : `${root}/${cloudName}`
}

/** Over transformation and ID as they stand in the path; host, kind, version and suffix are not signed. */
function pathSignature (text: string, { apiSecret, delivery, signatureAlgorithm }: DeliveryEnvironment): string {
  const long = delivery.long_url_signature
  const digest = hash(long ? 'sha256' : signatureAlgorithm, text + apiSecret.reveal(), 'base64url')
  return `/s--${digest.slice(0, long ? LONG_SIGNATURE : SHORT_SIGNATURE)}--`
}

/** Cloudinary reads the first folder as a version otherwise, so IDs with folders get a `v1` that means nothing. */
function versionPath (options: DeliveryUrlOptions, source: string, force: boolean): string {
  if (options.version !== undefined) return `/v${options.version}`
  return force && source.includes('/') && !VERSION_LIKE.test(source) && !REMOTE.test(source) ? '/v1' : ''
}

/** The transformation of a remote picture takes its format along, as a remote URL has no extension to change. */
function pathTransformation ({ type, format, transformation }: DeliveryUrlOptions): string {
  const text = transformationToString(transformation)
  if (type !== 'fetch' || format === undefined) return text
  return text === '' ? `f_${format}` : `${text}/f_${format}`
}

/** A delivery URL, and the transformation in it in Cloudinary's syntax: empty when there is none. */
export interface DeliveryUrl { readonly url: string, readonly transformation: string }

/**
 * Builds the URL under which an asset is delivered, transformed or not, without an analytics suffix.
 * Source: Cloudinary, "advanced_url_delivery_options" and "delivery_url_signatures".
 * @throws {GatewayError} `invalid_request` that points at the option.
 */
export function deliveryUrl (environment: DeliveryEnvironment, options: DeliveryUrlOptions): DeliveryUrl {
  const { delivery } = environment
  const kind = kindPath(options)
  const publicId = options.public_id.replace(/([^:])\/\//g, '$1/')
  const remote = REMOTE.test(publicId) // as it was given: what an ID decodes to is no address
  const extension = remote || options.type === 'fetch' || options.format === undefined ? '' : `.${options.format}`
  const id = remote ? encodeRemote(publicId) : encodeId(decodedOnce(publicId))
  const signed = id + extension
  const { url_suffix: suffix } = options
  const source = suffix === undefined || remote ? signed : `${id}/${encodeTransformation(suffix)}${extension}`
  const transformation = pathTransformation(options)

  let url = origin(environment, options.secure ?? delivery.secure, source)
  if (kind !== '') url += `/${kind}`
  if (options.sign_url === true) url += pathSignature(transformation === '' ? signed : `${transformation}/${signed}`, environment)
  if (transformation !== '') url += `/${encodeTransformation(transformation)}`
  return { url: `${url}${versionPath(options, signed, delivery.force_version)}/${source}`, transformation }
}
