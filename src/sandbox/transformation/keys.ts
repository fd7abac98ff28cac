import type { Imitation } from '../imitation.ts'
import { parseColor } from './color.ts'
import { ALL_FORMATS } from './output-formats.ts'

/** One parameter of the transformation URL: its long name (used in error texts), which values it takes, and what happens. */
export interface KeyRule {
  readonly name: string
  readonly support: Imitation
  readonly accepts: (value: string) => boolean
  /** Values that the vendor renders and the sandbox refuses by name. */
  readonly outside?: RegExp
  /** Values that are taken without effect, or with less than the vendor's. */
  readonly idle?: RegExp
  /** Examples of both for the coverage table: values that are not treated as the key is. */
  readonly examples?: readonly string[]
}

/** Crop modes, all rendered; the add-on's are refused as unknown. */
export const CROPS: ReadonlySet<string> = new Set(['scale', 'fit', 'limit', 'mfit', 'fill', 'lfill', 'fill_pad', 'pad', 'lpad', 'mpad', 'crop', 'thumb', 'auto', 'auto_pad'])
const COMPASS = new Set(['north_west', 'north', 'north_east', 'west', 'center', 'east', 'south_west', 'south', 'south_east'])
const DETECTED = /^(?:auto|face|faces|adv_face|adv_faces|adv_eyes|ocr_text|body|object|liquid|custom|xy_center|track_person)(?::[\w:!.-]+)?$|^(?:region|clipping_path)_![^!]+!$/

/** Flags that change the answer here; the rest of the vendor's flags are taken and ignored, unknown ones refused. */
export const FLAGS: Readonly<Record<string, Imitation>> = {
  ...support('real', 'attachment', 'progressive', 'lossy', 'png8', 'png24', 'png32', 'preserve_transparency', 'force_strip', 'strip_profile',
    'ignore_aspect_ratio', 'layer_apply', 'no_overflow', 'relative', 'tiled', 'cutter', 'text_disallow_overflow', 'animated', 'awebp', 'getinfo',
    'rasterize', 'immutable_cache'),
  ...support('ignored', 'any_format', 'clip', 'clip_evenodd', 'group4', 'tiff8_lzw', 'force_icc', 'c2pa', 'original', 'region_relative', 'text_no_trim',
    'keep_iptc', 'keep_attribution', 'sanitize'),
  ...support('refused', 'apng', 'splice', 'no_stream', 'streaming_attachment', 'truncate_ts', 'waveform', 'mono', 'hlsv3', 'keep_dar', 'alternate', 'draco')
}

function support<const T extends Imitation> (kind: T, ...names: string[]): Record<string, T> {
  return Object.fromEntries(names.map((name) => [name, kind]))
}

const number = /^-?(?:\d+(?:\.\d*)?|\.\d+)$/
const length = (value: string) => isExpression(value) || (/^(?:\d+|\d*\.\d+|\d+\.)$/.test(value) && Number(value) > 0) || /^(?:auto(?::.+)?|iw|ih|ow|oh)$/.test(value)
const signed = (value: string) => isExpression(value) || number.test(value)
const within = (least: number, most: number) => (value: string) => isExpression(value) || (number.test(value) && Number(value) >= least && Number(value) <= most)
const color = (value: string) => parseColor(value) !== undefined
const anything = (value: string) => value !== ''

/** True for a value with variables or arithmetic (`$w_mul_2`, `iw_div_2`): it is judged once it has been worked out. */
export function isExpression (value: string): boolean {
  return /^(?:\$|(?:ctx|md):!)/.test(value) || /_(?:mul|div|add|sub|pow|mod)_/.test(value)
}

function ratio (value: string): boolean {
  const parts = value.split(':')
  return isExpression(value) || value === 'iar' || (parts.length <= 2 && parts.every((part) => number.test(part) && Number(part) > 0))
}

function angle (value: string): boolean {
  return value.split('.').every((part) => /^-?\d+$|^(?:vflip|hflip|ignore|exif|auto|auto_right|auto_left)$/.test(part)) || isExpression(value)
}

function quality (value: string): boolean {
  const [level = '', chroma = '', ...more] = value.split(':')
  if (level === 'auto') return /^(?:best|good|eco|low|sensitive)?$/.test(chroma) && (more.length === 0 || more.join() === 'sensitive')
  if (level === 'jpegmini') return true
  return within(1, 100)(level) && more.length === 0 && /^(?:42[02]|444|qmax_\d+)?$/.test(chroma)
}

function background (value: string): boolean {
  return color(value) || /^(?:auto|blurred|gen_fill)(?::.*)?$/.test(value)
}

const rule = (name: string, kind: Imitation, accepts: (value: string) => boolean = anything, values: Pick<KeyRule, 'outside' | 'idle' | 'examples'> = {}): KeyRule =>
  ({ name, support: kind, accepts, ...values })
// Sizes from client hints: nobody sends them here.
const HINTED = /^auto/
// Without a detector these fall back, as the vendor documents for "nothing found".
const UNDETECTED = /^(?!(?:north|south|east|west|center)|(?:custom|xy_center|region)(?:[:_]|$)|auto$)/

/** Every key of the grammar. The coverage table is printed from here, so it cannot promise more than the code does. */
export const KEYS: Readonly<Record<string, KeyRule>> = {
  a: rule('angle', 'real', angle),
  ac: rule('audio codec', 'refused'),
  af: rule('audio frequency', 'refused'),
  ar: rule('aspect ratio', 'real', ratio),
  b: rule('background', 'real', background, { outside: /^gen_fill(?::|$)/, idle: /^(?:auto|blurred)(?::|$)/, examples: ['auto', 'blurred', 'gen_fill'] }),
  bl: rule('baseline', 'refused'),
  bo: rule('border', 'real', (value) => /^\d+px_solid_.+$/.test(value) && color(value.slice(value.indexOf('_solid_') + 7))),
  br: rule('bit rate', 'refused'),
  c: rule('crop', 'real', (value) => CROPS.has(value), { outside: /^imagga_(?:crop|scale)$/, examples: ['imagga_crop', 'imagga_scale'] }),
  co: rule('color', 'real', color),
  cs: rule('color space', 'ignored'),
  d: rule('default image', 'real'),
  dl: rule('delay', 'real', (value) => /^\d+$/.test(value)),
  dn: rule('density', 'real', within(1, 600)),
  dpr: rule('dpr', 'real', (value) => value === 'auto' || (signed(value) && (isExpression(value) || Number(value) > 0)), { idle: HINTED, examples: ['auto'] }),
  du: rule('duration', 'refused'),
  e: rule('effect', 'real'),
  eo: rule('end offset', 'refused'),
  f: rule('fetch format', 'real', (value) => /^auto(?::(?:image|video|animated))?$/.test(value) || ALL_FORMATS.has(value), { idle: /^auto:(?:video|animated)$/, examples: ['auto:video', 'auto:animated'] }),
  fl: rule('flag', 'real'),
  fn: rule('custom function', 'refused'),
  fps: rule('fps', 'refused'),
  g: rule('gravity', 'real', (value) => COMPASS.has(value) || DETECTED.test(value), { idle: UNDETECTED, examples: ['face', 'faces', 'body', 'object', 'ocr_text', 'liquid', 'auto:subject', 'clipping_path_!name!'] }),
  h: rule('height', 'real', length),
  // How much a picture looks drawn: nothing here can tell, so it is taken for a photograph.
  if: rule('condition', 'real', anything, { idle: /(?:^|_)ils(?:_|$)/, examples: ['ils_gt_0.5'] }),
  ki: rule('keyframe interval', 'refused'),
  l: rule('overlay', 'real'),
  o: rule('opacity', 'real', within(0, 100)),
  p: rule('prefix', 'ignored'),
  // Ranges, names and embedded images of documents are for formats that are not rendered here.
  pg: rule('page', 'real', (value) => /^\d{1,5}$/.test(value) && Number(value) > 0, { outside: /^(?:\d*-\d*|\d+(?:;\d+)+|(?:name|embedded):.+)$/, examples: ['2-3', '2;3', 'name:background', 'embedded:1'] }),
  // JPEGmini is an add-on; the rest is for videos, or finer than the encoders here.
  q: rule('quality', 'real', quality, { idle: /^jpegmini|:(?:qmax_\d+|422|sensitive)$/, examples: ['jpegmini', 'auto:sensitive', '80:422', '80:qmax_50'] }),
  r: rule('radius', 'real', (value) => value === 'max' || value.split(':').every(within(0, 100_000)) || isExpression(value)),
  so: rule('start offset', 'real', (value) => /^(?:auto|\d+(?:\.\d+)?p?)$/.test(value), { idle: /^auto$/, examples: ['auto'] }),
  sp: rule('streaming profile', 'refused'),
  t: rule('named transformation', 'real'),
  u: rule('underlay', 'real'),
  vc: rule('video codec', 'ignored'),
  vs: rule('video sampling', 'refused'),
  // With `:json` it asks for widths in place of a picture.
  w: rule('width', 'real', length, { idle: /^auto(?!:breakpoints.*:json$)/, examples: ['auto'] }),
  x: rule('x', 'real', signed),
  y: rule('y', 'real', signed),
  z: rule('zoom', 'ignored', within(0, 100))
}
