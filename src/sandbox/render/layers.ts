import sharp, { type Blend } from 'sharp'
import { parseColor, TRANSPARENT } from '../transformation/color.ts'
import { splitEffect } from '../transformation/effect-rules.ts'
import { place, type Size } from '../transformation/gravity.ts'
import { positionOf, type Coordinates } from '../transformation/resolution.ts'
import { checkOutput, type RenderLimits } from './limits.ts'
import { changed, fromPixels, pixelsOf, type Picture } from './picture.ts'
import { flagsOf, type Component } from '../transformation/parser.ts'
import { SandboxError } from '../errors.ts'

const BLENDS: Readonly<Record<string, Blend>> = { screen: 'screen', multiply: 'multiply', overlay: 'overlay' }

/** Lays `layer` on `base` (or under it): place, offsets, blending and flags of the component that closes the layer. */
export async function layOn (base: Picture, layer: Picture, apply: Component, options: { isUnderlay: boolean, isText: boolean, coordinates: Coordinates, limits: RenderLimits }): Promise<Picture> {
  const { limits, coordinates } = options
  const flags = flagsOf(apply)
  if (options.isText && flags.includes('text_disallow_overflow') && (layer.width > base.width || layer.height > base.height)) {
    throw new SandboxError(400, 'Text overflows the base image')
  }
  const spot = place(base, layer, positionOf(apply, base, coordinates))
  const { name } = splitEffect(apply.get('e') ?? '')
  if (flags.includes('tiled')) return tiled(base, layer, spot, limits)
  if (flags.includes('cutter') || name === 'mask') return cutOut(base, layer, spot, limits)
  const isBound = flags.includes('no_overflow')
  const canvas = isBound ? { left: 0, top: 0, width: base.width, height: base.height } : union(base, layer, spot)
  checkOutput(canvas, limits)
  const below = { picture: base, left: -canvas.left, top: -canvas.top }
  const above = { picture: layer, left: spot.left - canvas.left, top: spot.top - canvas.top }
  const blend = BLENDS[name] ?? 'over'
  return stack(canvas, options.isUnderlay ? [above, below] : [below, above], blend, limits)
}

interface Placed { readonly picture: Picture, readonly left: number, readonly top: number }

function union (base: Size, layer: Size, spot: { left: number, top: number }) {
  const left = Math.min(0, spot.left)
  const top = Math.min(0, spot.top)
  return { left, top, width: Math.max(base.width, spot.left + layer.width) - left, height: Math.max(base.height, spot.top + layer.height) - top }
}

/** Puts pictures on a transparent canvas; what sticks out is cut off. */
async function stack (canvas: Size, placed: readonly Placed[], blend: Blend, limits: RenderLimits): Promise<Picture> {
  const layers = []
  for (const [at, one] of placed.entries()) {
    const layer = await visiblePart(canvas, one, limits)
    if (layer) layers.push({ ...layer, blend: at === 0 ? 'over' as const : blend })
  }
  const image = sharp({ create: { width: canvas.width, height: canvas.height, channels: 4, background: TRANSPARENT } }).composite(layers)
  return { image, width: canvas.width, height: canvas.height }
}

async function visiblePart (canvas: Size, { picture, left, top }: Placed, limits: RenderLimits) {
  const cutLeft = Math.max(0, -left)
  const cutTop = Math.max(0, -top)
  const width = Math.min(picture.width - cutLeft, canvas.width - Math.max(0, left))
  const height = Math.min(picture.height - cutTop, canvas.height - Math.max(0, top))
  if (width <= 0 || height <= 0) return undefined
  const pixels = await pixelsOf(picture, limits)
  const whole = fromPixels(pixels, picture.width, picture.height)
  const isWhole = width === picture.width && height === picture.height
  const input = isWhole ? pixels : await whole.image.extract({ left: cutLeft, top: cutTop, width, height }).raw().toBuffer()
  return { input, raw: { width, height, channels: 4 as const }, left: Math.max(0, left), top: Math.max(0, top) }
}

async function tiled (base: Picture, layer: Picture, spot: { left: number, top: number }, limits: RenderLimits): Promise<Picture> {
  const tile = await stack({ width: layer.width, height: layer.height }, [{ picture: layer, left: 0, top: 0 }], 'over', limits)
  const one = await pixelsOf(tile, limits)
  const plane = await sharp({ create: { width: base.width, height: base.height, channels: 4, background: TRANSPARENT } })
    .composite([{ ...await fitted(one, layer, base), tile: true, gravity: spot.left < base.width / 4 ? 'northwest' : 'centre' }])
    .raw().timeout({ seconds: limits.timeoutSeconds }).toBuffer()
  return stack(base, [{ picture: base, left: 0, top: 0 }, { picture: fromPixels(plane, base.width, base.height), left: 0, top: 0 }], 'over', limits)
}

/** libvips tiles nothing that is larger than the plane. */
async function fitted (pixels: Buffer, layer: Size, base: Size) {
  const width = Math.min(layer.width, base.width)
  const height = Math.min(layer.height, base.height)
  const input = await fromPixels(pixels, layer.width, layer.height).image.extract({ left: 0, top: 0, width, height }).raw().toBuffer()
  return { input, raw: { width, height, channels: 4 as const } }
}

/** Keeps of the base what the layer covers. */
async function cutOut (base: Picture, layer: Picture, spot: { left: number, top: number }, limits: RenderLimits): Promise<Picture> {
  const mask = await stack(base, [{ picture: layer, ...spot }], 'over', limits)
  const input = await pixelsOf(mask, limits)
  const pixels = fromPixels(await pixelsOf(base, limits), base.width, base.height)
  return changed(pixels, pixels.image.composite([{ input, raw: { width: base.width, height: base.height, channels: 4 }, blend: 'dest-in' }]))
}

/** Background plate behind a text layer. */
export function backgroundOf (component: Component): ReturnType<typeof parseColor> {
  return parseColor(component.get('b') ?? '')
}
