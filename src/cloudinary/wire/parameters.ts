import type { EagerTransformation, Transformation } from '../../schemas/transformation.ts'
import type { Scalar, UploadParameters } from '../../schemas/upload-parameters.ts'
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

/** Areas: `x,y,w,h|x,y,w,h`. */
export function encodeCoordinates (areas: ReadonlyArray<readonly number[]>): string {
  return areas.map((area) => area.join(',')).join('|')
}

/** `eager`: transformations joined by a pipe. */
export function encodeEager (list: readonly EagerTransformation[]): string {
  return list.map((transformation, index) => eagerToString(transformation, `/eager/${index}`)).join('|')
}

/** Inside `responsive_breakpoints` a transformation is text as well. */
function encodeBreakpoints (list: ReadonlyArray<{ transformation?: Transformation }>): string {
  return JSON.stringify(list.map((item, index) => item.transformation === undefined
    ? item
    : { ...item, transformation: transformationToString(item.transformation, `/responsive_breakpoints/${index}/transformation`) }))
}

const ENCODERS: ReadonlyMap<string, Encode> = new Map<string, Encode>([
  ['tags', encodeList],
  ['allowed_formats', encodeList],
  ['context', encodeMap],
  ['metadata', encodeMap],
  ['eager', encodeEager],
  ['transformation', (value: Transformation) => transformationToString(value)],
  ['face_coordinates', encodeCoordinates],
  ['custom_coordinates', encodeCoordinates],
  ['responsive_breakpoints', encodeBreakpoints],
  ['regions', JSON.stringify],
  ['access_control', JSON.stringify]
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
