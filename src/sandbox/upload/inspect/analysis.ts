import type { AssetRecord } from '../../assets/asset.ts'
import type { CallParameters } from '../../assets/parameters.ts'
import type { BlobStore } from '../../store/blobs.ts'
import { plainSvg } from '../../svg.ts'
import { readExif } from './exif.ts'
import { predominant, type ColorCell } from './predominant.ts'

/**
 * The fields that come on request: `faces`, `colors`, `phash`, `exif`, `image_metadata`, `coordinates`. Faces are those that somebody
 * named: the sandbox does not look for any.
 */
export async function analyses (
  blobs: BlobStore, record: AssetRecord, fields: CallParameters
): Promise<Record<string, unknown>> {
  const answer: Record<string, unknown> = {}
  if (fields.flag('faces')) answer.faces = record.face_coordinates ?? []
  if (fields.flag('coordinates')) {
    answer.coordinates = {
      ...record.face_coordinates && { faces: record.face_coordinates },
      ...record.custom_coordinates && { custom: record.custom_coordinates }
    }
  }
  if (record.resource_type !== 'image') return answer
  const wantsPixels = fields.flag('colors') || fields.flag('phash')
  // Two names for one wish: the answer goes by the older one. Source: Cloudinary, "Upload API reference", sample answer.
  if (fields.flag('media_metadata') || fields.flag('image_metadata')) {
    Object.assign(answer, await imageMetadata(blobs, record))
  }
  if (fields.flag('exif')) answer.exif = {}
  if (!wantsPixels && !fields.flag('exif')) return answer
  try {
    const open = await opener(blobs, record)
    if (fields.flag('exif')) answer.exif = readExif((await open().metadata()).exif)
    if (fields.flag('colors')) Object.assign(answer, await colors(open))
    if (fields.flag('phash')) answer.phash = phash(await open().resize(9, 8, { fit: 'fill' }).grayscale().raw().toBuffer())
  } catch {
    // An image that cannot be decoded here has no pixels to tell of.
    if (fields.flag('colors')) answer.colors = []
  }
  return answer
}

/** What stands in the header of an image; of what is none, or cannot be opened here, there is nothing to tell. */
export async function imageMetadata (
  blobs: BlobStore, record: AssetRecord
): Promise<{ image_metadata?: Record<string, string> }> {
  if (record.resource_type !== 'image') return {}
  try {
    return { image_metadata: await describe(await opener(blobs, record)) }
  } catch {
    return {}
  }
}

type OpenImage = () => import('sharp').Sharp

async function opener (blobs: BlobStore, { blob, format }: AssetRecord): Promise<OpenImage> {
  const { default: sharp } = await import('sharp')
  const input = format === 'svg' ? plainSvg(await blobs.buffer(blob)) : blobs.path(blob) ?? await blobs.buffer(blob)
  return () => sharp(input)
}

/** `#rrggbb` and percent, most frequent first, over cells of 32 levels in each channel. */
async function colors (open: OpenImage): Promise<{ colors: [string, number][], predominant: unknown }> {
  const pixels = await open().resize(64, 64, { fit: 'inside' }).flatten({ background: '#ffffff' }).toColourspace('srgb').removeAlpha().raw().toBuffer()
  const cells = new Map<number, ColorCell>()
  for (let at = 0; at + 2 < pixels.length; at += 3) {
    const [red = 0, green = 0, blue = 0] = pixels.subarray(at, at + 3)
    const key = (red >> 5) << 6 | (green >> 5) << 3 | blue >> 5
    const cell = cells.get(key) ?? { count: 0, sum: [0, 0, 0] }
    cell.count++
    cell.sum = [cell.sum[0] + red, cell.sum[1] + green, cell.sum[2] + blue]
    cells.set(key, cell)
  }
  const total = Math.max(1, Math.floor(pixels.length / 3))
  const found = [...cells.values()].sort((one, other) => other.count - one.count).slice(0, 16).map(({ count, sum }): [string, number] => [
    '#' + sum.map((channel) => Math.round(channel / count).toString(16).padStart(2, '0')).join('').toUpperCase(),
    Math.round(count / total * 1000) / 10
  ])
  const names = predominant(cells.values())
  return { colors: found, predominant: { google: names, cloudinary: names } }
}

/** A difference hash of 64 bits as 16 hex digits: alike pictures have alike hashes. */
function phash (pixels: Buffer): string {
  let bits = 0n
  for (let row = 0; row < 8; row++) {
    for (let column = 0; column < 8; column++) {
      const at = row * 9 + column
      bits = bits << 1n | ((pixels[at] ?? 0) > (pixels[at + 1] ?? 0) ? 1n : 0n)
    }
  }
  return bits.toString(16).padStart(16, '0')
}

async function describe (open: OpenImage): Promise<Record<string, string>> {
  const { space, density, orientation, chromaSubsampling, hasAlpha } = await open().metadata()
  return {
    ...space !== undefined && { Colorspace: space === 'srgb' ? 'RGB' : space },
    DPI: String(density ?? 0),
    ...orientation !== undefined && { Orientation: String(orientation) },
    ...chromaSubsampling !== undefined && { ChromaSubsampling: chromaSubsampling },
    HasAlpha: String(hasAlpha)
  }
}

/**
 * `faces` as an upload echoes them: no side is longer than the picture's, wherever the box begins. Details show them as they were given.
 * Source: integration tests of the official clients, where `120,30,109,150` on 241x51 comes back as `120,30,109,51`.
 */
export function echoedFaces ({ face_coordinates: boxes = [], width = Infinity, height = Infinity }: AssetRecord): number[][] {
  return boxes.map(([x = 0, y = 0, w = 0, h = 0]) => [x, y, Math.min(w, width), Math.min(h, height)])
}
