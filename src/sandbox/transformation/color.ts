/** Channels 0..255, alpha 0..1, as sharp takes them. */
export interface Color { readonly r: number, readonly g: number, readonly b: number, readonly alpha: number }

const NAMES: Readonly<Record<string, string>> = {
  aqua: '00ffff',
  azure: 'f0ffff',
  beige: 'f5f5dc',
  black: '000000',
  blue: '0000ff',
  brown: 'a52a2a',
  coral: 'ff7f50',
  crimson: 'dc143c',
  cyan: '00ffff',
  darkblue: '00008b',
  darkgray: 'a9a9a9',
  darkgreen: '006400',
  darkgrey: 'a9a9a9',
  darkred: '8b0000',
  fuchsia: 'ff00ff',
  gold: 'ffd700',
  gray: '808080',
  green: '008000',
  grey: '808080',
  indigo: '4b0082',
  ivory: 'fffff0',
  khaki: 'f0e68c',
  lavender: 'e6e6fa',
  lightblue: 'add8e6',
  lightgray: 'd3d3d3',
  lightgreen: '90ee90',
  lightgrey: 'd3d3d3',
  lime: '00ff00',
  magenta: 'ff00ff',
  maroon: '800000',
  navy: '000080',
  olive: '808000',
  orange: 'ffa500',
  pink: 'ffc0cb',
  purple: '800080',
  red: 'ff0000',
  salmon: 'fa8072',
  silver: 'c0c0c0',
  skyblue: '87ceeb',
  tan: 'd2b48c',
  teal: '008080',
  tomato: 'ff6347',
  transparent: '00000000',
  none: '00000000',
  turquoise: '40e0d0',
  violet: 'ee82ee',
  white: 'ffffff',
  yellow: 'ffff00'
}

/** A colour name, `rgb:` with 3, 4, 6 or 8 hex digits, or the digits alone after `#`; undefined for anything else. */
export function parseColor (text: string): Color | undefined {
  const name = text.toLowerCase()
  const hex = Object.hasOwn(NAMES, name) ? NAMES[name] : /^(?:rgb:|#)([0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})$/.exec(name)?.[1]
  if (hex === undefined) return undefined
  const long = hex.length <= 4 ? [...hex].map((digit) => digit + digit).join('') : hex
  const channel = (index: number) => Number.parseInt(long.slice(index * 2, index * 2 + 2), 16)
  return { r: channel(0), g: channel(1), b: channel(2), alpha: long.length === 8 ? channel(3) / 255 : 1 }
}

export const TRANSPARENT: Color = { r: 0, g: 0, b: 0, alpha: 0 }
export const WHITE: Color = { r: 255, g: 255, b: 255, alpha: 1 }

/** `rgba(...)` as SVG and Pango take it. */
export function cssColor ({ r, g, b, alpha }: Color): string {
  return `rgba(${r},${g},${b},${Number(alpha.toFixed(3))})`
}

/** `#rrggbb`, alpha left out. */
export function hexColor ({ r, g, b }: Color): string {
  return `#${[r, g, b].map((channel) => channel.toString(16).padStart(2, '0')).join('')}`
}
