/** Some pixels of like colour: how many, and the sums of their channels, 0 to 255 each. */
export interface ColorCell { count: number, sum: [red: number, green: number, blue: number] }

/** Where each hue ends, in degrees; what is beyond the last is red again. */
const HUES: ReadonlyArray<readonly [degrees: number, name: string]> = [
  [15, 'red'], [45, 'orange'], [70, 'yellow'], [160, 'green'], [195, 'teal'], [255, 'blue'], [310, 'purple'], [345, 'pink']
]
const SHOWN = 8

/**
 * The main colours by name and percent, the most frequent first: twelve names, like the filters of image searches. Source: Cloudinary,
 * "API for extracting semantic image data". Where one colour ends and the next begins is not public.
 */
export function predominant (cells: Iterable<ColorCell>): [name: string, percent: number][] {
  const counts = new Map<string, number>()
  let total = 0
  for (const { count, sum } of cells) {
    const [red, green, blue] = sum
    const name = colorName(red / count, green / count, blue / count)
    counts.set(name, (counts.get(name) ?? 0) + count)
    total += count
  }
  return [...counts].sort(([, one], [, other]) => other - one).slice(0, SHOWN)
    .map(([name, count]) => [name, Math.round(count / total * 1000) / 10])
}

export function colorName (red: number, green: number, blue: number): string {
  const [most, least] = [Math.max(red, green, blue), Math.min(red, green, blue)]
  const spread = most - least
  const lightness = (most + least) / 510
  if (spread < 30 || lightness < 0.1 || lightness > 0.95) return lightness < 0.2 ? 'black' : lightness > 0.85 ? 'white' : 'gray'
  const sector = most === red ? (green - blue) / spread : most === green ? (blue - red) / spread + 2 : (red - green) / spread + 4
  const hue = (sector * 60 + 360) % 360
  const name = HUES.find(([degrees]) => hue < degrees)?.[1] ?? 'red'
  if (name === 'orange' && lightness < 0.4) return 'brown'
  return name === 'red' && lightness > 0.75 ? 'pink' : name
}
