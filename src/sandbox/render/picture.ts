import sharp, { type Sharp } from 'sharp'
import type { Size } from '../transformation/geometry.ts'
import { SandboxError } from '../errors.ts'

/** A picture on its way through a chain: a pipeline that will yield exactly this size. */
export interface Picture extends Size {
  readonly image: Sharp
  /** Nothing pending but decoding and sizing: sharp paints the background before anything else, which here does no harm. */
  readonly isPlain?: boolean
}

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

/** Runs the pipeline so far and begins a new one on its pixels: libvips orders the steps within one pipeline by itself. */
export async function settle (picture: Picture, limits: RenderLimits): Promise<Picture> {
  const { data, info } = await picture.image.ensureAlpha().toColourspace('srgb').raw()
    .timeout({ seconds: limits.timeoutSeconds }).toBuffer({ resolveWithObject: true })
  return fromPixels(data, info.width, info.height)
}

/** A picture of RGBA bytes. */
export function fromPixels (data: Buffer, width: number, height: number): Picture {
  return { image: sharp(data, { raw: { width, height, channels: 4 }, limitInputPixels: false }), width, height }
}

/** RGBA bytes of a picture. */
export async function pixelsOf (picture: Picture, limits: RenderLimits): Promise<Buffer> {
  return picture.image.ensureAlpha().toColourspace('srgb').raw().timeout({ seconds: limits.timeoutSeconds }).toBuffer()
}

/** @throws {SandboxError} 400 before anything that large is made. */
export function checkOutput ({ width, height }: Size, limits: RenderLimits): void {
  if (width * height > limits.outputPixels || width > 32_767 || height > 32_767) throw tooManyPixels(width * height, limits.outputPixels)
}

export function tooManyPixels (wanted: number, most: number): SandboxError {
  return new SandboxError(400, `Maximum image size is ${megapixels(most)} Megapixels. Requested ${megapixels(wanted)} Megapixels`)
}

function megapixels (pixels: number): string {
  return (pixels / 1_000_000).toFixed(2)
}

/** Multiplies the four channels and adds to them. Settled at once: sharp would do it after painting the background. */
export function scaleChannels (picture: Picture, factors: number[], offsets: number[], limits: RenderLimits): Promise<Picture> {
  return settle({ ...picture, image: picture.image.linear(factors, offsets) }, limits)
}
