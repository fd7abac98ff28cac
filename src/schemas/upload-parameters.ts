import { Type, type Static, type TObject, type TSchema } from '@sinclair/typebox'
import { Choice, deliveryType, PUBLIC_ID_PATTERN, PublicId, UploadResourceType } from './assets.ts'
import { blank, EXTENSION, spelled } from './habits.ts'
import {
  EagerComponentInput, EagerInput, TransformationInput, type EagerComponent, type EagerTransformation
} from './transformation.ts'

const flag = (description: string) => Type.Optional(Type.Boolean({ description }))
const text = (description: string, options: Record<string, unknown> = {}) =>
  Type.Optional(Type.String({ minLength: 1, maxLength: 4096, description, ...options }))
const url = (description: string) => text(description, {
  'x-component': 'NotificationUrl',
  pattern: '^(?:https?|poll)://[^\\s]+$',
  'x-fault': 'must be an http or https URL, or "poll://" and the name of a channel'
})
/** A folder, with or without slashes at its ends. */
export const folder = (description: string, options: Record<string, unknown> = {}) => spelled('folder', text(description, {
  ...options,
  'x-component': 'Folder',
  maxLength: 255,
  pattern: PUBLIC_ID_PATTERN,
  'x-fault': 'must not begin or end with a blank or a slash, and must hold no empty, "." or ".." segment and no control character'
}))
/** One area or several. `encodeCoordinates` checks that a single one has four numbers. */
export type Areas = number[] | number[][]
const coordinates = (description: string) => Type.Optional(Type.Unsafe<Areas>({
  type: 'array',
  // The order matters: the validator must try to read text as a number before it makes a list of it.
  items: { type: ['number', 'array'], items: { type: 'number' }, minItems: 4, maxItems: 4 },
  maxItems: 1000,
  'x-component': 'Coordinates',
  description: `${description} One area, or a list of areas.`,
  examples: [[[10, 20, 100, 120]]]
}))

interface ListOptions { maxItems: number, description: string, examples: unknown[] }

/**
 * A list of objects that a single object may stand for, as official clients accept it. Each keyword judges
 * only its own kind of value, so a fault points at its place in what was sent.
 */
function oneOrMany<T extends TObject> (component: string, item: T, options: ListOptions) {
  const { properties, required = [] } = item
  return Type.Unsafe<Static<T> | Array<Static<T>>>({
    type: ['array', 'object'],
    items: item,
    properties,
    required,
    additionalProperties: false,
    'x-component': component,
    'x-object': item['x-component'] as string, // each has one
    ...options
  })
}

export const Tag = Type.String({
  maxLength: 255,
  pattern: '^(?=[\\s\\S]*\\S)[^,]+$',
  'x-fault': 'must not be empty or contain a comma: commas separate tags'
})
export const Tags = Type.Array(Tag, {
  'x-component': 'Tags', maxItems: 1000, description: 'Up to 1000 tags.', examples: [['cat', 'portrait']]
})

// A backslash escapes `=` and `|` and nothing else: one at the end would escape what follows the value.
const MAP_VALUE_PATTERN = '^(?![\\s\\S]*\\\\$)'
const MAP_VALUE_FAULT = 'must not end with a backslash: Cloudinary could not tell where the value ends'
const MAP_NAMES = {
  type: 'string', minLength: 1, maxLength: 255, pattern: '^[^=|\\\\]+$', 'x-fault': 'a name must not be empty or contain "=", "|" or a backslash'
}
export type Scalar = string | number | boolean
const SCALAR_TYPES = ['string', 'number', 'boolean']
const scalar = { type: SCALAR_TYPES, pattern: MAP_VALUE_PATTERN, 'x-fault': MAP_VALUE_FAULT }

export const Context = Type.Unsafe<Record<string, Scalar>>({
  type: 'object',
  propertyNames: MAP_NAMES,
  additionalProperties: scalar,
  maxProperties: 1000,
  'x-component': 'Context',
  description: 'Names and values that belong to the asset.',
  examples: [{ alt: 'A cat', caption: 'Tom' }]
})

export const Metadata = Type.Unsafe<Record<string, Scalar | Scalar[]>>({
  type: 'object',
  propertyNames: MAP_NAMES,
  additionalProperties: { ...scalar, type: [...SCALAR_TYPES, 'array'], items: { type: SCALAR_TYPES }, maxItems: 3000 },
  maxProperties: 1000,
  'x-component': 'Metadata',
  description: 'Structured metadata: external ID of the field and its value, or a list of values.',
  examples: [{ colour: ['red', 'green'] }]
})

export const AccessControl = oneOrMany('AccessControl', Type.Object({
  access_type: Choice(['token', 'anonymous']),
  // An unset variable must not decide for how long somebody sees the asset.
  start: Type.Optional(blank('refused', Type.String({ minLength: 1, maxLength: 40 }))),
  end: Type.Optional(blank('refused', Type.String({ minLength: 1, maxLength: 40 })))
}, { additionalProperties: false, 'x-component': 'AccessRule' }), { maxItems: 16, description: 'Who may see the asset, and when.', examples: [[{ access_type: 'token' }]] })

const Regions = Type.Unsafe<Record<string, number[][]>>({
  type: 'object',
  additionalProperties: { type: 'array', minItems: 2, maxItems: 1000, items: { type: 'array', minItems: 2, maxItems: 2, items: { type: 'number' } } },
  maxProperties: 100,
  'x-component': 'Regions',
  description: 'Named areas, each with two corners of a rectangle or the points of a polygon.'
})

const ResponsiveBreakpoints = oneOrMany('ResponsiveBreakpoints', Type.Object({
  create_derived: Type.Boolean(),
  transformation: Type.Optional(TransformationInput),
  format: Type.Optional(spelled('extension', Type.String(EXTENSION))),
  max_width: Type.Optional(Type.Integer({ minimum: 1 })),
  min_width: Type.Optional(Type.Integer({ minimum: 1 })),
  bytes_step: Type.Optional(Type.Integer({ minimum: 1 })),
  max_images: Type.Optional(Type.Integer({ minimum: 3, maximum: 200 }))
}, { additionalProperties: false, 'x-component': 'Breakpoints' }), {
  maxItems: 16, description: 'Widths to derive for responsive pages.', examples: [[{ create_derived: true }]]
})

const Eager = Type.Unsafe<EagerComponent | EagerTransformation[]>({
  type: ['array', 'object'],
  items: EagerInput,
  maxItems: 200,
  properties: EagerComponentInput.properties,
  additionalProperties: false,
  'x-component': 'Eager',
  'x-object': 'EagerComponent',
  description: 'Derived assets to make at once.',
  examples: [[{ width: 200, crop: 'scale' }]]
})

const AutoTranscription = Type.Unsafe<boolean | { translate?: string[] }>({
  type: ['boolean', 'object'],
  properties: {
    translate: Type.Array(Type.String({ minLength: 1, maxLength: 35 }), {
      maxItems: 200, description: 'Languages, such as `fr` or `pt-BR`.'
    })
  },
  additionalProperties: { type: 'string', maxLength: 255 },
  maxProperties: 10,
  'x-component': 'AutoTranscription',
  description: 'Write a transcript; an object names the languages to translate it to.',
  examples: [true, { translate: ['fr'] }]
})

/** Whatever is signed: everything that is known beside the file, the kind of asset and the credentials. */
const signable = {
  public_id: Type.Optional(PublicId),
  public_id_prefix: folder('Put before `public_id` (dynamic folders).'),
  folder: folder('Folder, put before `public_id`.'),
  asset_folder: folder('Folder in which the asset is shown; leaves `public_id` alone (dynamic folders).'),
  use_asset_folder_as_public_id_prefix: flag('Put `asset_folder` before `public_id`.'),
  display_name: text('Name that people see; without a slash.', {
    'x-component': 'DisplayName', maxLength: 255, pattern: '^[^/]+$', 'x-fault': 'must not contain a slash'
  }),
  use_filename_as_display_name: flag('Take the file name as `display_name`.'),
  unique_display_name: flag('Make `display_name` unique in its folder.'),
  use_filename: flag('Take the file name as `public_id` when none is given.'),
  unique_filename: flag('With `use_filename`: append random characters (default true).'),
  filename_override: text('Use this instead of the name of the file.', { maxLength: 255 }),
  discard_original_filename: flag('Do not keep the name of the file.'),
  overwrite: flag('Replace an asset of the same `public_id` (default true).'),
  type: Type.Optional(deliveryType({
    description: 'Storage (delivery) type; Cloudinary\'s default is `upload`.'
  })),
  access_mode: Type.Optional(Choice(['public', 'authenticated'], { description: 'Deprecated by Cloudinary; use `access_control`.' })),
  access_control: Type.Optional(AccessControl),
  tags: Type.Optional(Tags),
  context: Type.Optional(Context),
  metadata: Type.Optional(Metadata),
  clear_invalid: flag('Drop metadata values that are no longer valid.'),
  eager: Type.Optional(Eager),
  eager_async: flag('Answer before the derived assets are made.'),
  eager_notification_url: url('Called when the derived assets are there.'),
  notification_url: url('Called when the upload is done.'),
  batch_id: text('Name of a batch that notifications are gathered under.', { maxLength: 255 }),
  transformation: Type.Optional(TransformationInput),
  format: spelled('extension', Type.Optional(Type.String({
    ...EXTENSION, description: 'Convert to this format before storing.'
  }))),
  allowed_formats: Type.Optional(Type.Array(
    spelled('extension', Type.String({
      ...EXTENSION, 'x-component': 'AllowedFormat', pattern: '^[a-z0-9]{1,16}$'
    })),
    {
      'x-component': 'AllowedFormats',
      maxItems: 100,
      description: 'Refuse any other format.',
      examples: [['jpg', 'png']]
    }
  )),
  upload_preset: text('Name of an upload preset.', { maxLength: 255 }),
  async: flag('Answer before the upload is processed.'),
  backup: flag('Keep a backup.'),
  invalidate: flag('Also purge copies in the CDN.'),
  return_delete_token: flag('Answer with a token that deletes the asset within ten minutes.'),
  moderation: text('Kind of moderation, e.g. `manual`.', { examples: ['manual'] }),
  faces: flag('Find faces.'),
  colors: flag('List the main colours.'),
  phash: flag('Compute a perceptual hash.'),
  exif: flag('Deprecated by Cloudinary; use `media_metadata`.'),
  image_metadata: flag('Deprecated by Cloudinary; use `media_metadata`.'),
  media_metadata: flag('Answer with the metadata in the file.'),
  quality_analysis: flag('Judge the quality.'),
  accessibility_analysis: flag('Judge the accessibility.'),
  cinemagraph_analysis: flag('Judge whether it is a cinemagraph.'),
  face_coordinates: coordinates('Faces as `x,y,width,height`.'),
  custom_coordinates: coordinates('The area that matters, as `x,y,width,height`.'),
  regions: Type.Optional(Regions),
  responsive_breakpoints: Type.Optional(ResponsiveBreakpoints),
  headers: text('Headers for delivery, one `Name: value` per line.'),
  proxy: text('Proxy through which Cloudinary fetches a remote file.'),
  callback: text('Deprecated by Cloudinary: page for browsers without CORS.'),
  source: text('What sent the file; the Upload Widget says `uw`.', { maxLength: 255 }),
  eval: text('Script that Cloudinary runs before the upload.', { maxLength: 65_536 }),
  on_success: text('Script that Cloudinary runs after the upload.', { maxLength: 65_536 }),
  raw_convert: text('Add-on that converts a raw file.'),
  categorization: text('Add-on that names what is seen.'),
  auto_tagging: Type.Optional(Type.Number({ minimum: 0, maximum: 1, description: 'Confidence above which categories become tags.' })),
  detection: text('Add-on that finds objects.'),
  ocr: text('Add-on that reads text.'),
  background_removal: text('Add-on that removes the background.'),
  similarity_search: text('Add-on for similar pictures.'),
  visual_search: flag('Index for visual search.'),
  auto_transcription: Type.Optional(AutoTranscription),
  auto_chaptering: flag('Make chapters.'),
  auto_video_details: flag('Write title and description.'),
  quality_override: text('Quality used for `q_auto` of this asset.')
} satisfies Record<string, TSchema>

/** What uploads and updates say of an asset. */
export const DESCRIBING = [
  'tags', 'context', 'metadata', 'clear_invalid', 'display_name', 'unique_display_name', 'asset_folder',
  'access_control', 'face_coordinates', 'custom_coordinates', 'regions', 'quality_override', 'notification_url',
  'headers', 'auto_tagging', 'auto_transcription', 'background_removal', 'categorization', 'detection', 'ocr',
  'raw_convert', 'similarity_search', 'visual_search'
] as const satisfies ReadonlyArray<keyof typeof signable>
/** Parts of a body of upload parameters: in the document each stands once. */
export const UPLOAD_PARTS = {
  'x-parts': {
    AssetDescription: DESCRIBING,
    UploadParameters: Object.keys(signable).filter(
      (name) => !(DESCRIBING as readonly string[]).includes(name)
    )
  }
}

/** Upload parameters, all optional, ready for a closed `Type.Object`. The file is the route's own business. */
export const uploadParameters = { ...signable, resource_type: UploadResourceType } satisfies Record<string, TSchema>
export type UploadParameters = Partial<Static<TObject<typeof uploadParameters>>>

/** What may be signed: the upload parameters without `resource_type`, and the timestamp in Unix seconds. */
export const signableParameters = {
  ...signable,
  timestamp: Type.Optional(Type.Integer({ minimum: 1, description: 'Unix time in seconds; default now.', examples: [1_700_000_000] }))
} satisfies Record<string, TSchema>
export const Signable = Type.Object(signableParameters, { additionalProperties: false })
export type SignableParameters = Static<typeof Signable>

export const UPLOAD_PARAMETER_NAMES: readonly string[] = Object.keys(uploadParameters)
export const SIGNABLE_PARAMETER_NAMES: readonly string[] = Object.keys(signableParameters)

/** Headers of the routes that store a file once. `plugins/actions/idempotency` judges the key. */
export const IdempotencyHeaders = Type.Object({
  'Idempotency-Key': Type.Optional(Type.String({
    description: 'Names this upload for 24 hours: the same request under the same key stores one asset and gets ' +
      'the same answer. 1 to 255 visible ASCII characters.'
  }))
})
