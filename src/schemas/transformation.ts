import { Type, type Static, type TObject, type TSchema } from '@sinclair/typebox'
import { Choice } from './assets.ts'
import { EXTENSION, spelled } from './habits.ts'
import { LayerParts, type LayerInput } from './layers.ts'

export const CROP_MODES = [
  'scale', 'fit', 'limit', 'mfit', 'fill', 'lfill', 'fill_pad', 'pad', 'lpad', 'mpad', 'crop', 'thumb', 'auto'
] as const

/** Widest and highest picture that makes sense; WebP and many decoders end far below. */
export const MAX_SIDE = 32_767

// Arithmetic of Cloudinary: `$half`, `iw_div_2`, `w_mul_0.5_add_10`.
const TERM = '(?:\\$[A-Za-z][A-Za-z0-9]*|i?[wh]|i?ar|\\d{1,9}(?:\\.\\d{1,6})?)'
const EXPRESSION = `(?:${TERM}(?:_(?:add|sub|mul|div|mod|pow)_${TERM}){1,16}|\\$[A-Za-z][A-Za-z0-9]*|i[wh]|i?ar)`
const NOT_ZERO = '(?!0+(?:\\.0*)?$)'
const SIDE = `${NOT_ZERO}(?:\\d{1,4}|[12]\\d{4}|3[01]\\d{3}|32[0-6]\\d{2}|327[0-5]\\d|3276[0-7])(?:\\.\\d{1,6})?`
const RATIO_PART = '(?![0.]+(?::|$))\\d{1,5}(?:\\.\\d{1,6})?'
const TURN = '(?:-?\\d{1,4}|[vh]flip|ignore|auto_right|auto_left)'
const OFFSET = '-?\\d{1,5}(?:\\.\\d{1,6})?'
const MOST_OFFSET = 99_999
const HEX_COLOR = '#[0-9a-fA-F]{3,8}'
const COLOR = `${HEX_COLOR}|[a-z][A-Za-z0-9_:]*|\\$[A-Za-z][A-Za-z0-9]*`
const PAGES = '\\d{1,5}(?:-\\d{0,5})?'

// A value stays inside its parameter: no comma, no slash, neither plain nor percent-encoded, nothing that ends a URL path.
const INSIDE = '(?:[^,/?#%\\\\"<>\\u0000-\\u001f\\u007f]|%(?!2[cCfF])[0-9a-fA-F]{2})'
const FLAG = '[a-z](?:[A-Za-z0-9_:! -]|%25[0-9A-F]{2})*'
// Cloudinary takes the address of a remote layer encoded, so here it may hold what no other value may.
const REMOTE_LAYER = '(?:(?:image|video):)?fetch:https?://[^"<>\\\\\\u0000-\\u001f\\u007f\\ud800-\\udfff]+'
// A whole component begins like `c_` or `$name_`, so that no version, signature or public ID can be slipped into the path.
const COMPONENT = '(?:[a-z]{1,8}_|\\$[A-Za-z][A-Za-z0-9]*_)(?:[^/?#%\\\\"<>\\u0000-\\u001f\\u007f]|%[0-9a-fA-F]{2})+'
const CHAIN = `${COMPONENT}(?:/${COMPONENT})*`
// In `eager` a pipe separates the transformations, and each may end in a file extension.
const EAGER_COMPONENT = COMPONENT.replace('[^/?#', '[^|/?#')
const EAGER_CHAIN = `${EAGER_COMPONENT}(?:/${EAGER_COMPONENT})*(?:/[a-z0-9]{1,8})?`

export const RAW_TRANSFORMATION_PATTERN = `^${CHAIN}$`
const RAW_FAULT = 'must be Cloudinary syntax: components such as "c_fill,w_200", joined by single slashes, without "?", "#" or bare "%"'

/** One value of a transformation: text that matches `pattern`, or a number whose text does. */
function value (pattern: string, fault: string, options: Record<string, unknown>) {
  return Type.Optional(Type.Unsafe<string | number>({ type: ['string', 'number'], pattern: `^(?:${pattern})$`, maxLength: 200, 'x-fault': fault, ...options }))
}

/** The same for values that are never numbers. */
function word (pattern: string, fault: string, options: Record<string, unknown>) {
  return Type.Optional(Type.String({ pattern: `^(?:${pattern})$`, maxLength: 1000, 'x-fault': fault, ...options }))
}

// Cloudinary goes by the point: `w_1` is one pixel, `w_1.0` the original. Source: "transformation_reference".
const side = value(
  `${SIDE}|auto(?::[a-z0-9_:]{1,60})?|${EXPRESSION}`,
  `must be a number of pixels above 0 and up to ${MAX_SIDE}, a multiple of the original such as 0.5 or 1.5, "auto" or an expression such as "iw_div_2"`,
  {
    'x-component': 'Side',
    exclusiveMinimum: 0,
    maximum: MAX_SIDE,
    description: 'Pixels; with a decimal point: a multiple of the original (1.5 is 150 %).',
    examples: [300]
  }
)

const offset = value(`${OFFSET}|${EXPRESSION}`, 'must be a number of pixels, a fraction such as 0.1 or an expression', {
  'x-component': 'Offset',
  minimum: -MOST_OFFSET,
  maximum: MOST_OFFSET,
  description: 'Pixels from the edge, or from where gravity says; below 1: a fraction.',
  examples: [10]
})

/** Laid over the picture (`l_`) or under it (`u_`). */
const layer = Type.Optional(Type.Unsafe<string | LayerInput>({
  type: ['string', 'object'],
  pattern: `^(?:${INSIDE}+|${REMOTE_LAYER})$`,
  maxLength: 1000,
  properties: LayerParts.properties,
  additionalProperties: false,
  'x-component': 'Layer',
  'x-object': 'LayerParts',
  'x-fault': 'must be a layer such as "logo", "users:1:logo" (colons between folders), "text:Arial_20:Hello" or "fetch:https://...", without a comma or slash, or its parts',
  description: 'What is laid over or under the picture: a public ID, text or a remote picture.',
  examples: ['logo']
}))

const Border = Type.Object({
  width: Type.Optional(Type.Integer({ minimum: 0, maximum: MAX_SIDE, description: 'In pixels; 2 when not given.' })),
  color: Type.Optional(Type.String({
    pattern: `^(?:${COLOR})$`,
    maxLength: 100,
    'x-fault': 'must be a colour such as "white", "#ff0000" or "rgb:ff0000"',
    description: '`black` when not given.'
  }))
}, { additionalProperties: false })
export type BorderInput = Static<typeof Border>

/** The parameters of one component under readable names; `GET /url` takes them flat, as query parameters. */
export const flatTransformation = {
  width: side,
  height: side,
  crop: Type.Optional(Choice(CROP_MODES, { 'x-component': 'Crop', description: 'How the picture is made to fit.', examples: ['fill'] })),
  aspect_ratio: value(`${RATIO_PART}(?::${RATIO_PART})?|${EXPRESSION}`, 'must be a ratio such as "16:9" or 1.5', {
    exclusiveMinimum: 0, maximum: MAX_SIDE, 'x-component': 'AspectRatio', description: 'Width to height.', examples: ['16:9']
  }),
  quality: value(
    '(?:auto(?::(?:best|good|eco|low))?(?::sensitive)?|jpegmini(?::[0-2])?|(?:100|[1-9]\\d?)(?::4(?:20|44))?(?::qmax_(?:100|[1-9]\\d?))?|\\$[A-Za-z][A-Za-z0-9]*)',
    'must be a number from 1 to 100, or "auto", "auto:best", "auto:good", "auto:eco", "auto:low"',
    { minimum: 1, maximum: 100, 'x-component': 'Quality', description: 'From 1 to 100, or `auto`.', examples: ['auto'] }
  ),
  gravity: word('[a-z][A-Za-z0-9_:!.-]*', 'must be a place such as "north_west", "face" or "auto:subject"', {
    'x-component': 'Gravity', description: 'What stays in the picture when it is cropped.', examples: ['auto']
  }),
  fetch_format: spelled('extension', word('[a-z0-9]{1,12}(?::[a-z]{1,12})?', 'must be a format such as "webp" or "auto"', {
    'x-component': 'FetchFormat', description: 'Format that is delivered, whatever the extension says (`f_`).', examples: ['auto']
  })),
  effect: word(`[a-z]${INSIDE}*`, 'must be one effect such as "sepia:50", without a comma or slash', {
    'x-component': 'Effect', description: 'One effect, with its values.', examples: ['sepia:50']
  }),
  radius: value(`max|(?:\\d{1,5}(?:\\.\\d{1,3})?)(?::\\d{1,5}(?:\\.\\d{1,3})?){0,3}|${EXPRESSION}`, 'must be "max" or one to four numbers joined by ":"', {
    minimum: 0, maximum: MAX_SIDE, 'x-component': 'Radius', description: 'Rounded corners.', examples: ['max']
  }),
  angle: value(`${TURN}(?:\\.${TURN}){0,7}|${EXPRESSION}`, 'must be whole degrees, "vflip", "hflip", "ignore", "auto_right" or "auto_left", joined by "." or ","', {
    minimum: -9999, maximum: 9999, 'x-component': 'Angle', description: 'Degrees clockwise, or a flip.', examples: [90]
  }),
  background: word('#[0-9a-fA-F]{3,8}|[a-z][A-Za-z0-9_:;.() -]*', 'must be a colour such as "white", "#ff0000" or "rgb:ff0000", or "auto"', {
    'x-component': 'Background', description: 'Colour of what is empty.', examples: ['#ffffff']
  }),
  dpr: value(`auto|${NOT_ZERO}\\d{1,2}(?:\\.\\d{1,3})?|${EXPRESSION}`, 'must be "auto" or a number above 0 and below 100', {
    exclusiveMinimum: 0, exclusiveMaximum: 100, 'x-component': 'DevicePixelRatio', description: 'Pixels of the device per pixel.', examples: [2]
  }),
  x: offset,
  y: offset,
  zoom: value(`${NOT_ZERO}\\d{1,3}(?:\\.\\d{1,6})?|${EXPRESSION}`, 'must be a number above 0 and below 1000', {
    exclusiveMinimum: 0, exclusiveMaximum: 1000, 'x-component': 'Zoom', description: 'How close a face or object is shown (`z_`).', examples: [0.7]
  }),
  overlay: layer,
  underlay: layer,
  border: Type.Optional(Type.Unsafe<string | BorderInput>({
    type: ['string', 'object'],
    pattern: `^\\d{1,4}px_[a-z]+_(?:${COLOR})$`,
    maxLength: 200,
    properties: Border.properties,
    additionalProperties: false,
    'x-component': 'Border',
    'x-object': 'BorderParts',
    'x-fault': 'must be a border such as "4px_solid_black", or its width and color',
    description: 'Line around the picture.',
    examples: ['4px_solid_black']
  })),
  color: word(COLOR, 'must be a colour such as "white", "#ff0000" or "rgb:ff0000"', {
    'x-component': 'Color', description: 'Colour of a text, an outline or an effect (`co_`).', examples: ['#ffffff']
  }),
  opacity: value(`100|\\d{1,2}|${EXPRESSION}`, 'must be a whole number from 0 to 100', {
    minimum: 0, maximum: 100, 'x-component': 'Opacity', description: 'From 0 (invisible) to 100.', examples: [50]
  }),
  page: value(`${PAGES}(?:;${PAGES})*|all|(?:name|embedded):${INSIDE}+`, 'must be a page or layer such as 2, "3-5" or "name:front"', {
    minimum: 1, maximum: 99_999, 'x-component': 'Page', description: 'Page of a document, layer of a PSD or frame of an animation (`pg_`).', examples: [2]
  }),
  density: value(`${NOT_ZERO}\\d{1,4}`, 'must be a whole number from 1 to 9999', {
    minimum: 1, maximum: 9999, 'x-component': 'Density', description: 'Dots per inch for documents and vectors (`dn_`).', examples: [150]
  }),
  default_image: word(`${INSIDE}+`, 'must be a public ID with its extension and colons between folders, such as "users:1:avatar.png"', {
    'x-component': 'DefaultImage', description: 'Delivered where the asset is missing (`d_`).', examples: ['avatar.png']
  }),
  flags: Type.Optional(Type.Unsafe<string | string[]>({
    type: ['string', 'array'],
    pattern: `^(?:${FLAG})(?:[.,]${FLAG})*$`,
    maxLength: 1000,
    items: {
      type: 'string',
      pattern: `^(?:${FLAG})$`,
      maxLength: 200,
      'x-fault': 'must be one flag such as "progressive"'
    },
    maxItems: 50,
    'x-fault': 'must be flags such as "progressive" or "layer_apply", joined by "."',
    'x-component': 'Flags',
    description: 'Flags (`fl_`).',
    examples: ['progressive']
  })),
  named: word(`${INSIDE}+`, 'must be the name of a named transformation, without a comma or slash', {
    'x-component': 'NamedTransformation', description: 'Named transformation (`t_`).', examples: ['thumbnail']
  }),
  raw_transformation: spelled('transformation', Type.Optional(Type.String({
    pattern: RAW_TRANSFORMATION_PATTERN,
    maxLength: 4096,
    'x-fault': RAW_FAULT,
    'x-component': 'RawTransformation',
    description: 'Any Cloudinary syntax, appended last.',
    examples: ['e_brightness:50/r_max']
  })))
} satisfies Record<string, TSchema>

export type TransformationKey = keyof typeof flatTransformation

export const ComponentInput = Type.Object(flatTransformation, { additionalProperties: false, 'x-component': 'TransformationComponent' })
export type TransformationComponent = Static<typeof ComponentInput>

export const EagerComponentInput = Type.Object({
  ...flatTransformation,
  format: Type.Optional(spelled('extension', Type.String(EXTENSION)))
}, { additionalProperties: false, 'x-component': 'EagerComponent' })
export type EagerComponent = Static<typeof EagerComponentInput>

export type Transformation = string | TransformationComponent | TransformationComponent[]
export type EagerTransformation = string | EagerComponent | TransformationComponent[]

/**
 * Each keyword of JSON Schema judges only the kind of value it is about, so one schema with three types replaces an
 * `anyOf`: a fault then names the one thing that is wrong, not every branch that does not fit.
 */
function threeForms (component: TObject, pattern: string) {
  return spelled('transformation', {
    type: ['string', 'object', 'array'],
    pattern,
    maxLength: 4096,
    properties: component.properties,
    additionalProperties: false,
    'x-object': component['x-component'] as string, // each has one
    items: ComponentInput,
    maxItems: 64,
    'x-fault': RAW_FAULT
  })
}

/** A component, a chain of components, or Cloudinary's own text. */
export const TransformationInput = Type.Unsafe<Transformation>({
  ...threeForms(ComponentInput, RAW_TRANSFORMATION_PATTERN),
  'x-component': 'Transformation',
  description: 'Transformation: an object, an array of objects (a chain), or text in Cloudinary\'s syntax.',
  examples: [{ width: 300, height: 200, crop: 'fill' }]
})

/** The same for `eager`, where an object may name the `format` and text may end in an extension. */
export const EagerInput = Type.Unsafe<EagerTransformation>({
  ...threeForms(EagerComponentInput, `^${EAGER_CHAIN}$`),
  'x-component': 'EagerTransformation'
})
