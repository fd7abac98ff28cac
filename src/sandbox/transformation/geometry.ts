import { CENTERED, placeInside, type Position, type Region, type Size } from './gravity.ts'

/** What one component asks of the size, with every length in pixels and `dpr` multiplied in. */
export interface Sizing {
  /** One of the crop modes; `scale` when only a length is given. */
  readonly crop: string
  readonly width?: number
  readonly height?: number
  /** Width by height. */
  readonly ratio?: number
  readonly position?: Position
  /** True when `g_` was given: without it, x and y of `crop` count from the top left corner. */
  readonly hasGravity?: boolean
  readonly ignoreAspectRatio?: boolean
}

/** What has to be done, in this order. Everything absent: the picture stays as it is. */
export interface Plan extends Size {
  /** The whole picture is scaled to this size. */
  readonly resize?: Size
  /** Then this part is cut out. */
  readonly cut?: Region
  /** True when the cut follows what catches the eye instead of its `left` and `top`. */
  readonly attention?: boolean
  /** Then it is laid on a canvas of `width` x `height` at this point. */
  readonly canvas?: { readonly left: number, readonly top: number }
}

const FITTING = new Set(['fit', 'limit', 'mfit', 'pad', 'lpad', 'mpad', 'auto_pad', 'fill_pad'])
const CUTTING = new Set(['fill', 'lfill', 'crop', 'thumb', 'auto'])

/**
 * Works out one component. Pure: the rules are those of Cloudinary, "transformation_reference", c_; where it is silent,
 * lengths are rounded to the nearest pixel, at least one.
 */
export function plan (input: Size, sizing: Sizing): Plan {
  const { width, height, ratio } = sizing
  if (width === undefined && height === undefined && ratio === undefined) return { ...size(input) }
  const box = requestedBox(sizing)
  if (box === undefined) return ratioOnly(input, sizing, ratio ?? 1)
  switch (sizing.crop) {
    case 'fit': return resized(input, fitting(input, box))
    case 'limit': return resized(input, limited(input, box))
    case 'mfit': return resized(input, isLarger(fitting(input, box), input) ? fitting(input, box) : input)
    case 'fill': case 'thumb': case 'auto': return filled(input, filling(input, box), sizing)
    case 'lfill': return lfill(input, box, sizing)
    case 'pad': case 'auto_pad': case 'fill_pad': return padded(input, fitting(input, box), box, sizing)
    case 'lpad': return padded(input, limited(input, box), box, sizing)
    case 'mpad': return minimumPad(input, box, sizing)
    case 'crop': return cropped(input, complete(input, box), sizing)
    default: return scaled(input, box, sizing)
  }
}

/** The box with one side possibly open. Two of width, height and ratio define the third; with all three the ratio is dropped. */
type Box = { readonly width: number, readonly height: number } | { readonly width: number, readonly height?: never } | { readonly width?: never, readonly height: number }

function requestedBox ({ width, height, ratio }: Sizing): Box | undefined {
  if (width !== undefined) {
    if (height !== undefined) return { width, height }
    return ratio === undefined ? { width } : { width, height: pixels(width / ratio) }
  }
  if (height === undefined) return undefined
  return ratio === undefined ? { height } : { width: pixels(height * ratio), height }
}

/** An open side follows the proportions of the input, in every mode. */
function complete (input: Size, box: Box): Size {
  if (box.width === undefined) return { width: pixels(input.width * box.height / input.height), height: box.height }
  if (box.height === undefined) return { width: box.width, height: pixels(input.height * box.width / input.width) }
  return box
}

/** Products are compared and divided last, so that whole numbers stay whole and halves stay halves. */
function fitting (input: Size, box: Box): Size {
  if (box.width === undefined || box.height === undefined) return complete(input, box)
  return box.width * input.height <= box.height * input.width ? byWidth(input, box.width) : byHeight(input, box.height)
}

function filling (input: Size, box: Box): { box: Size, whole: Size } {
  const exact = complete(input, box)
  if (box.width === undefined || box.height === undefined) return { box: exact, whole: exact }
  return { box: exact, whole: exact.width * input.height >= exact.height * input.width ? byWidth(input, exact.width) : byHeight(input, exact.height) }
}

function limited (input: Size, box: Box): Size {
  const fit = fitting(input, box)
  return isLarger(fit, input) ? input : fit
}

function byWidth (input: Size, width: number): Size {
  return { width, height: pixels(input.height * width / input.width) }
}

function byHeight (input: Size, height: number): Size {
  return { width: pixels(input.width * height / input.height), height }
}

function isLarger (one: Size, other: Size): boolean {
  return one.width > other.width || one.height > other.height
}

function resized (input: Size, target: Size): Plan {
  return same(input, target) ? { ...size(input) } : { ...size(target), resize: size(target) }
}

function scaled (input: Size, box: Box, { ignoreAspectRatio = false }: Sizing): Plan {
  if (!ignoreAspectRatio) return resized(input, complete(input, box))
  return resized(input, { width: box.width ?? input.width, height: box.height ?? input.height })
}

function filled (input: Size, { box, whole }: { box: Size, whole: Size }, sizing: Sizing): Plan {
  return cut(resized(input, whole), box, sizing, input)
}

function lfill (input: Size, box: Box, sizing: Sizing): Plan {
  const wanted = filling(input, box)
  if (!isLarger(wanted.whole, input)) return filled(input, wanted, sizing)
  return cut({ ...size(input) }, smaller(wanted.box, input), sizing, input)
}

function cropped (input: Size, box: Size, sizing: Sizing): Plan {
  return cut({ ...size(input) }, smaller(box, input), sizing, input)
}

function smaller (one: Size, other: Size): Size {
  return { width: Math.min(one.width, other.width), height: Math.min(one.height, other.height) }
}

function cut (base: Plan, box: Size, sizing: Sizing, input: Size): Plan {
  if (same(base, box)) return base
  const position = sizing.position ?? CENTERED
  const free = sizing.crop === 'crop' && !sizing.hasGravity && (position.x !== 0 || position.y !== 0)
  const scale = base.width / input.width
  const spot = placeInside(base, box, free ? { ...position, gravity: 'north_west' } : scaledFocus(position, scale))
  const attention = /^auto(?::|$)/.test(position.gravity) && !position.focus && !free
  return { ...size(box), ...(base.resize && { resize: base.resize }), cut: { ...spot, ...size(box) }, ...(attention && { attention }) }
}

/** Stored coordinates and `xy_center` mean the input; after scaling they have moved. */
function scaledFocus (position: Position, scale: number): Position {
  const { focus } = position
  if (focus) {
    return { ...position, focus: { left: focus.left * scale, top: focus.top * scale, width: focus.width * scale, height: focus.height * scale } }
  }
  return position.gravity === 'xy_center' ? { ...position, x: position.x * scale, y: position.y * scale } : position
}

function padded (input: Size, inner: Size, box: Box, sizing: Sizing): Plan {
  const outer = complete(input, box)
  const base = resized(input, inner)
  if (same(base, outer)) return base
  const canvas = placeInside(outer, base, sizing.position ?? CENTERED)
  return { ...size(outer), ...(base.resize && { resize: base.resize }), canvas }
}

function minimumPad (input: Size, box: Box, sizing: Sizing): Plan {
  const wanted = complete(input, box)
  const outer = { width: Math.max(input.width, wanted.width), height: Math.max(input.height, wanted.height) }
  return padded(input, input, outer, sizing)
}

/** Only a ratio: the largest part of that shape, or the smallest canvas of that shape, neither scaled. */
function ratioOnly (input: Size, sizing: Sizing, ratio: number): Plan {
  const isWide = input.width > input.height * ratio
  if (CUTTING.has(sizing.crop)) {
    const box = isWide ? { width: pixels(input.height * ratio), height: input.height } : { width: input.width, height: pixels(input.width / ratio) }
    return cut({ ...size(input) }, smaller(box, input), sizing, input)
  }
  if (!FITTING.has(sizing.crop)) return resized(input, { width: input.width, height: pixels(input.width / ratio) })
  if (!sizing.crop.includes('pad')) return { ...size(input) }
  const outer = isWide ? { width: input.width, height: pixels(input.width / ratio) } : { width: pixels(input.height * ratio), height: input.height }
  return padded(input, input, { width: Math.max(outer.width, input.width), height: Math.max(outer.height, input.height) }, sizing)
}

function same (one: Size, other: Size): boolean {
  return one.width === other.width && one.height === other.height
}

function size ({ width, height }: Size): Size {
  return { width, height }
}

function pixels (length: number): number {
  return Math.max(1, Math.round(length))
}
