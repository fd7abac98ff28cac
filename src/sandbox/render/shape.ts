import { cssColor, parseColor, TRANSPARENT, type Color } from '../transformation/color.ts'
import type { Size } from '../transformation/gravity.ts'
import { checkOutput, type RenderLimits } from './limits.ts'
import { changed, fromPixels, scaleChannels, settle, type Picture } from './picture.ts'

/** Rounds the corners. `value` is `max` or one to four radii in the vendor's order. */
export async function roundCorners (picture: Picture, value: string, limits: RenderLimits): Promise<Picture> {
  if (value === '0') return picture
  const settled = await settle(picture, limits)
  const mask = Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="${settled.width}" height="${settled.height}">${outline(settled, value, 0, '#fff', 'none')}</svg>`)
  return changed(settled, settled.image.composite([{ input: mask, blend: 'dest-in' }]))
}

/** Frames the picture with `{n}px_solid_{color}`; the picture grows by n on each side. With a radius the frame follows it. */
export async function drawBorder (picture: Picture, value: string, radius: string | undefined, limits: RenderLimits): Promise<Picture> {
  const [, widthText = '0', colorText = ''] = /^(\d+)px_solid_(.+)$/.exec(value) ?? []
  const line = Number(widthText)
  const color = parseColor(colorText)
  if (line === 0 || !color) return picture
  const size = { width: picture.width + 2 * line, height: picture.height + 2 * line }
  checkOutput(size, limits)
  const settled = await settle(picture, limits)
  const framed = settled.image.extend({ left: line, right: line, top: line, bottom: line, background: radius === undefined ? color : TRANSPARENT })
  if (radius === undefined) return { ...size, image: framed }
  const below = await settle({ ...size, image: framed }, limits)
  const frame = `<svg xmlns="http://www.w3.org/2000/svg" width="${size.width}" height="${size.height}">${outline(size, radius, line, 'none', cssColor(color))}</svg>`
  return { ...size, image: below.image.composite([{ input: Buffer.from(frame) }]) }
}

function outline ({ width, height }: Size, value: string, line: number, fill: string, stroke: string): string {
  const inset = line / 2
  const [w, h] = [width - line, height - line]
  const paint = `fill="${fill}" stroke="${stroke}" stroke-width="${line}"`
  if (value === 'max') return `<ellipse cx="${width / 2}" cy="${height / 2}" rx="${w / 2}" ry="${h / 2}" ${paint}/>`
  const most = Math.min(w, h) / 2
  const [a, b, c, d] = corners(value).map((radius) => radius === 0 ? 0 : Math.min(radius + inset, most)) as [number, number, number, number] // `corners` gives four
  const path = `M${inset + a},${inset} h${w - a - b} a${b},${b} 0 0 1 ${b},${b} v${h - b - c} a${c},${c} 0 0 1 ${-c},${c} ` +
    `h${-(w - c - d)} a${d},${d} 0 0 1 ${-d},${-d} v${-(h - d - a)} a${a},${a} 0 0 1 ${a},${-a} z`
  return `<path d="${path}" ${paint}/>`
}

/** Clockwise from the top left: `a` all, `a:b` opposite pairs, `a:b:c` top left, the other pair, bottom right, `a:b:c:d` each. */
function corners (value: string): [number, number, number, number] {
  const [a = 0, b = a, c = a, d = b] = value.split(':').map(Number)
  return [a, b, c, d]
}

/** Turns and mirrors in the order given; other angles than quarter turns grow the canvas to the bounding box. */
export async function turn (picture: Picture, value: string, background: Color, limits: RenderLimits): Promise<Picture> {
  let turned = picture
  for (const part of value.split('.')) {
    if (part === 'vflip' || part === 'hflip') {
      const settled = await settle(turned, limits)
      turned = changed(settled, part === 'vflip' ? settled.image.flip() : settled.image.flop())
    } else if (/^-?\d+$/.test(part)) {
      turned = await rotate(turned, ((Number(part) % 360) + 360) % 360, background, limits)
    }
  }
  return turned
}

async function rotate (picture: Picture, degrees: number, background: Color, limits: RenderLimits): Promise<Picture> {
  if (degrees === 0) return picture
  const radians = degrees * Math.PI / 180
  const [sin, cos] = [Math.abs(Math.sin(radians)), Math.abs(Math.cos(radians))]
  checkOutput({ width: Math.round(picture.width * cos + picture.height * sin), height: Math.round(picture.width * sin + picture.height * cos) }, limits)
  const settled = await settle(picture, limits)
  // The exact bounding box is libvips' to say.
  const { data, info } = await settled.image.rotate(degrees, { background }).raw().timeout({ seconds: limits.timeoutSeconds }).toBuffer({ resolveWithObject: true })
  return fromPixels(data, info.width, info.height)
}

/** Makes everything see-through by 100 - `percent`. */
export async function fadeTo (picture: Picture, percent: number, limits: RenderLimits): Promise<Picture> {
  if (percent >= 100) return picture
  const settled = await settle(picture, limits)
  return scaleChannels(settled, [1, 1, 1, percent / 100], [0, 0, 0, 0], limits)
}

/** Paints what can be seen through. */
export function flatten (picture: Picture, color: Color): Picture {
  return color.alpha === 0 ? picture : changed(picture, picture.image.flatten({ background: color }))
}
