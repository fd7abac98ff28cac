import { invalidComponent } from './errors.ts'
import type { Component } from './parser.ts'

const LONG_NAMES: Readonly<Record<string, string>> = {
  a: 'angle',
  ar: 'aspect_ratio',
  b: 'background',
  bo: 'border',
  c: 'crop',
  co: 'color',
  cs: 'color_space',
  d: 'default_image',
  dl: 'delay',
  dn: 'density',
  dpr: 'dpr',
  e: 'effect',
  f: 'fetch_format',
  fl: 'flags',
  g: 'gravity',
  h: 'height',
  l: 'overlay',
  o: 'opacity',
  p: 'prefix',
  pg: 'page',
  q: 'quality',
  r: 'radius',
  so: 'start_offset',
  sp: 'streaming_profile',
  t: 'transformation',
  u: 'underlay',
  vc: 'video_codec',
  w: 'width',
  x: 'x',
  y: 'y',
  z: 'zoom'
}
const SHORT_NAMES: ReadonlyMap<string, string> = new Map(Object.entries(LONG_NAMES).map(([short, long]) => [long, short]))
/** Lists of these are joined by a dot, all others by a colon. */
const DOTTED = new Set(['angle', 'flags', 'transformation'])

/** A chain as the Admin API spells it out, `[{ crop: 'scale', width: 100 }]`: long names, and numbers as numbers. */
export function spelledOut (components: readonly Component[]): Record<string, string | number>[] {
  return components.map((component) => Object.fromEntries([...component].map(([key, value]) => [LONG_NAMES[key] ?? key, typed(value)])))
}

/** `1.0` stays text: it is the whole width, and 1 is one pixel. */
function typed (value: string): string | number {
  return /^\d/.test(value) && String(Number(value)) === value ? Number(value) : value
}

/**
 * The inverse: an object or a list of them as a chain, with the format of the last one as a last `/ext`. Text stays as it is.
 * Source of what objects may hold: Cloudinary, Node SDK, `generate_transformation_string`.
 * @throws {SandboxError} 400 for what is none of these.
 */
export function wireText (value: unknown): string {
  if (typeof value === 'string') return value
  if (Array.isArray(value)) return joined(value.map(wireText))
  if (!isObject(value)) throw invalidComponent(JSON.stringify(value))
  const { transformation: base, format, raw_transformation: raw, ...rest } = value
  const isChain = [base].flat().some(isObject)
  const given = isChain ? rest : { transformation: base, ...rest }
  const tokens = Object.entries(given).filter(([, one]) => one !== undefined && one !== null).map(([name, one]) => `${SHORT_NAMES.get(name) ?? name}_${tokenValue(name, one, value)}`)
  const component = [...tokens, ...typeof raw === 'string' && raw !== '' ? [raw] : []].join(',')
  return joined([...isChain ? [wireText(base)] : [], component, ...typeof format === 'string' ? [format] : []])
}

/** `eager` in any of its forms as `c_scale,w_100|c_fill,w_50/png`. */
export function eagerText (value: unknown): string {
  return Array.isArray(value) ? value.map(wireText).join('|') : wireText(value)
}

function tokenValue (name: string, value: unknown, whole: object): string {
  const parts: unknown[] = [value].flat()
  if (!parts.every((part) => typeof part === 'string' || typeof part === 'number')) throw invalidComponent(JSON.stringify(whole))
  const text = parts.join(DOTTED.has(name) ? '.' : ':')
  const color = /^(?:background|color)$/.test(name) ? text.replace(/^#/, 'rgb:') : text
  // These two divide a chain; within a value they would make another one of it.
  return color.replaceAll(',', '%2C').replaceAll('/', '%2F')
}

function joined (parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join('/')
}

function isObject (value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
