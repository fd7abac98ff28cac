import { Type, type Static } from '@sinclair/typebox'
import { SIGNATURE_LIFE_SECONDS } from '../../input/signature-time.ts'
import { RESOURCE_TYPES } from '../../schemas/assets.ts'
import { ACTIONS } from './actions.ts'

/** Values that TypeBox itself can check; the `Choice` of routes is for ajv. */
const oneOf = <const T extends readonly string[]>(values: T, options = {}) =>
  Type.Unsafe<T[number]>(Type.Union(values.map((value) => Type.Literal(value)), { choices: values, ...options }))
const closed = { additionalProperties: false } as const
const names = (description: string) => Type.Array(Type.String({ minLength: 1, maxLength: 255 }), { maxItems: 500, description })
const optionalNames = (description: string) => Type.Optional(names(description))

const Rate = Type.Object({
  requests: Type.Integer({ minimum: 1, maximum: 1_000_000 }),
  per_seconds: Type.Integer({ minimum: 1, maximum: 86_400 })
}, closed)

const Sign = Type.Object({
  allow: optionalNames('Parameters that may be sent; any other is refused. Absent: all that are known but eval, on_success, proxy, headers and callback, and with rules about places also public_id_prefix and use_asset_folder_as_public_id_prefix. Updates are held to it for access_control, headers and add-ons.'),
  require: optionalNames('Parameters that must be sent.'),
  force: Type.Optional(Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Array(Type.String())], { 'x-fault': 'must be text, a number, a truth value or a list of texts' }), {
    description: 'Parameters that the gateway sets; a caller that sends another value is refused. Claims may stand in them.'
  })),
  folder: optionalNames('Patterns of the folder, which is what stands before the last slash of the public ID: `users/{sub}/**`. `asset_folder` must fit too.'),
  public_id: optionalNames('Patterns of the public ID under which the asset is stored, with its folders, whichever parameters bring it.'),
  formats: optionalNames('File formats: signed as `allowed_formats`, so Cloudinary itself refuses others.'),
  presets: optionalNames('Upload presets. A preset brings parameters of its own, so list only ones you know.'),
  notification_hosts: optionalNames('Hosts of `notification_url` and `eager_notification_url`.'),
  resource_types: Type.Optional(Type.Array(oneOf([...RESOURCE_TYPES, 'auto']), { description: 'Kinds of asset. Cloudinary does not sign the kind: limit `formats` as well.' })),
  validity_seconds: Type.Optional(Type.Integer({ minimum: 10, maximum: SIGNATURE_LIFE_SECONDS, description: 'How long a signature lives. Less than an hour is had by dating its timestamp back, so the timestamp that an Upload Widget sends by itself is then refused.' })),
  max_bytes: Type.Optional(Type.Integer({
    minimum: 1,
    description: 'Largest file sent through the gateway: by this caller, or with a form that this process, or a replica that shares its Redis, has signed for it. No signature can carry a size: limit what browsers send to Cloudinary in an upload preset.'
  })),
  single_use: Type.Optional(Type.Boolean({
    description: 'Makes each signed form good for one asset: the gateway picks a random `public_id` and signs `overwrite=false`. The caller may choose no public ID, and an Upload Widget, which sends a form of its own, is refused.'
  }))
}, closed)

const Caller = Type.Object({
  keys: Type.Optional(Type.Array(Type.String({ pattern: '^sha256:[0-9a-fA-F]{64}$', 'x-fault': 'must be the digest of a key, sha256:<64 hex digits>; see cloudinary-gateway key' }), { minItems: 1, maxItems: 100, description: 'Digests of the keys: `sha256:<64 hex digits>`.' })),
  jwt: Type.Optional(Type.Object({
    claims: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean()], { 'x-fault': 'must be text, a number or a truth value' }), {
      description: 'Claims a token must hold to be this caller. A list, or `scope`, must contain the value. Empty: every valid token.'
    })
  }, closed)),
  environments: Type.Optional(Type.Array(Type.String({ minLength: 1 }), { minItems: 1 })),
  actions: Type.Optional(Type.Array(oneOf(ACTIONS), { uniqueItems: true })),
  folder: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: 'Folder that all assets of this caller lie in.' })),
  read_only: Type.Optional(Type.Boolean()),
  delete: Type.Optional(Type.Object({
    allow: Type.Optional(Type.Boolean()),
    protected: optionalNames('Patterns of public IDs that are never deleted or overwritten.')
  }, closed)),
  rate: Type.Optional(Rate),
  signed_urls: Type.Optional(Type.Object({
    validity_seconds: Type.Integer({
      minimum: 10,
      maximum: 31_536_000,
      description: 'How long a signed URL lives at most: a later `expires_at` is refused. Signed delivery URLs, which never expire, are refused then.'
    })
  }, closed)),
  sign: Type.Optional(Sign)
}, closed)

/** What a policy file holds. */
export const PolicyDocument = Type.Object({
  callers: Type.Record(Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$' }), Caller, { ...closed, minProperties: 1 })
}, closed)

export type CallerRules = Static<typeof Caller>
export type SignRules = Static<typeof Sign>
export type PolicyValue = Static<typeof PolicyDocument>
