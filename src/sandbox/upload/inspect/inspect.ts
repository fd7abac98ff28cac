import type { ResourceTypeName } from '../../assets/kinds.ts'
import type { BlobStore } from '../../store/blobs.ts'
import { resourceTypeOf } from '../../assets/formats.ts'
import { canonicalFormat } from '../../format-names.ts'
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
}

const RAW: Inspected = { resource_type: 'raw' }

/** A pixel more than this in a header, and the file is not opened at all. */
const MAX_PIXELS = 268_402_689

/** Looks at the content, never at a name or a declared type. */
export async function inspect (blobs: BlobStore, key: string): Promise<Inspected> {
  const head = await headOf(blobs, key)
  const found = await sniff(blobs, key)
  if (looksLikeSvg(head)) return inspectImage(blobs, key, 'svg')
  const format = found && canonicalFormat(found)
  switch (resourceTypeOf(format)) {
    case 'image': return inspectImage(blobs, key, format)
    case 'video': return { resource_type: 'video', ...format !== undefined && { format }, ...await probeMedia(blobs, key) }
    default: return RAW
  }
}

async function sniff (blobs: BlobStore, key: string): Promise<string | undefined> {
  const { fileTypeFromBuffer, fileTypeFromFile } = await import('file-type')
  const path = blobs.path(key)
  try {
    const found = path === undefined ? await fileTypeFromBuffer(await blobs.buffer(key)) : await fileTypeFromFile(path)
    return found?.ext
  } catch {
    // A file that ends in the middle of its header is of no known type.
    return undefined
  }
}

async function inspectImage (blobs: BlobStore, key: string, format: string | undefined): Promise<Inspected> {
  if (format === 'pdf') return { resource_type: 'image', format, pages: 1, ...await pdfSize(blobs, key) }
  const { default: sharp } = await import('sharp')
  const input = blobs.path(key) ?? await blobs.buffer(key)
  try {
    const { width, height, pages, format: decoder, compression } = await sharp(input, { limitInputPixels: MAX_PIXELS }).metadata()
    const heif = decoder === 'heif' ? (compression === 'av1' ? 'avif' : 'heic') : undefined
    const name = heif ?? (format === 'jpg' || decoder === 'jpeg' ? 'jpg' : format)
    return { resource_type: 'image', ...name !== undefined && { format: name }, width, height, pages: pages ?? 1 }
  } catch {
    // A known kind of image that cannot be opened here is taken on trust if libvips has no decoder for it, else it is broken.
    return format !== undefined && UNDECODED.has(format)
      ? { resource_type: 'image', format, pages: 1, ...fixedHeader(format, await headOf(blobs, key)) }
      : RAW
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

function looksLikeSvg (head: Buffer): boolean {
  return /^\s*(?:<\?xml[^>]*>\s*)?(?:<!DOCTYPE[^>]*>\s*|<!--[\s\S]*?-->\s*)*<svg[\s>]/i.test(head.toString('utf8').replace(/^\uFEFF/, ''))
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
