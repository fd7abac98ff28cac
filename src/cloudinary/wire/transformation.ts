import { invalidRequest, type Fault } from '../../errors.ts'
import type { LayerInput } from '../../schemas/layers.ts'
import {
  EagerInput, RAW_TRANSFORMATION_PATTERN, CROP_MODES, flatTransformation,
  type BorderInput, type EagerTransformation, type Transformation, type TransformationComponent,
  type TransformationKey
} from '../../schemas/transformation.ts'
import { layerToString } from './layer.ts'

interface Rule {
  readonly key: TransformationKey
  readonly code: string
  readonly pattern: RegExp
  readonly fault: string
}

// Cloudinary sorts the parameters of a component by their codes; the table stands in that order, so nothing is sorted later.
const CODES: ReadonlyArray<readonly [TransformationKey, string]> = [
  ['angle', 'a'], ['aspect_ratio', 'ar'], ['background', 'b'], ['border', 'bo'], ['crop', 'c'],
  ['color', 'co'], ['default_image', 'd'], ['density', 'dn'], ['dpr', 'dpr'], ['effect', 'e'],
  ['fetch_format', 'f'], ['flags', 'fl'], ['gravity', 'g'], ['height', 'h'],
  ['overlay', 'l'], ['opacity', 'o'], ['page', 'pg'], ['quality', 'q'],
  ['radius', 'r'], ['named', 't'], ['underlay', 'u'], ['width', 'w'], ['x', 'x'], ['y', 'y'], ['zoom', 'z']
]
const RAW = new RegExp(RAW_TRANSFORMATION_PATTERN, 'u')
const EAGER = new RegExp(String(EagerInput['pattern']), 'u')
const RAW_FAULT = String(EagerInput['x-fault'])
const EXTENSION = /^[a-z0-9]{1,8}$/

function ruleFor ([key, code]: readonly [TransformationKey, string]): Rule {
  if (key === 'crop') return { key, code, pattern: new RegExp(`^(?:${CROP_MODES.join('|')})$`), fault: `must be one of ${CROP_MODES.join(', ')}` }
  const schema: Record<string, unknown> = flatTransformation[key]
  return { key, code, pattern: new RegExp(String(schema['pattern']), 'u'), fault: String(schema['x-fault']) }
}
const RULES: readonly Rule[] = CODES.map(ruleFor)
const KEYS: ReadonlySet<string> = new Set([...CODES.map(([key]) => key), 'raw_transformation'])

const COLORED: ReadonlySet<string> = new Set(['b', 'bo', 'co'])
const REMOTE_LAYER = /^((?:(?:image|video):)?fetch:)(https?:.*)$/s

/**
 * Writes the address of a remote layer as Cloudinary's own libraries do: percent-encoded once, in URL-safe
 * base64.
 */
function remoteLayer (text: string): string {
  return text.replace(REMOTE_LAYER, (_all, kind: string, url: string) => {
    return kind + Buffer.from(encodeURI(decodedUri(url))).toString('base64url')
  })
}

function decodedUri (url: string): string {
  try {
    return decodeURI(url)
  } catch {
    return url
  }
}

/** `#ff0000` would end the path of a URL; Cloudinary writes it `rgb:ff0000`. */
function wireValue (code: string, text: string): string {
  if (COLORED.has(code)) return text.replace('#', 'rgb:')
  if (code === 'fl') return text.replaceAll(',', '.')
  return code === 'l' || code === 'u' ? remoteLayer(text) : text
}

type ComponentValue = NonNullable<TransformationComponent[TransformationKey]>

/** Writes lists, layers and borders as text; undefined when the parts of a layer are incomplete. */
function textOf (key: TransformationKey, value: ComponentValue): string | undefined {
  if (typeof value !== 'object') return String(value)
  if (Array.isArray(value)) return value.join('.')
  if (key !== 'border') return layerToString(value as LayerInput) // no other field has members
  const { width = 2, color = 'black' } = value as BorderInput
  return `${width}px_solid_${color}`
}

function unknownKeys (component: object, extra: string | undefined, pointer: string, faults: Fault[]): void {
  for (const key in component) { // without the array that Object.keys makes: this runs for every URL
    if (!KEYS.has(key) && key !== extra) faults.push({ pointer: `${pointer}/${key}`, message: 'is not a field of a transformation' })
  }
}

function writeComponent (component: TransformationComponent, pointer: string, faults: Fault[], extra?: string): string {
  let text = ''
  for (const { key, code, pattern, fault } of RULES) {
    const value = component[key]
    if (value === undefined) continue
    const given = textOf(key, value)
    const isRight = given !== undefined && pattern.test(given)
    if (isRight) text += `${text === '' ? '' : ','}${code}_${wireValue(code, given)}`
    else faults.push({ pointer: `${pointer}/${key}`, message: fault })
  }
  const raw = component.raw_transformation
  if (raw !== undefined) {
    if (RAW.test(raw)) text += text === '' ? raw : `,${raw}`
    else faults.push({ pointer: `${pointer}/raw_transformation`, message: RAW_FAULT })
  }
  unknownKeys(component, extra, pointer, faults)
  return text
}

function writeChain (chain: readonly TransformationComponent[], pointer: string, faults: Fault[]): string {
  return chain.map((component, index) => writeComponent(component, `${pointer}/${index}`, faults)).filter((text) => text !== '').join('/')
}

function writeText (text: string, pattern: RegExp, pointer: string, faults: Fault[]): string {
  if (!pattern.test(text)) faults.push({ pointer, message: RAW_FAULT })
  return text
}

/**
 * A transformation in Cloudinary's syntax: `c_fill,h_200,w_300/e_sepia:50`. Undefined and empty ones give an empty text.
 * Everything is checked here too, so that no caller can build a path that the schema would have refused.
 * @throws {GatewayError} `invalid_request` that names each bad field below `pointer`.
 */
export function transformationToString (transformation: Transformation | undefined, pointer = '/transformation'): string {
  if (transformation === undefined) return ''
  const faults: Fault[] = []
  const text = typeof transformation === 'string'
    ? writeText(transformation, RAW, pointer, faults)
    : Array.isArray(transformation) ? writeChain(transformation, pointer, faults) : writeComponent(transformation, pointer, faults)
  if (faults.length > 0) throw invalidRequest(faults)
  return text
}

/** One transformation of an `eager` list, which may end in a file extension: `c_fill,w_50/png`. */
export function eagerToString (transformation: EagerTransformation, pointer: string): string {
  const faults: Fault[] = []
  let text: string
  if (typeof transformation === 'string') text = writeText(transformation, EAGER, pointer, faults)
  else if (Array.isArray(transformation)) text = writeChain(transformation, pointer, faults)
  else {
    const { format } = transformation
    text = writeComponent(transformation, pointer, faults, 'format')
    if (format !== undefined) {
      if (EXTENSION.test(format)) text += `/${format}`
      else faults.push({ pointer: `${pointer}/format`, message: 'must be a file extension such as "png"' })
    }
  }
  if (faults.length === 0 && text.includes('|')) faults.push({ pointer, message: 'must not contain "|", which separates the transformations of the list' })
  if (faults.length > 0) throw invalidRequest(faults)
  return text
}
