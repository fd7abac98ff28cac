import { invalidRequest } from '../../errors.ts'
import type { EagerComponent, EagerTransformation, Transformation } from '../../schemas/transformation.ts'
import type { Areas, Scalar, UploadParameters } from '../../schemas/upload-parameters.ts'
import { eagerToString, transformationToString } from './transformation.ts'

/** Form fields as Cloudinary reads them, and as they are signed: text by name. */
export type FormFields = Readonly<Record<string, string>>

type Encode = (value: never) => string

function escapeValue (value: Scalar): string {
  const text = String(value)
  return text.includes('=') || text.includes('|') ? text.replace(/[=|]/g, '\\$&') : text
}

/** Lists of words: `a,b`. */
export function encodeList (list: readonly string[]): string {
  return list.join(',')
}

/** Maps such as `context` and `metadata`: `k=v|k2=v2`, `=` and `|` inside values escaped by a backslash; lists as `["a","b"]`. */
export function encodeMap (map: Readonly<Record<string, Scalar | readonly Scalar[]>>): string {
  let text = ''
  for (const name of Object.keys(map)) {
    const value = map[name] as Scalar | readonly Scalar[] // a key of its own
    const pair = typeof value === 'object' ? `${name}=[${value.map((item) => escapeValue(JSON.stringify(String(item)))).join(',')}]` : `${name}=${escapeValue(value)}`
    text = text === '' ? pair : `${text}|${pair}`
  }
  return text
}

const isArea = (value: number | number[]): value is number[] => typeof value !== 'number'

/**
 * Areas: `x,y,w,h|x,y,w,h`. Four numbers alone are one area.
 * @throws {GatewayError} `invalid_request` for numbers that are not four, or that stand beside areas.
 */
export function encodeCoordinates (areas: Areas, pointer: string): string {
  if (areas.every(isArea)) return areas.map((area) => area.join(',')).join('|')
  if (areas.length === 4 && !areas.some(isArea)) return areas.join(',')
  const message = 'must be one area of four numbers (x, y, width, height), or a list of such areas'
  throw invalidRequest([{ pointer, message }])
}

/** `eager`: transformations joined by a pipe. */
export function encodeEager (given: EagerComponent | EagerTransformation[]): string {
  if (!Array.isArray(given)) return eagerToString(given, '/eager')
  return given.map((transformation, index) => eagerToString(transformation, `/eager/${index}`)).join('|')
}

interface Breakpoints { readonly transformation?: Transformation }

/** Inside `responsive_breakpoints` a transformation is text as well. */
function encodeBreakpoints (given: Breakpoints | Breakpoints[]): string {
  const written = (item: Breakpoints, pointer: string): object => item.transformation === undefined
    ? item
    : { ...item, transformation: transformationToString(item.transformation, `${pointer}/transformation`) }
  return JSON.stringify(Array.isArray(given)
    ? given.map((item, index) => written(item, `/responsive_breakpoints/${index}`))
    : [written(given, '/responsive_breakpoints')])
}

const ENCODERS: ReadonlyMap<string, Encode> = new Map<string, Encode>([
  ['tags', encodeList],
  ['allowed_formats', encodeList],
  ['context', encodeMap],
  ['metadata', encodeMap],
  ['eager', encodeEager],
  ['transformation', (value: Transformation) => transformationToString(value)],
  ['face_coordinates', (areas: Areas) => encodeCoordinates(areas, '/face_coordinates')],
  ['custom_coordinates', (areas: Areas) => encodeCoordinates(areas, '/custom_coordinates')],
  ['responsive_breakpoints', encodeBreakpoints],
  ['regions', JSON.stringify],
  ['access_control', (rules: object) => JSON.stringify([rules].flat())],
  ['auto_transcription', JSON.stringify]
])

// They travel in the path, as the body, or are added by whoever signs.
const NOT_SENT: ReadonlySet<string> = new Set(['file', 'resource_type', 'cloud_name', 'api_key', 'signature'])

/** One upload parameter as Cloudinary reads it: text. */
export function encodeUploadParameter (name: string, value: unknown): string {
  const encode = ENCODERS.get(name)
  return encode ? encode(value as never) : String(value) // the schema has checked that the value fits its name
}

/**
 * Typed input to wire text: lists by comma, maps by pipe, booleans as `true` and `false`, structures as JSON. What is
 * signed is exactly this text. Empty values are left out, as Cloudinary ignores them. `resource_type` belongs to the path.
 */
export function encodeUploadParameters (input: UploadParameters & { readonly timestamp?: number }): Record<string, string> {
  const encoded: Record<string, string> = {}
  const given: Readonly<Record<string, unknown>> = input
  for (const name of Object.keys(given)) {
    const value = given[name]
    if (value === undefined || NOT_SENT.has(name)) continue
    const text = encodeUploadParameter(name, value)
    if (text !== '') encoded[name] = text
  }
  return encoded
}
