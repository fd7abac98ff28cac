import sharp, { type Sharp } from 'sharp'
import type { Size } from '../transformation/gravity.ts'
import type { RenderLimits } from './limits.ts'

/** A picture on its way through a chain: a pipeline that will yield exactly this size. */
export interface Picture extends Size {
  readonly image: Sharp
  /**
   * What the pipeline still has to do before the picture can be used: at most a resize with its cut, or these and then a
   * filter. Absent: more than that. sharp has an order of its own within one pipeline, so whatever could clash is settled first.
   */
  readonly pending?: 'nothing' | 'sizing' | 'filter'
  /** RGBA pixels in memory, not a file to decode. */
  readonly isPixels?: boolean
}

/** Runs the pipeline so far and begins a new one on its pixels: libvips orders the steps within one pipeline by itself. */
export async function settle (picture: Picture, limits: RenderLimits): Promise<Picture> {
  if (picture.pending === 'nothing' && picture.isPixels) return picture
  const { data, info } = await picture.image.ensureAlpha().toColourspace('srgb').raw()
    .timeout({ seconds: limits.timeoutSeconds }).toBuffer({ resolveWithObject: true })
  return fromPixels(data, info.width, info.height)
}

/** A picture of RGBA bytes. */
export function fromPixels (data: Buffer, width: number, height: number): Picture {
  return { image: sharp(data, { raw: { width, height, channels: 4 }, limitInputPixels: false }), width, height, pending: 'nothing', isPixels: true }
}

/** The same size, with more to do. */
export function changed ({ width, height }: Size, image: Sharp): Picture {
  return { image, width, height }
}

/** RGBA bytes of a picture. */
export async function pixelsOf (picture: Picture, limits: RenderLimits): Promise<Buffer> {
  return picture.image.ensureAlpha().toColourspace('srgb').raw().timeout({ seconds: limits.timeoutSeconds }).toBuffer()
}

// libvips cuts fractions off.
const ROUNDING = 0.5

/** Multiplies the four channels and adds to them. Settled at once: sharp would do it after painting the background. */
export function scaleChannels (picture: Picture, factors: number[], offsets: number[], limits: RenderLimits): Promise<Picture> {
  return settle(changed(picture, picture.image.linear(factors, offsets.map((offset) => offset + ROUNDING))), limits)
}

// From here on a smaller picture blurred less, then enlarged, cannot be told from the real thing, and takes a fraction of the time.
export const DIRECT_SIGMA = 8

/** Gaussian blur; `sigma` in pixels. */
export async function blur (picture: Picture, sigma: number, limits: RenderLimits): Promise<Picture> {
  if (sigma <= DIRECT_SIGMA) return changed(picture, picture.image.blur(Math.max(0.3, sigma)))
  const shrink = sigma / (DIRECT_SIGMA / 2)
  const [width, height] = [picture.width, picture.height].map((length) => Math.max(2, Math.round(length / shrink))) as [number, number] // two in, two out
  const small = await settle({ image: picture.image.resize(width, height, { fit: 'fill' }), width, height }, limits)
  const soft = await settle({ image: small.image.blur(DIRECT_SIGMA / 2), width, height }, limits)
  return changed(picture, soft.image.resize(picture.width, picture.height, { fit: 'fill', kernel: 'cubic' }))
}
