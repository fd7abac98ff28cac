import { parseColor, type Color } from '../transformation/color.ts'
import type { Effect } from './effect.ts'
import { fromPixels, pixelsOf } from './picture.ts'

/** Rewrites RGBA bytes in place, one pixel at a time. */
function eachPixel (change: (pixels: Buffer, at: number) => void): (pixels: Buffer) => Buffer {
  return (pixels) => {
    for (let at = 0; at < pixels.length; at += 4) change(pixels, at)
    return pixels
  }
}

function distance (pixels: Buffer, at: number, { r, g, b }: Color): number {
  return Math.max(Math.abs((pixels[at] ?? 0) - r), Math.abs((pixels[at + 1] ?? 0) - g), Math.abs((pixels[at + 2] ?? 0) - b))
}

function colorAt (pixels: Buffer, at: number): Color {
  return { r: pixels[at] ?? 0, g: pixels[at + 1] ?? 0, b: pixels[at + 2] ?? 0, alpha: 1 }
}

/** The colour that most pixels have, in steps of 16. */
function commonColor (pixels: Buffer): Color {
  const counts = new Map<number, { count: number, at: number }>()
  for (let at = 0; at < pixels.length; at += 4) {
    if (pixels[at + 3] === 0) continue
    const key = ((pixels[at] ?? 0) >> 4) << 8 | ((pixels[at + 1] ?? 0) >> 4) << 4 | (pixels[at + 2] ?? 0) >> 4
    const known = counts.get(key)
    if (known) known.count++
    else counts.set(key, { count: 1, at })
  }
  const [most] = [...counts.values()].sort((one, other) => other.count - one.count)
  return colorAt(pixels, most?.at ?? 0)
}

/** Effects that decide pixel by pixel. */
export const PIXEL_EFFECTS: Readonly<Record<string, Effect>> = {
  make_transparent: async ({ picture, strength, component, limits }) => {
    const pixels = await pixelsOf(picture, limits)
    const color = parseColor(component.get('co') ?? '') ?? colorAt(pixels, 0)
    const tolerance = strength * 2.55
    const clear = eachPixel((bytes, at) => { if (distance(bytes, at, color) <= tolerance) bytes[at + 3] = 0 })
    return fromPixels(clear(pixels), picture.width, picture.height)
  },

  opacity_threshold: async ({ picture, strength, limits }) => {
    const least = strength * 2.55
    const decide = eachPixel((bytes, at) => { bytes[at + 3] = (bytes[at + 3] ?? 0) >= least ? 255 : 0 })
    return fromPixels(decide(await pixelsOf(picture, limits)), picture.width, picture.height)
  },

  replace_color: async ({ picture, argument, limits }) => {
    const [to = '', tolerance = '50', from = ''] = colorArguments(argument)
    const pixels = await pixelsOf(picture, limits)
    const target = parseColor(to) ?? parseColor(`rgb:${to}`)
    const source = parseColor(from) ?? parseColor(`rgb:${from}`) ?? commonColor(pixels)
    if (!target) return picture
    const most = Number(tolerance) * 2.55
    const replace = eachPixel((bytes, at) => {
      if (distance(bytes, at, source) > most) return
      // The difference from the old colour is kept, so that light and shade stay.
      bytes[at] = shifted(bytes[at], target.r - source.r)
      bytes[at + 1] = shifted(bytes[at + 1], target.g - source.g)
      bytes[at + 2] = shifted(bytes[at + 2], target.b - source.b)
    })
    return fromPixels(replace(pixels), picture.width, picture.height)
  }
}

/** `rgb:ff0000` holds the separator too. */
function colorArguments (argument: string): string[] {
  return argument.replaceAll('rgb:', '#').split(':')
}

function shifted (value = 0, by: number): number {
  return Math.max(0, Math.min(255, value + by))
}
