import { notImitated } from '../errors.ts'
import { isExpression } from './keys.ts'
import { invalidValue } from './errors.ts'

/** Least, most and default of an effect's strength. */
export type Range = readonly [least: number, most: number, usual: number]

/** Effects that take one number, with the vendor's range. Source: Cloudinary, "transformation_reference", e_. */
export const STRENGTHS: Readonly<Record<string, Range>> = {
  auto_brightness: [0, 100, 100],
  auto_color: [0, 100, 100],
  auto_contrast: [0, 100, 100],
  blackwhite: [0, 100, 50],
  blue: [-100, 100, 0],
  blur: [1, 2000, 100],
  blur_region: [1, 2000, 100],
  brightness: [-99, 100, 80],
  brightness_hsb: [-99, 100, 80],
  colorize: [0, 100, 100],
  contrast: [-100, 200, 0],
  gamma: [-50, 150, 0],
  gradient_fade: [0, 100, 20],
  green: [-100, 100, 0],
  hue: [-100, 100, 80],
  make_transparent: [0, 100, 10],
  opacity_threshold: [1, 100, 50],
  pixelate: [1, 200, 5],
  pixelate_region: [1, 200, 5],
  red: [-100, 100, 0],
  saturation: [-100, 100, 80],
  sepia: [1, 100, 80],
  shadow: [0, 100, 40],
  sharpen: [1, 2000, 100],
  unsharp_mask: [1, 2000, 100],
  vibrance: [-100, 100, 20],
  vignette: [0, 100, 20]
}

/** Effects whose arguments are not one number, with what they take. */
export const SHAPED: Readonly<Record<string, (argument: string) => boolean>> = {
  bgr: (argument) => argument === '',
  grayscale: (argument) => argument === '',
  improve: (argument) => /^(?:outdoor|indoor)?:?\d{0,3}$/.test(argument),
  loop: (argument) => /^\d*$/.test(argument),
  negate: (argument) => argument === '',
  recolor: (argument) => [9, 16].includes(argument.split(':').length) && argument.split(':').every((part) => /^-?[\d.]+$/.test(part)),
  replace_color: (argument) => argument !== '' && argument.split(':').length <= 5,
  shear: (argument) => argument.split(':').length === 2 && argument.split(':').every((part) => /^-?\d+(?:\.\d+)?$/.test(part) && Math.abs(Number(part)) <= 359),
  simulate_colorblind: (argument) => ['', 'deuteranopia', 'protanopia', 'tritanopia', 'tritanomaly', 'deuteranomaly', 'cone_monochromacy', 'rod_monochromacy'].includes(argument),
  tint: (argument) => /^(?:equalize:?)?(?:\d{1,3}(?::.+)?)?$/.test(argument),
  // The official URL builder leaves empty places: `trim::`.
  trim: (argument) => /^(?:\d{1,2}|100)?(?::.*)?$/.test(argument)
}

/** How a layer is mixed with what lies under it; only together with a layer. */
export const BLENDS: ReadonlySet<string> = new Set(['screen', 'multiply', 'overlay', 'mask'])

/** Known to the vendor, without a counterpart in libvips. */
export const NOT_RENDERED: ReadonlySet<string> = new Set(['accelerate', 'adv_redeye', 'anti_removal', 'art', 'assist_colorblind', 'auto_enhance', 'background_removal', 'bgremoval', 'blur_faces',
  'boomerang', 'camera', 'cartoonify', 'cut_out', 'deshake', 'displace', 'distort', 'dropshadow', 'enhance', 'extract', 'fade', 'fill_light', 'gen_background_replace',
  'gen_recolor', 'gen_remove', 'gen_replace', 'gen_restore', 'light', 'noise', 'oil_paint', 'ordered_dither', 'outline', 'pixelate_faces', 'preview', 'progressbar',
  'redeye', 'reverse', 'style_transfer', 'swap_image', 'theme', 'transition', 'upscale', 'vectorize', 'viesus_correct', 'visualize', 'volume', 'waveform', 'zoompan'])

/** Name and argument of `name` or `name:argument`. */
export function splitEffect (value: string): { name: string, argument: string } {
  const colon = value.indexOf(':')
  return colon < 0 ? { name: value, argument: '' } : { name: value.slice(0, colon), argument: value.slice(colon + 1) }
}

/** Arguments that are taken with less than the vendor makes of them. */
const PARTLY: Readonly<Record<string, RegExp>> = {
  improve: /^(?:outdoor|indoor)/,
  // Several colours, their places, an evened histogram.
  tint: /^equalize|^\d+:(?:rgb:[^:]+|(?!rgb:)[^:]+):/
}

/**
 * @returns the effect when a part of it is left out.
 * @throws {SandboxError} 400 for an unknown effect, a strength out of range, or an effect that is not imitated.
 */
export function checkEffect (value: string): string[] {
  const { name, argument } = splitEffect(value)
  if (NOT_RENDERED.has(name)) throw notImitated(`the effect ${name}`)
  if (BLENDS.has(name) || argument.includes('$')) return []
  const range = Object.hasOwn(STRENGTHS, name) ? STRENGTHS[name] : undefined
  if (range) {
    if (argument !== '' && !isExpression(argument) && !inRange(argument.replace(/^level_|;type_\w+$/g, ''), range)) throw invalidValue('effect', value)
    return []
  }
  const accepts = Object.hasOwn(SHAPED, name) ? SHAPED[name] : undefined
  if (!accepts?.(argument)) throw invalidValue('effect', value)
  return PARTLY[name]?.test(argument) ? [`e_${value}`] : []
}

function inRange (argument: string, [least, most]: Range): boolean {
  return /^-?\d+(?:\.\d+)?$/.test(argument) && Number(argument) >= least && Number(argument) <= most
}

/** The strength given, or the usual one. */
export function strengthOf (name: string, argument: string): number {
  const usual = STRENGTHS[name]?.[2] ?? 0
  const number = Number(argument.replace(/^level_|;type_\w+$/g, ''))
  return argument === '' || !Number.isFinite(number) ? usual : number
}
