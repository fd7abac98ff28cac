import type { Component } from './parser.ts'

const LONG_NAMES: Readonly<Record<string, string>> = {
  a: 'angle',
  ar: 'aspect_ratio',
  b: 'background',
  bo: 'border',
  c: 'crop',
  co: 'color',
  dpr: 'dpr',
  e: 'effect',
  f: 'fetch_format',
  fl: 'flags',
  g: 'gravity',
  h: 'height',
  l: 'overlay',
  o: 'opacity',
  q: 'quality',
  r: 'radius',
  t: 'transformation',
  u: 'underlay',
  w: 'width',
  x: 'x',
  y: 'y',
  z: 'zoom'
}

/** A chain as the Admin API spells it out, `[{ crop: 'scale', width: 100 }]`: long names, and numbers as numbers. */
export function spelledOut (components: readonly Component[]): Record<string, string | number>[] {
  return components.map((component) => Object.fromEntries(
    [...component].map(([key, value]) => [LONG_NAMES[key] ?? key, /^\d+(\.\d+)?$/.test(value) ? Number(value) : value])))
}
