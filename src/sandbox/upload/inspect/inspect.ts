import type { ResourceTypeName } from '../../assets/kinds.ts'
import type { BlobStore } from '../../store/blobs.ts'
import { resourceTypeOf } from '../../assets/formats.ts'
import { canonicalFormat } from '../../format-names.ts'
import { isSvg } from '../../svg.ts'
import { decodes } from './decode.ts'
import { probeMedia } from './media.ts'

/** What bytes turn out to be. Neither image nor video: raw, and then there is nothing more to say. */
export interface Inspected {
  resource_type: ResourceTypeName
  format?: string
  width?: number
  height?: number
  pages?: number
  duration?: number
  media?: Record<string, unknown>
  /** Set when the format can be read here, but this file cannot. */
  isBroken?: true
}

const RAW: Inspected = { resource_type: 'raw' }

/** A pixel more than this in a header, and the file is not opened at all. */
const MAX_PIXELS = 268_402_689
/** Bytes of an XML document in which its first element is looked for. */
const MAX_PROLOG_BYTES = 4 * 1024 * 1024

/** Names that sniffing gives to variants of a format, to the name that the vendor has for it. */
const VARIANTS: Readonly<Record<string, string>> = {
  apng: 'png',
  jxr: 'wdp',
  m4v: 'mp4',
  m4p: 'mp4',
  f4v: 'mp4',
  f4p: 'mp4',
  m4b: 'm4a',
  f4a: 'm4a',
  f4b: 'm4a',
  mts: 'ts'
}

/** Looks at the content, never at a name or a declared type. */
export async function inspect (blobs: BlobStore, key: string): Promise<Inspected> {
  // How large a drawing is, only drawing it can tell.
  if (await holdsSvg(blobs, key)) return { resource_type: 'image', format: 'svg', pages: 1 }
  const format = await sniff(blobs, key)
  switch (resourceTypeOf(format)) {
    case 'image': return inspectImage(blobs, key, format ?? '')
    case 'video': return inspectVideo(blobs, key, format ?? '')
    default: return RAW
  }
}

/** Reads more of a document whose first element comes late. */
async function holdsSvg (blobs: BlobStore, key: string): Promise<boolean> {
  const head = await headOf(blobs, key)
  if (!/^(?:ï»¿|ÿþ|þÿ)?[\s\0]*</.test(head.toString('latin1', 0, 256))) return false
  return isSvg(head) ?? isSvg(await headOf(blobs, key, MAX_PROLOG_BYTES)) ?? false
}

async function sniff (blobs: BlobStore, key: string): Promise<string | undefined> {
  const { fileTypeFromBuffer, fileTypeFromFile } = await import('file-type')
  const path = blobs.path(key)
  try {
    const found = path === undefined ? await fileTypeFromBuffer(await blobs.buffer(key)) : await fileTypeFromFile(path)
    if (found) return VARIANTS[found.ext] ?? canonicalFormat(found.ext)
  } catch {
    // The file ends in the middle of what it says of itself.
  }
  // A TIFF may say it at its end, and lack that.
  return /^(?:II\*\0|MM\0\*)/.test((await headOf(blobs, key)).toString('latin1', 0, 4)) ? 'tiff' : undefined
}

async function inspectImage (blobs: BlobStore, key: string, format: string): Promise<Inspected> {
  if (format === 'pdf') return { resource_type: 'image', format, pages: 1, ...await pdfSize(blobs, key) }
  const { default: sharp } = await import('sharp')
  const input = blobs.path(key) ?? await blobs.buffer(key)
  try {
    const header = await sharp(input, { limitInputPixels: MAX_PIXELS }).metadata()
    const { width, height, pages = 1, format: decoder, compression } = header
    const name = decoder === 'heif' ? (compression === 'av1' ? 'avif' : 'heic') : decoder === 'jpeg' ? 'jpg' : format
    const facts: Inspected = { resource_type: 'image', format: name, width, height, pages }
    const isWhole = UNDECODED.has(name) || await decodes(blobs, key, { format: name, width, height, pages })
    return isWhole ? facts : { ...facts, isBroken: true }
  } catch {
    // A known kind of image that cannot be opened here is taken on trust if libvips has no decoder for it, else it is broken.
    return UNDECODED.has(format)
      ? { resource_type: 'image', format, pages: 1, ...fixedHeader(format, await headOf(blobs, key)) }
      : { resource_type: 'image', format, isBroken: true }
  }
}

const UNDECODED = new Set(['bmp', 'ico', 'psd', 'heic', 'heif', 'jxl', 'jp2', 'eps', 'ai', 'djvu', 'indd', 'glb', 'gltf', 'flif', 'bpg', 'tga', 'wdp'])

/** Sizes that stand at a fixed place in the header. */
function fixedHeader (format: string, head: Buffer): { width?: number, height?: number } {
  if (head.length < 32) return {}
  if (format === 'bmp') return { width: head.readInt32LE(18), height: Math.abs(head.readInt32LE(22)) }
  if (format === 'psd') return { width: head.readUInt32BE(18), height: head.readUInt32BE(14) }
  if (format === 'ico') return { width: head.readUInt8(6) || 256, height: head.readUInt8(7) || 256 }
  return {}
}

/**
 * Formats that show by a few bits, which other files may begin with: what cannot be opened is none of them.
 */
const BY_FEW_BITS = new Set(['aac', 'mp3'])
/**
 * Containers of which the reader passes over streams that it does not know: it may find none in a good file.
 */
const PARTLY_READ = new Set(['ts'])

async function inspectVideo (blobs: BlobStore, key: string, format: string): Promise<Inspected> {
  const facts = await probeMedia(blobs, key)
  if (facts === 'unknown') return BY_FEW_BITS.has(format) ? RAW : { resource_type: 'video', format }
  if (facts !== 'unreadable') return { resource_type: 'video', format, ...facts }
  return { resource_type: 'video', format, ...!PARTLY_READ.has(format) && { isBroken: true } }
}

/** Cloudinary tells the size of the first page in points; a page tree that is compressed keeps it to itself. */
async function pdfSize (blobs: BlobStore, key: string): Promise<{ width?: number, height?: number, pages?: number }> {
  const text = (await headOf(blobs, key, 1024 * 1024)).toString('latin1')
  const box = /\/MediaBox\s*\[\s*([\d.-]+)\s+([\d.-]+)\s+([\d.-]+)\s+([\d.-]+)\s*\]/.exec(text)?.slice(1).map(Number)
  const count = /\/Type\s*\/Pages\b[^>]*?\/Count\s+(\d+)/.exec(text)?.[1]
  const [left = 0, bottom = 0, right = 0, top = 0] = box ?? []
  return { ...box && { width: Math.round(right - left), height: Math.round(top - bottom) }, ...count && { pages: Number(count) } }
}

async function headOf (blobs: BlobStore, key: string, bytes = 4096): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of blobs.read(key, { start: 0, end: bytes - 1 })) chunks.push(chunk)
  return Buffer.concat(chunks)
}
