import sharp, { type Sharp } from 'sharp'
import type { Size } from '../transformation/geometry.ts'
import type { RenderLimits } from './limits.ts'

/** A picture on its way through a chain: a pipeline that will yield exactly this size. */
export interface Picture extends Size {
  readonly image: Sharp
  /** Nothing pending but decoding and sizing: sharp paints the background before anything else, which here does no harm. */
  readonly isPlain?: boolean
}

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

/** Multiplies the four channels and adds to them. Settled at once: sharp would do it after painting the background. */
export function scaleChannels (picture: Picture, factors: number[], offsets: number[], limits: RenderLimits): Promise<Picture> {
  return settle({ ...picture, image: picture.image.linear(factors, offsets) }, limits)
}
