import { SandboxError } from '../errors.ts'
import { evaluate, evaluateNumber, type Scope } from './expression.ts'
import type { Sizing } from './geometry.ts'
import type { Position, Region, Size } from './gravity.ts'
import { invalidValue } from './errors.ts'
import { isExpression, KEYS } from './keys.ts'
import { flagsOf, type Component } from './parser.ts'

/** Coordinates stored with the asset, in pixels of the original. */
export interface Coordinates {
  readonly custom?: Region
  readonly face?: Region
  readonly regions: Readonly<Record<string, Region>>
}

const NUMERIC = new Set(['a', 'ar', 'dpr', 'h', 'o', 'r', 'w', 'x', 'y', 'z'])

/** Takes the `$variables` of a component into the scope of the chain. */
export function assignVariables (component: Component, scope: Scope): Scope {
  return assigned(component, scope, (key, value) => {
    throw new SandboxError(400, `Invalid assignment to ${key}: ${value}`)
  })
}

/** The same before a picture is opened: variables that depend on its size are left out. */
export function assignKnownVariables (component: Component, scope: Scope): Scope {
  return assigned(component, scope, () => {})
}

function assigned (component: Component, scope: Scope, fail: (key: string, value: string) => void): Scope {
  const variables = new Map(scope.variables)
  for (const [key, value] of component) {
    if (!key.startsWith('$')) continue
    try {
      const result = evaluate(value, { ...scope, variables })
      variables.set(key, typeof result === 'string' ? `!${result}!` : String(Number(result)))
    } catch {
      fail(key, value)
    }
  }
  return { ...scope, variables }
}

/** The component with every variable and sum replaced by its value, judged anew. */
export function resolveComponent (component: Component, scope: Scope): Component {
  const resolved = new Map<string, string>()
  for (const [key, value] of component) {
    if (key.startsWith('$') || key === 'if') continue
    const result = resolveValue(key, value, scope)
    if (result !== value && !KEYS[key]?.accepts(result)) throw invalidValue(KEYS[key]?.name ?? key, result)
    resolved.set(key, result)
  }
  return resolved
}

function resolveValue (key: string, value: string, scope: Scope): string {
  if (NUMERIC.has(key) && isExpression(value)) return whole(key, evaluateNumber(value, scope))
  if (key === 'l' || key === 'u') return fillIn(value, scope.variables)
  if (!value.includes('$')) return value
  return value.split(':').map((part) => /^\$[A-Za-z][A-Za-z0-9]*$/.test(part) ? plain(scope.variables.get(part) ?? part) : part).join(':')
}

/** The name of a layer with its variables replaced: `$logo` as a whole, `$(name)` within a text. */
export function fillIn (layer: string, variables: ReadonlyMap<string, string>): string {
  if (/^\$[A-Za-z][A-Za-z0-9]*$/.test(layer)) return plain(variables.get(layer) ?? layer)
  return layer.replace(/\$\(([A-Za-z][A-Za-z0-9]*)\)/g, (_, name: string) => plain(variables.get(`$${name}`) ?? ''))
}

/** Sums come out as pixels: `w_iw_div_3` is 333, not 333.3 times the width. */
function whole (key: string, value: number): string {
  return key === 'ar' || key === 'dpr' || key === 'z' ? String(value) : String(Math.round(value))
}

function plain (value: string): string {
  return /^!.*!$/s.test(value) ? value.slice(1, -1) : value
}

/**
 * Lengths in pixels. A dot makes a length a share of the component's input; `dpr` multiplies lengths and offsets.
 * Source: Cloudinary, "transformation_reference", w_, h_, ar_, dpr_.
 */
export function sizingOf (component: Component, input: Size, initial: Size, coordinates: Coordinates, base: Size = input): Sizing {
  const dpr = Number(component.get('dpr') === 'auto' ? 1 : component.get('dpr') ?? 1)
  const width = lengthOf(component.get('w'), base.width, initial, dpr, 'width')
  const height = lengthOf(component.get('h'), base.height, initial, dpr, 'height')
  const ratio = ratioOf(component.get('ar'), initial)
  const position = positionOf(component, input, coordinates, dpr)
  const crop = component.get('c') ?? 'scale'
  const isUnsized = width === undefined && height === undefined && ratio === undefined
  const box = isUnsized && (crop === 'crop' || crop === 'thumb') ? partOf(input, position.focus) : undefined
  if (box) return { crop: 'crop', width: box.width, height: box.height, position: { ...position, focus: box }, hasGravity: true }
  return {
    crop,
    ...(width !== undefined && { width }),
    ...(height !== undefined && { height }),
    ...(ratio !== undefined && { ratio }),
    position,
    hasGravity: component.has('g'),
    ignoreAspectRatio: flagsOf(component).includes('ignore_aspect_ratio')
  }
}

/** What of a region lies in the picture. Without a size it is all that is wanted, unscaled. Source: Cloudinary, "custom_coordinates". */
function partOf (input: Size, region: Region | undefined): Region | undefined {
  if (!region) return undefined
  const [left, top] = [Math.max(0, Math.round(region.left)), Math.max(0, Math.round(region.top))]
  const width = Math.min(Math.round(region.left + region.width), input.width) - left
  const height = Math.min(Math.round(region.top + region.height), input.height) - top
  return width >= 1 && height >= 1 ? { left, top, width, height } : undefined
}

function lengthOf (value: string | undefined, base: number, initial: Size, dpr: number, side: 'width' | 'height'): number | undefined {
  if (value === undefined || value.startsWith('auto')) return undefined
  const length = /^[io]w$/.test(value) ? initial.width : /^[io]h$/.test(value) ? initial.height : value.includes('.') ? Number(value) * base : Number(value)
  if (!Number.isFinite(length) || length <= 0) throw invalidValue(side, value)
  return Math.max(1, Math.round(length * dpr))
}

function ratioOf (value: string | undefined, initial: Size): number | undefined {
  if (value === undefined) return undefined
  if (value === 'iar') return initial.width / initial.height
  const [width = 1, height = 1] = value.split(':').map(Number)
  return width / height
}

/** Where the gravity and the offsets of a component point. */
export function positionOf (component: Component, input: Size, coordinates: Coordinates, dpr = 1): Position {
  const gravity = component.get('g') ?? 'center'
  const offset = (value: string | undefined, base: number) => Math.round((value === undefined ? 0 : value.includes('.') ? Number(value) * base : Number(value)) * dpr)
  const focus = focusOf(gravity, coordinates)
  return { gravity, x: offset(component.get('x'), input.width), y: offset(component.get('y'), input.height), ...(focus && { focus }) }
}

function focusOf (gravity: string, { custom, face, regions }: Coordinates): Region | undefined {
  if (gravity === 'custom' || gravity.startsWith('custom:')) return custom ?? (gravity.includes('face') ? face : undefined)
  if (/^(?:adv_)?faces?(?::|$)/.test(gravity)) return face
  const name = /^region_!([^!]+)!$/.exec(gravity)?.[1]
  return name === undefined || !Object.hasOwn(regions, name) ? undefined : regions[name]
}
