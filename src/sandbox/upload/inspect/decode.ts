import type { SharpOptions } from 'sharp'
import type { BlobStore } from '../../store/blobs.ts'
import { RENDER_LIMITS } from '../../render/limits.ts'
import { FAIL_ON } from '../../render/source.ts'

/** What the header of an image says. */
interface ImageHeader {
  readonly format: string
  readonly width: number
  readonly height: number
  readonly pages: number
}

/** Formats whose frames are rendered one by one; of others the first page counts. */
const ANIMATED = new Set(['gif', 'webp'])

/**
 * Whether an image can be decoded to its end, as rendering it would have to. One that is larger than anything
 * that is rendered here is taken on trust.
 */
export async function decodes (
  blobs: BlobStore, key: string, { format, width, height, pages }: ImageHeader
): Promise<boolean> {
  const { inputPixels, frames, timeoutSeconds } = RENDER_LIMITS
  const isAnimated = ANIMATED.has(format) && pages > 1
  const count = isAnimated ? pages : 1
  if (width * height * count > inputPixels || count > frames) return true
  const { default: sharp } = await import('sharp')
  const input = blobs.path(key) ?? await blobs.buffer(key)
  const options: SharpOptions = { failOn: FAIL_ON, limitInputPixels: inputPixels, ...isAnimated && { pages: -1 } }
  try {
    // One channel: every pixel is read, and a quarter of them is held.
    await sharp(input, options).extractChannel(0).raw().timeout({ seconds: timeoutSeconds }).toBuffer()
    return true
  } catch (error) {
    // Slow is not broken.
    return /timeout/i.test(String(error))
  }
}
