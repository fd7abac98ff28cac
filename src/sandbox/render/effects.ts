import type { Component } from '../transformation/parser.ts'
import { splitEffect, strengthOf } from '../transformation/effect-rules.ts'
import { COLOR_MATRICES, mixed } from './effect-matrices.ts'
import type { RenderLimits } from './limits.ts'
import type { Effect, EffectInput } from './effect.ts'
import { blur, changed, DIRECT_SIGMA, pixelsOf, scaleChannels, settle, type Picture } from './picture.ts'
import { REGION_EFFECTS } from './effects-region.ts'
import { PIXEL_EFFECTS } from './effects-pixel.ts'
import { parseColor } from '../transformation/color.ts'

type Row = [number, number, number, number]

const share = (strength: number) => strength / 100
const gain = (channel: 0 | 1 | 2): Effect => ({ picture, strength, limits }) => {
  const factors = [1, 1, 1, 1]
  factors[channel] = 1 + share(strength)
  return scaleChannels(picture, factors, [0, 0, 0, 0], limits)
}
const stretch: Effect = async ({ picture, strength, limits }) => {
  const full = changed(picture, picture.image.clone().normalise({ lower: 1, upper: 99 }))
  if (strength >= 100) return full
  const input = await pixelsOf(await scaleChannels(full, [1, 1, 1, share(strength)], [0, 0, 0, 0], limits), limits)
  return changed(picture, picture.image.composite([{ input, raw: { width: picture.width, height: picture.height, channels: 4 }, blend: 'atop' }]))
}
const keep: Effect = ({ picture }) => picture

/** The same on every pixel, and left alone what is see-through. */
const TONE_EFFECTS: Readonly<Record<string, Effect>> = {
  auto_brightness: stretch,
  auto_color: stretch,
  auto_contrast: stretch,
  bgr: ({ picture }) => recombined(picture, [0, 0, 1, 0, 1, 0, 1, 0, 0]),
  blackwhite: ({ picture, strength }) => changed(picture, picture.image.threshold(Math.round(255 * share(strength)) || 1)),
  blue: gain(2),
  blur: ({ picture, strength, limits }) => blur(picture, blurSigma(strength), limits),
  brightness: (input) => linear(input, 1 + share(input.strength), 0),
  brightness_hsb: ({ picture, strength }) => changed(picture, picture.image.modulate({ brightness: Math.max(0.01, 1 + share(strength)) })),
  contrast: (input) => linear(input, 1 + share(input.strength), -127.5 * share(input.strength)),
  gamma: (input) => input.strength >= 0
    ? { ...input.picture, image: input.picture.image.gamma(1 + input.strength / 75) }
    : linear(input, 1 + share(input.strength), 0),
  // Not sharp's own, which drops the alpha channel from raw pixels.
  grayscale: ({ picture }) => recombined(picture, COLOR_MATRICES['rod_monochromacy'] ?? []),
  green: gain(1),
  hue: ({ picture, strength }) => changed(picture, picture.image.modulate({ hue: Math.round(strength * 1.8 + 360) % 360 })),
  improve: (input) => stretch({ ...input, strength: Number(/\d+$/.exec(input.argument)?.[0] ?? 100) }),
  loop: keep,
  negate: ({ picture }) => changed(picture, picture.image.negate({ alpha: false })),
  recolor: ({ picture, argument }) => {
    const numbers = argument.split(':').map(Number)
    if (numbers.length !== 16) return recombined(picture, numbers)
    const [row0, row1, row2, row3] = [0, 4, 8, 12].map((at) => numbers.slice(at, at + 4) as Row) as [Row, Row, Row, Row] // sixteen, as was judged
    return changed(picture, picture.image.recomb([row0, row1, row2, row3]))
  },
  red: gain(0),
  saturation: ({ picture, strength }) => changed(picture, picture.image.modulate({ saturation: Math.max(0, 1 + share(strength)) })),
  sepia: ({ picture, strength }) => recombined(picture, mixed('sepia', share(strength))),
  sharpen: ({ picture, strength }) => changed(picture, picture.image.sharpen({ sigma: Math.min(10, Math.max(0.3, strength / 100)) })),
  simulate_colorblind: ({ picture, argument }) => recombined(picture, COLOR_MATRICES[argument || 'deuteranopia'] ?? mixed('sepia', 0)),
  tint: ({ picture, argument }) => {
    const [amount = '60', color = 'red'] = argument.replace(/^equalize:?/, '').replaceAll('rgb:', '#').split(':').filter((part) => part !== '')
    const { r, g, b } = parseColor(color) ?? { r: 255, g: 0, b: 0 }
    const k = share(Number(amount))
    const row = (to: number, own: number) => [0.299, 0.587, 0.114].map((weight, at) => weight * k * to / 255 + (at === own ? 1 - k : 0))
    return recombined(picture, [...row(r, 0), ...row(g, 1), ...row(b, 2)])
  },
  unsharp_mask: ({ picture, strength }) => changed(picture, picture.image.sharpen({ sigma: 1.5, m1: share(strength), m2: share(strength) * 2 })),
  vibrance: ({ picture, strength }) => changed(picture, picture.image.modulate({ saturation: Math.max(0, 1 + strength / 200) }))
}

function linear ({ picture, limits }: EffectInput, factor: number, offset: number): Promise<Picture> {
  return scaleChannels(picture, [factor, factor, factor, 1], [offset, offset, offset, 0], limits)
}

function recombined (picture: Picture, matrix: readonly number[]): Picture {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0, i = 0] = matrix
  return changed(picture, picture.image.recomb([[a, b, c], [d, e, f], [g, h, i]]))
}

const EFFECTS: Readonly<Record<string, Effect>> = { ...TONE_EFFECTS, ...REGION_EFFECTS, ...PIXEL_EFFECTS }

/** Names of all effects that are rendered, for the coverage table. */
export const RENDERED_EFFECTS: readonly string[] = Object.keys(EFFECTS).sort()

/** Applies the effect of a component. Its values have been judged; strengths are the vendor's, the arithmetic is ours. */
export async function applyEffect (picture: Picture, component: Component, limits: RenderLimits): Promise<Picture> {
  const { name, argument } = splitEffect(component.get('e') ?? '')
  const effect = Object.hasOwn(EFFECTS, name) ? EFFECTS[name] : undefined
  if (!effect) return picture
  const strength = strengthOf(name, argument)
  // sharp filters after sizing, in one pass with it.
  const joins = isFilter(name, strength) && (picture.pending === 'nothing' || picture.pending === 'sizing')
  if (joins) return { ...changed(picture, (await effect({ picture, name, argument, strength, component, limits })).image), pending: 'filter' }
  const settled = await settle(picture, limits)
  return effect({ picture: settled, name, argument, strength, component, limits })
}

function isFilter (name: string, strength: number): boolean {
  return name === 'sharpen' || name === 'unsharp_mask' || (name === 'blur' && blurSigma(strength) <= DIRECT_SIGMA)
}

function blurSigma (strength: number): number {
  return strength / 40
}
