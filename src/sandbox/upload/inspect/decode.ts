import type { SharpOptions } from 'sharp'
import type { BlobStore } from '../../store/blobs.ts'
import { FAIL_ON, RENDER_LIMITS } from '../../render/limits.ts'

/** Facts from the header of an image. */
interface ImageHeader {
  readonly format: string
  readonly width: number
  readonly height: number
  readonly pages: number
}

/** Formats whose frames are rendered one by one; of others the first page counts. */
const ANIMATED = new Set(['gif', 'webp'])

/**
 * Tells whether an image can be decoded to its end, which rendering would need. An image that is too large to
 * be rendered here is taken on trust.
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
