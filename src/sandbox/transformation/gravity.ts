/** Pixels. */
export interface Size { readonly width: number, readonly height: number }

/** A part of an image in pixels from its top left corner. */
export interface Region { readonly left: number, readonly top: number, readonly width: number, readonly height: number }

/** Where something goes: a compass point (or a kind of detection), and how far from there. */
export interface Position {
  readonly gravity: string
  readonly x: number
  readonly y: number
  /** Coordinates stored with the asset, for `custom`, `face` and `region`. */
  readonly focus?: Region
}

export const CENTERED: Position = { gravity: 'center', x: 0, y: 0 }

/**
 * Top left corner of `inner` inside `outer`. Offsets move away from the border the gravity names: with `north_east` a
 * positive x goes left. Source: Cloudinary, "transformation_reference", g_.
 */
export function place (outer: Size, inner: Size, position: Position): { left: number, top: number } {
  const { x, y, focus } = position
  if (focus) {
    return { left: Math.floor(focus.left + (focus.width - inner.width) / 2), top: Math.floor(focus.top + (focus.height - inner.height) / 2) }
  }
  if (position.gravity === 'xy_center') return { left: Math.round(x - inner.width / 2), top: Math.round(y - inner.height / 2) }
  const gravity = compass(position.gravity)
  const freeX = outer.width - inner.width
  const freeY = outer.height - inner.height
  const left = gravity.includes('west') ? x : gravity.includes('east') ? freeX - x : freeX / 2 + x
  const top = gravity.includes('north') ? y : gravity.includes('south') ? freeY - y : freeY / 2 + y
  return { left: Math.floor(left), top: Math.floor(top) }
}

/** As `place`, kept inside `outer`: a cut cannot leave the picture. */
export function placeInside (outer: Size, inner: Size, position: Position): { left: number, top: number } {
  const { left, top } = place(outer, inner, position)
  return { left: clamp(left, outer.width - inner.width), top: clamp(top, outer.height - inner.height) }
}

function clamp (value: number, most: number): number {
  return Math.max(0, Math.min(value, most))
}

/** Without a detector: faces fall back to north, as the vendor documents for "nothing found", the rest to the centre. */
function compass (gravity: string): string {
  if (/^(?:north|south|east|west|center)/.test(gravity)) return gravity
  return /^(?:adv_)?faces?(?::auto)?$/.test(gravity) || gravity === 'adv_eyes' ? 'north' : 'center'
}
