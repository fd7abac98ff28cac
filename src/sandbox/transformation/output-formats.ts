import { canonicalFormat, IMAGE, VIDEO } from '../format-names.ts'

/** Formats that sharp writes, with the media type each is delivered as. */
export const IMAGE_TYPES: Readonly<Record<string, string>> = {
  avif: 'image/avif',
  gif: 'image/gif',
  jpe: 'image/jpeg',
  jpeg: 'image/jpeg',
  jpg: 'image/jpeg',
  png: 'image/png',
  tif: 'image/tiff',
  tiff: 'image/tiff',
  webp: 'image/webp'
}

/** Formats that can be stored and delivered as they are, but not made here. */
const STORED_TYPES: Readonly<Record<string, string>> = {
  ai: 'application/postscript',
  bmp: 'image/bmp',
  eps: 'application/postscript',
  heic: 'image/heic',
  heif: 'image/heif',
  ico: 'image/x-icon',
  jp2: 'image/jp2',
  jxl: 'image/jxl',
  jxr: 'image/vnd.ms-photo',
  pdf: 'application/pdf',
  psd: 'image/vnd.adobe.photoshop',
  svg: 'image/svg+xml',
  tga: 'image/x-tga',
  wdp: 'image/vnd.ms-photo'
}

const NOT_READ = new Set([...IMAGE, ...Object.keys(STORED_TYPES)].filter((format) => format !== 'svg' && !Object.hasOwn(IMAGE_TYPES, format)))

/** True when pixels can be made of it: SVG, anything that sharp writes, a frame of any video. */
export function isReadable (format: string | undefined): boolean {
  return format === undefined || !NOT_READ.has(format)
}

const VIDEO_TYPES: Readonly<Record<string, string>> = {
  '3gp': 'video/3gpp',
  aac: 'audio/aac',
  aiff: 'audio/aiff',
  amr: 'audio/amr',
  avi: 'video/x-msvideo',
  flac: 'audio/flac',
  flv: 'video/x-flv',
  m2ts: 'video/mp2t',
  m3u8: 'application/x-mpegURL',
  m4a: 'audio/mp4',
  mkv: 'video/x-matroska',
  mov: 'video/quicktime',
  mp3: 'audio/mpeg',
  mp4: 'video/mp4',
  mpd: 'application/dash+xml',
  mpeg: 'video/mpeg',
  mts: 'video/mp2t',
  ogg: 'audio/ogg',
  ogv: 'video/ogg',
  opus: 'audio/ogg',
  ts: 'video/mp2t',
  wav: 'audio/wav',
  webm: 'video/webm',
  wmv: 'video/x-ms-wmv'
}

const RAW_TYPES: Readonly<Record<string, string>> = {
  css: 'text/css',
  csv: 'text/csv',
  docx: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  gz: 'application/gzip',
  html: 'text/html',
  js: 'text/javascript',
  json: 'application/json',
  md: 'text/markdown',
  rar: 'application/x-rar-compressed',
  txt: 'text/plain',
  vtt: 'text/vtt',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  xml: 'application/xml',
  zip: 'application/zip'
}

/** Extensions that are split off an image or video ID and taken as the wanted format. */
export const ALL_FORMATS: ReadonlySet<string> = new Set([
  ...IMAGE, ...VIDEO, ...Object.keys(IMAGE_TYPES), ...Object.keys(STORED_TYPES), ...Object.keys(VIDEO_TYPES)
])

/** Delivery of these is denied until an account allows it, as on the vendor's free plans. */
export const BLOCKED_FORMATS: ReadonlySet<string> = new Set(['pdf', 'zip', 'rar', '7z', 'tgz'])

/** Media type of a format or raw extension; unknown ones are bytes. */
export function contentType (format: string | undefined): string {
  const name = format?.toLowerCase() ?? ''
  for (const table of [IMAGE_TYPES, STORED_TYPES, VIDEO_TYPES, RAW_TYPES]) {
    if (Object.hasOwn(table, name)) return table[name] ?? 'application/octet-stream'
  }
  return 'application/octet-stream'
}

/** True when `jpg` and `jpeg` (or `tif` and `tiff`) are two spellings of one format. */
export function sameFormat (one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && other !== undefined && canonicalFormat(one) === canonicalFormat(other)
}

const WEB_SAFE = new Set(['jpg', 'png', 'gif'])

export interface Negotiation { readonly accept: string, readonly stored: string | undefined, readonly transparent: boolean, readonly animated: boolean }

/**
 * What `f_auto` becomes. `f_auto` follows the request: AVIF, then WebP when the caller names them, else the stored format
 * when every browser shows it, else JPEG, or PNG when there is something to see through.
 */
export function negotiateFormat ({ accept, stored, transparent, animated }: Negotiation): string {
  const names = accept.toLowerCase()
  // sharp writes no animated AVIF.
  if (names.includes('image/avif') && !animated) return 'avif'
  if (names.includes('image/webp')) return 'webp'
  const own = canonicalFormat(stored ?? '')
  if (WEB_SAFE.has(own)) return own
  if (animated) return 'gif'
  return transparent ? 'png' : 'jpg'
}
