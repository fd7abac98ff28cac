/**
 * The size a transformation must yield, worked out a second time: in whole numbers and fractions, mode by mode as the
 * vendor's table reads, sharing nothing with the code under test.
 */
interface Size { width: number, height: number }

export interface Wanted {
  mode: string
  width?: number
  height?: number
  ratio?: [number, number]
  dpr: number
}

type Fraction = [numerator: bigint, denominator: bigint]

const MODES = ['scale', 'fit', 'limit', 'mfit', 'fill', 'lfill', 'pad', 'lpad', 'mpad', 'crop', 'thumb', 'auto', 'auto_pad', 'fill_pad']
const GRAVITIES = ['north_west', 'north', 'north_east', 'west', 'center', 'east', 'south_west', 'south', 'south_east', 'auto', 'face', 'custom', 'xy_center']

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function seeded (seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6D2B79F5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

export function randomCase (random: () => number, most = 2000): { input: Size, text: string, wanted: Wanted } {
  const integer = (least: number, greatest: number) => least + Math.floor(random() * (greatest - least + 1))
  const input = { width: integer(1, most), height: integer(1, most) }
  const wanted: Wanted = { mode: MODES[integer(0, MODES.length - 1)] ?? 'scale', dpr: [1, 1, 0.5, 1.5, 2][integer(0, 4)] ?? 1 }
  const sides = integer(0, 3)
  if (sides !== 1) wanted.width = integer(1, most)
  if (sides !== 0) wanted.height = integer(1, most)
  if (sides < 2 && random() < 0.5) wanted.ratio = [integer(1, 20), integer(1, 20)]
  if (wanted.ratio && random() < 0.3) {
    delete wanted.width
    delete wanted.height
  }
  const parts = [`c_${wanted.mode}`]
  if (wanted.ratio) parts.push(`ar_${wanted.ratio.join(':')}`)
  if (wanted.width !== undefined) parts.push(`w_${wanted.width}`)
  if (wanted.height !== undefined) parts.push(`h_${wanted.height}`)
  if (wanted.dpr !== 1) parts.push(`dpr_${wanted.dpr.toFixed(1)}`)
  if (random() < 0.5) parts.push(`g_${GRAVITIES[integer(0, GRAVITIES.length - 1)]}`)
  return { input, text: parts.join(','), wanted }
}

function round ([numerator, denominator]: Fraction): number {
  return Math.max(1, Number((2n * numerator + denominator) / (2n * denominator)))
}

function times (length: number, [numerator, denominator]: Fraction): Fraction {
  return [BigInt(length) * numerator, denominator]
}

function less ([a, b]: Fraction, [c, d]: Fraction): boolean {
  return a * d < c * b
}

const ONE: Fraction = [1n, 1n]
const fraction = (one: number, other: number): Fraction => [BigInt(one), BigInt(other)]

export function oracle (input: Size, wanted: Wanted): Size {
  const W = input.width
  const H = input.height
  const pixels = (length: number) => Math.max(1, Math.round(length * wanted.dpr))
  let w = wanted.width === undefined ? undefined : pixels(wanted.width)
  let h = wanted.height === undefined ? undefined : pixels(wanted.height)
  const { mode, ratio } = wanted
  if (w === undefined && h === undefined) return ratio === undefined ? input : onlyRatio(input, mode, ratio)
  if (ratio && w !== undefined && h === undefined) h = round([BigInt(w * ratio[1]), BigInt(ratio[0])])
  else if (ratio && h !== undefined && w === undefined) w = round([BigInt(h * ratio[0]), BigInt(ratio[1])])
  const scales = [w === undefined ? [] : [fraction(w, W)], h === undefined ? [] : [fraction(h, H)]].flat()
  const smallest = scales.reduce((one, other) => less(other, one) ? other : one)
  const largest = scales.reduce((one, other) => less(one, other) ? other : one)
  const scaled = (by: Fraction): Size => ({ width: round(times(W, by)), height: round(times(H, by)) })
  const box = { width: w ?? scaled(smallest).width, height: h ?? scaled(smallest).height }
  switch (mode) {
    case 'fit': return scaled(smallest)
    case 'limit': return less(smallest, ONE) ? scaled(smallest) : input
    case 'mfit': return less(ONE, smallest) ? scaled(smallest) : input
    case 'lfill': {
      const by = less(largest, ONE) ? largest : ONE
      return { width: Math.min(box.width, scaled(by).width), height: Math.min(box.height, scaled(by).height) }
    }
    case 'mpad': return { width: Math.max(W, box.width), height: Math.max(H, box.height) }
    case 'crop': return { width: Math.min(W, box.width), height: Math.min(H, box.height) }
    default: return box // scale, fill, thumb, auto, pad, lpad, auto_pad and fill_pad are exactly the box
  }
}

function onlyRatio ({ width: W, height: H }: Size, mode: string, [a, b]: [number, number]): Size {
  const tall = { width: W, height: round([BigInt(W * b), BigInt(a)]) }
  const wide = { width: round([BigInt(H * a), BigInt(b)]), height: H }
  const isWiderThanAsked = W * b > H * a
  if (['fill', 'lfill', 'crop', 'thumb', 'auto'].includes(mode)) return isWiderThanAsked ? wide : tall
  if (mode.endsWith('pad')) return isWiderThanAsked ? tall : wide
  return mode === 'scale' ? tall : { width: W, height: H }
}
