import type { AssetRecord } from '../asset.ts'
import type { Call } from '../http/call.ts'
import type { Fields } from '../http/fields.ts'
import { readExif } from './exif.ts'

/**
 * The fields that come on request: `faces`, `colors`, `phash`, `exif`, `media_metadata`, `coordinates`. Faces are those that somebody
 * named: the sandbox does not look for any.
 */
export async function analyses (call: Call, record: AssetRecord, fields: Fields): Promise<Record<string, unknown>> {
  const answer: Record<string, unknown> = {}
  if (fields.flag('faces')) answer.faces = clipped(record.face_coordinates ?? [], record)
  if (fields.flag('coordinates')) {
    answer.coordinates = {
      ...record.face_coordinates && { faces: clipped(record.face_coordinates, record) },
      ...record.custom_coordinates && { custom: clipped(record.custom_coordinates, record) }
    }
  }
  if (record.resource_type !== 'image') return answer
  const wantsPixels = fields.flag('colors') || fields.flag('phash')
  const wantsMetadata = fields.flag('media_metadata') || fields.flag('image_metadata')
  if (fields.flag('exif')) answer.exif = {}
  if (!wantsPixels && !wantsMetadata && !fields.flag('exif')) return answer
  const { default: sharp } = await import('sharp')
  try {
    const input = call.context.blobs.path(record.blob) ?? await call.context.blobs.buffer(record.blob)
    if (fields.flag('exif')) answer.exif = readExif((await sharp(input).metadata()).exif)
    if (fields.flag('colors')) Object.assign(answer, await colors(() => sharp(input)))
    if (fields.flag('phash')) answer.phash = phash(await sharp(input).resize(9, 8, { fit: 'fill' }).grayscale().raw().toBuffer())
    if (wantsMetadata) answer[fields.flag('media_metadata') ? 'media_metadata' : 'image_metadata'] = await describe(() => sharp(input))
  } catch {
    // An image that cannot be decoded here has no pixels to tell of.
    if (fields.flag('colors')) answer.colors = []
  }
  return answer
}

type Opened = () => import('sharp').Sharp

/** `#rrggbb` and percent, most frequent first, over cells of 32 levels in each channel. */
async function colors (open: Opened): Promise<{ colors: [string, number][], predominant: unknown }> {
  const pixels = await open().resize(64, 64, { fit: 'inside' }).flatten({ background: '#ffffff' }).toColourspace('srgb').removeAlpha().raw().toBuffer()
  const cells = new Map<number, { count: number, sum: [number, number, number] }>()
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
  return { colors: found, predominant: { google: found.slice(0, 3), cloudinary: found.slice(0, 3) } }
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

async function describe (open: Opened): Promise<Record<string, string>> {
  const { space, density, orientation, chromaSubsampling, hasAlpha } = await open().metadata()
  return {
    ...space !== undefined && { Colorspace: space === 'srgb' ? 'RGB' : space },
    DPI: String(density ?? 0),
    ...orientation !== undefined && { Orientation: String(orientation) },
    ...chromaSubsampling !== undefined && { ChromaSubsampling: chromaSubsampling },
    HasAlpha: String(hasAlpha)
  }
}

/** Coordinates are echoed as far as they lie on the picture. */
function clipped (boxes: readonly number[][], { width, height }: AssetRecord): number[][] {
  if (width === undefined || height === undefined) return boxes.map((box) => [...box])
  return boxes.map(([x = 0, y = 0, w = 0, h = 0]) => [x, y, Math.min(w, width - x), Math.min(h, height - y)])
}
