import { cssColor, parseColor, type Color } from '../transformation/color.ts'
import type { Effect } from './effect.ts'
import type { Region, Size } from '../transformation/gravity.ts'
import { positionOf } from '../transformation/resolution.ts'
import { checkOutput, type RenderLimits } from './limits.ts'
import { blur, changed, fromPixels, pixelsOf, scaleChannels, settle, type Picture } from './picture.ts'
import sharp from 'sharp'

function svg ({ width, height }: Size, content: string): Buffer {
  return Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${content}</svg>`)
}

/** Squares of about this many pixels: made small, then large again without smoothing. */
async function coarse (picture: Picture, square: number, limits: RenderLimits): Promise<Picture> {
  const width = Math.max(1, Math.round(picture.width / square))
  const height = Math.max(1, Math.round(picture.height / square))
  const small = await picture.image.resize(width, height, { fit: 'fill' }).raw().timeout({ seconds: limits.timeoutSeconds }).toBuffer()
  return changed(picture, fromPixels(small, width, height).image.resize(picture.width, picture.height, { fit: 'fill', kernel: 'nearest' }))
}

/** Changes only the part that x, y, w, h of the component name. */
function onRegion (change: (part: Picture, strength: number, limits: RenderLimits) => Picture | Promise<Picture>): Effect {
  return async ({ picture, component, strength, limits }) => {
    const number = (key: string, usual: number, base: number) => {
      const text = component.get(key)
      return text === undefined ? usual : Math.round(text.includes('.') ? Number(text) * base : Number(text))
    }
    const left = Math.min(Math.max(0, number('x', 0, picture.width)), picture.width - 1)
    const top = Math.min(Math.max(0, number('y', 0, picture.height)), picture.height - 1)
    const region: Region = {
      left,
      top,
      width: Math.max(1, Math.min(number('w', picture.width, picture.width), picture.width - left)),
      height: Math.max(1, Math.min(number('h', picture.height, picture.height), picture.height - top))
    }
    const whole = await pixelsOf(picture, limits)
    const part = await fromPixels(whole, picture.width, picture.height).image.extract(region).raw().toBuffer()
    const result = await pixelsOf(await change(fromPixels(part, region.width, region.height), strength, limits), limits)
    const input = await sharp(result, { raw: { width: region.width, height: region.height, channels: 4 } }).png({ compressionLevel: 1 }).toBuffer()
    const base = fromPixels(whole, picture.width, picture.height)
    return changed(base, base.image.composite([{ input, left, top }]))
  }
}

const pixelate: Effect = ({ picture, argument, strength, limits }) =>
  coarse(picture, argument === '' ? Math.max(2, Math.round(Math.min(picture.width, picture.height) / 40)) : strength, limits)

/** Pixels on a larger, see-through plane of a colour. */
function onCanvas (canvas: Size, input: Buffer, { width, height }: Size, spot: { left: number, top: number }, { r, g, b }: Color) {
  return sharp({ create: { width: canvas.width, height: canvas.height, channels: 4, background: { r, g, b, alpha: 0 } } })
    .composite([{ input, raw: { width, height, channels: 4 }, ...spot }]).raw()
}

/** Effects that look at the place of a pixel, or at its neighbours. */
export const REGION_EFFECTS: Readonly<Record<string, Effect>> = {
  blur_region: onRegion((part, strength, limits) => blur(part, strength / 40, limits)),
  pixelate,
  pixelate_region: onRegion((part, strength, limits) => coarse(part, strength, limits)),

  vignette: ({ picture, strength }) => {
    const shade = svg(picture, `<defs><radialGradient id="v" cx="50%" cy="50%" r="70.7%"><stop offset="40%" stop-color="#000" stop-opacity="0"/>
      <stop offset="100%" stop-color="#000" stop-opacity="${strength / 100}"/></radialGradient></defs><rect width="100%" height="100%" fill="url(#v)"/>`)
    return changed(picture, picture.image.composite([{ input: shade, blend: 'atop' }]))
  },

  gradient_fade: ({ picture, strength, component }) => {
    const share = Number(component.get('y') ?? (strength / 100))
    const [from, to] = share < 0 ? ['0%', '100%'] : ['100%', '0%']
    const mask = svg(picture, `<defs><linearGradient id="f" x1="0" x2="0" y1="${from}" y2="${to}"><stop offset="0" stop-color="#fff" stop-opacity="0"/>
      <stop offset="${Math.min(1, Math.abs(share))}" stop-color="#fff"/></linearGradient></defs><rect width="100%" height="100%" fill="url(#f)"/>`)
    return changed(picture, picture.image.composite([{ input: mask, blend: 'dest-in' }]))
  },

  colorize: ({ picture, strength, component }) => {
    const color = parseColor(component.get('co') ?? 'gray') ?? { r: 128, g: 128, b: 128, alpha: 1 }
    const veil = svg(picture, `<rect width="100%" height="100%" fill="${cssColor({ ...color, alpha: strength / 100 })}"/>`)
    return changed(picture, picture.image.composite([{ input: veil, blend: 'atop' }]))
  },

  shear: async ({ picture, argument, limits }) => {
    const [x = 0, y = 0] = argument.split(':').map((degrees) => Math.tan(Number(degrees) * Math.PI / 180))
    checkOutput({ width: Math.ceil(picture.width + Math.abs(x) * picture.height), height: Math.ceil(picture.height + Math.abs(y) * picture.width) }, limits)
    const sheared = picture.image.affine([[1, x], [y, 1]], { background: { r: 0, g: 0, b: 0, alpha: 0 } })
    const { data, info } = await sheared.raw().timeout({ seconds: limits.timeoutSeconds }).toBuffer({ resolveWithObject: true })
    return fromPixels(data, info.width, info.height)
  },

  trim: async ({ picture, argument, limits }) => {
    // libvips needs a few pixels to see a border.
    if (picture.width < 3 || picture.height < 3) return picture
    const [, tolerance = '', color = ''] = /^(\d*):?(.*)$/.exec(argument) ?? []
    const background = parseColor(color)
    const threshold = Math.round(Number(tolerance || 10) * 2.55)
    const trimmed = picture.image.trim({ threshold, ...(background && { background }) })
    const { data, info } = await trimmed.raw().timeout({ seconds: limits.timeoutSeconds }).toBuffer({ resolveWithObject: true })
    return fromPixels(data, info.width, info.height)
  },

  shadow: async ({ picture, strength, component, limits }) => {
    const { x, y } = positionOf(new Map([['x', '5'], ['y', '5'], ...component]), picture, { regions: {} })
    const size = { width: picture.width + Math.abs(x), height: picture.height + Math.abs(y) }
    checkOutput(size, limits)
    const color = parseColor(component.get('co') ?? 'black') ?? { r: 0, g: 0, b: 0, alpha: 1 }
    const pixels = await pixelsOf(picture, limits)
    const plate = Buffer.from(pixels)
    for (let at = 0; at < plate.length; at += 4) plate.set([color.r, color.g, color.b], at)
    const dark = await onCanvas(size, plate, picture, { left: Math.max(0, x), top: Math.max(0, y) }, color).toBuffer()
    const soft = await settle(await blur(fromPixels(dark, size.width, size.height), strength / 10, limits), limits)
    const shade = await scaleChannels(soft, [1, 1, 1, 0.75], [0, 0, 0, 0], limits)
    const above = { input: pixels, raw: { width: picture.width, height: picture.height, channels: 4 as const }, left: Math.max(0, -x), top: Math.max(0, -y) }
    return changed(size, shade.image.composite([above]))
  }
}
