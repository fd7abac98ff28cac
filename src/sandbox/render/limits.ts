import type { SharpOptions } from 'sharp'
import { SandboxError } from '../errors.ts'
import type { Size } from '../transformation/gravity.ts'

/** What one rendering may cost. */
export interface RenderLimits {
  /** Of the stored image, all frames together. */
  readonly inputPixels: number
  /** Of the result and of every step on the way, per frame. */
  readonly outputPixels: number
  readonly frames: number
  readonly timeoutSeconds: number
}

export const RENDER_LIMITS: RenderLimits = { inputPixels: 50_000_000, outputPixels: 25_000_000, frames: 500, timeoutSeconds: 15 }

/**
 * Which faults of a file end its decoding: a broken or a missing part. What libvips only warns of, such as
 * bytes between the parts of a JPEG, is decoded.
 */
export const FAIL_ON = 'error' satisfies SharpOptions['failOn']

/** @throws {SandboxError} 400 before anything that large is made. */
export function checkOutput (size: Size, limits: RenderLimits): void {
  if (isTooLarge(size, limits)) throw tooManyPixels(size.width * size.height, limits.outputPixels)
}

export function isTooLarge ({ width, height }: Size, limits: RenderLimits): boolean {
  return width * height > limits.outputPixels || width > 32_767 || height > 32_767
}

export function tooManyPixels (wanted: number, most: number): SandboxError {
  return new SandboxError(400, `Maximum image size is ${megapixels(most)} Megapixels. Requested ${megapixels(wanted)} Megapixels`)
}

function megapixels (pixels: number): string {
  return (pixels / 1_000_000).toFixed(2)
}
