import multipart from '@fastify/multipart'
import { Type } from '@sinclair/typebox'
import { GatewayError, invalidRequest, pointerTo, type Fault } from '../src/errors.ts'
import { joined } from '../src/input/joined.ts'
import { didYouMean } from '../src/input/nearest-name.ts'
import { sourceOf } from '../src/input/forms/file-text.ts'
import { announcedSize, checkBodyHeaders, MULTIPART, UploadForm, type FormPart, type TextFields, lateField } from '../src/input/forms/upload-form.ts'
import { Asset, RESOURCE_TYPES, resourceTypeOrAuto } from '../src/schemas/assets.ts'
import { problems } from '../src/schemas/problem.ts'
import type { Route } from '../src/schemas/route.ts'
import { IdempotencyHeaders, signableParameters } from '../src/schemas/upload-parameters.ts'
import { ENVIRONMENT_PLACE } from '../src/schemas/environment.ts'
import { isMultipart } from '../src/input/body-type.ts'
import { FormWatch } from '../src/input/forms/form-watch.ts'

const KINDS = ['auto', ...RESOURCE_TYPES] as const
const resourceType = Type.Optional(resourceTypeOrAuto({
  description: 'Kind of asset; `auto` when not given: Cloudinary decides.'
}))
const Query = Type.Object({ resource_type: resourceType }, { additionalProperties: false })

const FIELDS = {
  ...signableParameters,
  timestamp: Type.Integer({ minimum: 1, description: 'Unix time in seconds, as it was signed; good for an hour.', examples: [1_700_000_000] }),
  signature: Type.String({
    pattern: '^(?:[0-9a-f]{40}|[0-9a-f]{64})$',
    description: 'Signature of all fields but `file`, `resource_type` and `api_key`. The settings may be sent as they were given to ' +
      '`POST /signature`: markers that it added, such as `return_delete_token=false`, are added again.'
  }),
  api_key: Type.Optional(Type.String({ description: 'Key of the environment; added when it is not there.' })),
  cloud_name: Type.Optional(Type.String({ description: 'Cloud of the environment.' })),
  resource_type: resourceType
}
const NAMES = Object.keys(FIELDS)
/** Lists may be repeated; they were signed as one text. */
const LISTS: ReadonlySet<string> = new Set(Object.entries(signableParameters).flatMap(([name, { type }]) => {
  const isList = [type].flat().includes('array') && !type.includes('string')
  return isList ? [name] : []
}))

const FILE = Type.String({
  format: 'binary', description: 'The file; before the other fields or after them.'
})
const REQUEST_BODY = {
  required: true,
  content: {
    'multipart/form-data': {
      schema: Type.Object({ file: FILE, ...FIELDS }, {
        examples: [{
          file: 'landscape.jpg',
          timestamp: '1700000000',
          signature: '0123456789abcdef0123456789abcdef01234567',
          folder: 'uploads'
        }],
        additionalProperties: Type.String({
          description: 'Every field is sent as the text that was signed: `fields` of `POST /signature`.'
        })
      })
    }
  }
}

/** Whoever has signed fields sends them at once; a slow line carries 50 small ones in this time too. */
const FIELDS_TIMEOUT_MS = 30_000

type Kind = (typeof KINDS)[number]
/** Fields that were given, by name; a list where they were repeated. */
type Given = Record<string, string | string[]>
type Texts = Readonly<Record<string, string>>

function unknown (name: string): string {
  if (name === 'environment') return `belongs in ${ENVIRONMENT_PLACE}`
  return `is not a field of this action${didYouMean(name, NAMES)}`
}

/**
 * Reads the fields under their right names. Only names are judged: the signature vouches for the values.
 * Blank fields are not signed, and so left out.
 */
function givenFields (fields: TextFields): Given {
  const faults: Fault[] = []
  const read: Given = {}
  for (const [given, value] of Object.entries(fields)) {
    const isListName = given.endsWith('[]') && LISTS.has(given.slice(0, -2))
    const name = isListName ? given.slice(0, -2) : given
    if (!NAMES.includes(name)) faults.push({ pointer: pointerTo(given), message: unknown(given) })
    else if (Object.hasOwn(read, name) || (typeof value !== 'string' && !LISTS.has(name))) faults.push({ pointer: `/${name}`, message: 'is given more than once' })
    else if (value !== '') read[name] = isListName ? [value].flat() : value
  }
  if (faults.length > 0) throw invalidRequest(faults)
  return read
}

/** The text of each field; repeated fields make one list. */
function texts (fields: Given): Texts {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, [value].flat().join(',')]))
}

function kindOf (text: string): Kind {
  const kind = KINDS.find((known) => known === text)
  if (kind === undefined) throw invalidRequest([{ pointer: '/resource_type', message: `must be one of ${KINDS.join(', ')}` }])
  return kind
}

/** The kind is a part of the path and not passed on as a field. */
function split (fields: TextFields): { kind: Kind | undefined, given: Given } {
  const { resource_type: kind, ...given } = givenFields(fields)
  return { kind: kind === undefined ? undefined : kindOf(String(kind)), given }
}

/**
 * Returns the fields after the file without the markers that the signature already covers. `sent` is the form
 * that goes with the file.
 * @throws {GatewayError} `invalid_request` when a marker has another value than the one that was signed.
 */
function withoutMarkers (late: Given, early: Given, sent: Texts): Given {
  const isMarker = (name: string): boolean =>
    Object.hasOwn(signableParameters, name) && Object.hasOwn(sent, name) && !Object.hasOwn(early, name)
  const faults = Object.entries(texts(late)).flatMap(([name, value]) => {
    if (!isMarker(name) || value === sent[name] || (value === '0' && sent[name] === 'false')) return []
    return [{ pointer: `/${name}`, message: `is ${JSON.stringify(value)} after the file, but was signed as ${JSON.stringify(sent[name])}` }]
  })
  if (faults.length > 0) throw invalidRequest(faults)
  return Object.fromEntries(Object.entries(late).filter(([name]) => !isMarker(name)))
}

/** Stores a file that a caller signed for: the signature is the credential, and it is checked here first. */
export const directUpload: Route = async (app) => {
  await app.register(multipart, MULTIPART)
  app.addHook('onRequest', async (request) => {
    checkBodyHeaders(request.headers)
    if (!isMultipart(request.headers)) throw new GatewayError('unsupported_media_type', 'This route takes multipart/form-data: the file beside the signed fields.', { headers: { accept: 'multipart/form-data' } })
    await request.admitUnproven(announcedSize(request.headers))
  })
  app.route({
    method: 'POST',
    url: '/direct-upload',
    config: { action: 'directUpload', requestBody: REQUEST_BODY },
    schema: {
      operationId: 'directUpload',
      tags: ['actions'],
      summary: 'Direct Upload file using signature',
      description: 'Stores a file whose fields `POST /signature` has signed. The signature is the credential: no key is needed.',
      querystring: Query,
      headers: IdempotencyHeaders,
      response: {
        200: Asset,
        // No key is needed, but one that is sent is judged.
        ...problems(
          'invalid_request', 'invalid_multipart', 'upstream_rejected', 'unauthorized', 'signature_mismatch', 'signature_expired',
          'forbidden', 'upstream_forbidden', 'request_timeout', 'upstream_conflict', 'idempotency_in_progress',
          'outcome_unknown', 'payload_too_large', 'unsupported_media_type', 'expectation_failed',
          'idempotency_key_reused', 'url_not_allowed', 'asset_processing',
          'rate_limited', 'quota_exhausted', 'credentials_rejected', 'upstream_failed', 'integrity_failed', 'overloaded', 'upstream_unavailable', 'upstream_timeout'
        )
      }
    },
    handler: async (request, reply) => {
      const length = request.headers['content-length']
      const { idleTimeoutMs, minBytesPerSecond } = request.cloudinary.uploadLimits
      const form = new UploadForm(request.parts() as AsyncIterable<FormPart>, { // the parser is set up so that parts have this shape
        maxLength: length === undefined ? undefined : Number(length),
        idleTimeoutMs,
        minBytesPerSecond,
        fieldsTimeoutMs: FIELDS_TIMEOUT_MS,
        watch: new FormWatch(request.raw)
      })
      const { fields, file } = await form.open()
      const early = split(fields)
      const { resource_type: kind = 'auto' } = joined(request.query, { resource_type: early.kind })
      const { stranger = false } = request.caller
      // What is known of a signature explains a mismatch, and may limit its file.
      const recall = async ({ signature }: Given): Promise<void> => request.cloudinary.recall(
        signature?.toString()
      )
      await recall(early.given)
      let sealed: Texts = {}
      const seal = (given: Given): Texts => {
        const fields = texts(given)
        request.permitSigned({ parameters: fields, ...sourceOf(file) })
        sealed = request.cloudinary.checkSigned(fields, { stranger, forms: request.signedForms(given) })
        return sealed
      }
      const readLate = async (): Promise<Given> => {
        const late = split(await form.late())
        await recall(late.given)
        if (late.kind !== undefined && late.kind !== kind) throw invalidRequest([lateField('resource_type')])
        return withoutMarkers(late.given, early.given, sealed)
      }
      const upload = {
        resourceType: kind,
        file,
        parameters: early.given,
        late: form.complete ? undefined : readLate,
        seal,
        maxBytes: request.caller.permissions.signing?.maxBytes,
        maxBytesOf: ({ signature = '' }: Texts) => request.cloudinary.maxBytesOf(signature),
        vouched: 'caller'
      } as const
      if (request.cloudinary.provesItself(upload)) await request.admitProven(sealed)
      const sealAdmitted = (given: Given): Texts => {
        request.admitLate(seal(given))
        return sealed
      }
      const answer = await request.uploadOnce({ ...upload, seal: sealAdmitted })
      return reply.relay(answer)
    }
  })
}
