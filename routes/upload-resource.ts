import multipart from '@fastify/multipart'
import { Type, type Static } from '@sinclair/typebox'
import { errorCodes, type FastifyReply, type FastifyRequest } from 'fastify'
import { invalidRequest } from '../src/errors.ts'
import {
  announcesBody, checkChosenType, isTextBody, isUrlencoded, mediaTypeOf, UPLOAD_ADVICE
} from '../src/input/body-type.ts'
import { sourceOf, tidiedFile } from '../src/input/forms/file-text.ts'
import { cutInlineFile, heldFile } from '../src/input/forms/inline-file.ts'
import { joined } from '../src/input/joined.ts'
import { mediaTypesOf } from '../src/input/route-input.ts'
import { readTextFields } from '../src/input/text-fields.ts'
import { announcedSize, checkBodyHeaders, MULTIPART, UploadForm, type FormPart, type StreamedFile, type TextFields, lateField } from '../src/input/forms/upload-form.ts'
import { validated } from '../src/input/validated.ts'
import { Asset, resourceTypeOrAuto } from '../src/schemas/assets.ts'
import { problems } from '../src/schemas/problem.ts'
import type { Route } from '../src/schemas/route.ts'
import {
  IdempotencyHeaders, UPLOAD_PARTS, uploadParameters, type UploadParameters
} from '../src/schemas/upload-parameters.ts'
import { readUrlencoded } from '../src/input/forms/urlencoded.ts'
import { FormWatch } from '../src/input/forms/form-watch.ts'

const parameters = {
  ...uploadParameters,
  // No default: what is not named in one place may be named in the other.
  resource_type: Type.Optional(resourceTypeOrAuto({
    description: 'Kind of asset; `auto` when not given: Cloudinary decides.'
  }))
}
const Parameters = Type.Object(parameters, { additionalProperties: false })

/** One pixel, so that the example needs no file. */
const PIXEL = 'data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7'

const FileText = Type.String({
  minLength: 1,
  description: 'A URL (http, https, ftp, s3, gs) that Cloudinary fetches, a base64 data URI of up to UPLOAD_TEXT_MAX_BYTES, or the path of a file below UPLOAD_FILE_ROOT.',
  examples: ['https://example.com/cat.jpg']
})
const JsonBody = Type.Object({ file: FileText, ...parameters }, {
  ...UPLOAD_PARTS,
  additionalProperties: false,
  examples: [{ file: PIXEL, public_id: 'uploads/pixel', tags: ['pixel'] }]
})

const BYTES = 'application/octet-stream'
const FILES = {
  required: true,
  content: {
    'multipart/form-data': {
      schema: Type.Object({
        file: Type.String({ format: 'binary', description: 'The file; it may stand first or last.' }),
        ...parameters
      }, { examples: [{ file: 'landscape.jpg', public_id: 'uploads/landscape', tags: ['landscape'] }] })
    },
    [BYTES]: {
      schema: Type.String({
        format: 'binary', description: 'The bytes of the file; all fields are in the query.'
      })
    }
  }
}
const REMOTE = { required: true, content: { 'application/json': { schema: JsonBody } } }
/** Texts that `/upload` reads as well, as `/upload/remote` is there for. */
const TEXTS = ['application/json', 'application/x-www-form-urlencoded']

const UPLOAD_DESCRIPTION = 'Stores one file of any size. Send it in a multipart form beside its fields, or as bytes ' +
  'under its own media type with the fields in the query; `text/plain` and JSON count as bytes only with ' +
  '`resource_type=raw`. A JSON body (or a urlencoded form) that names a URL or holds a data URI is taken here too, ' +
  'as by `POST /upload/remote`.'
const REMOTE_DESCRIPTION = 'Stores the file that a JSON body names: a URL that Cloudinary fetches, a base64 data URI, ' +
  'or a path on the server where the operator allows it.'

interface Input {
  parameters: UploadParameters
  file: StreamedFile | string
  late?: (() => Promise<UploadParameters>) | undefined
  /** Gives back the memory that the file is held in. */
  release?: (() => void) | undefined
}

/** Reads the parameters that stand after the file. Where the file goes was decided before it was sent. */
async function readLate (request: FastifyRequest, form: UploadForm, early: UploadParameters): Promise<UploadParameters> {
  const fields = readTextFields(parameters, await form.late())
  const { resource_type: resourceType, ...late } = validated<UploadParameters>(request, Parameters, fields)
  if (resourceType !== undefined && resourceType !== (early.resource_type ?? 'auto')) {
    throw invalidRequest([lateField('resource_type')])
  }
  joined(early, late)
  return late
}

async function fromForm (request: FastifyRequest, query: UploadParameters): Promise<Input> {
  const length = request.headers['content-length']
  const { idleTimeoutMs, minBytesPerSecond } = request.cloudinary.uploadLimits
  const form = new UploadForm(request.parts() as AsyncIterable<FormPart>, { // the parser is set up so that parts have this shape
    maxLength: length === undefined ? undefined : Number(length),
    idleTimeoutMs,
    minBytesPerSecond,
    watch: new FormWatch(request.raw)
  })
  const { fields, file } = await form.open()
  const early = joined(query, validated<UploadParameters>(request, Parameters, readTextFields(parameters, fields)))
  return { parameters: early, file, late: form.complete ? undefined : async () => readLate(request, form, early) }
}

/**
 * Refuses a form without a single known field: curl, wget and many libraries announce a form whatever the body is,
 * and then its names are pieces of a file's bytes.
 */
function checkIsForm (body: TextFields): void {
  const names = Object.keys(body)
  if (names.length === 0 || names.some((name) => Object.hasOwn(JsonBody.properties, name.replace(/\[\]$/, '')))) return
  const message = 'is required, and nothing else in this urlencoded form is a field: the body may be of another type'
  throw invalidRequest([{ pointer: '/file', message }], { members: { advice: UPLOAD_ADVICE } })
}

function readForm (body: Buffer): TextFields {
  const { fields, faults } = readUrlencoded(body)
  checkIsForm(fields)
  if (faults.length > 0) throw invalidRequest(faults)
  return fields
}

/** The body as it lies in the socket. */
function bodyOf ({ raw, headers }: FastifyRequest): Omit<StreamedFile, 'filename'> {
  const { 'content-length': length = '0', 'transfer-encoding': encoding } = headers
  return {
    stream: raw,
    length: encoding === undefined ? Number(length) : undefined,
    // Destroying the request would destroy the connection that the answer needs.
    stop: () => { raw.pause() }
  }
}

/** Parses JSON or a urlencoded form. A long data URI in it is not parsed: it stays where it is. */
async function fromText (request: FastifyRequest, query: UploadParameters): Promise<Input> {
  const { cloudinary, headers, callerGone, uploadOwner: owner, routeOptions: { bodyLimit } } = request
  const kind = isUrlencoded(headers) ? 'form' : 'json'
  const source = { ...bodyOf(request), kind, freeBytes: bodyLimit } as const
  // A longer one is counted among the chunks of uploads.
  const { length = bodyLimit } = source
  if (length <= bodyLimit) request.holdBody(length)
  const { bytes, release } = await cloudinary.holdText(source, { signal: callerGone, owner })
  try {
    const limits = { rest: bodyLimit, file: cloudinary.uploadLimits.textMaxBytes }
    const { rest, file: held } = cutInlineFile(bytes, kind, limits)
    const body = kind === 'form' ? readForm(rest) : await request.parseJson(rest) as TextFields // checked by the schema right away
    const read = readTextFields(JsonBody.properties, body)
    const { file, ...fields } = validated<Static<typeof JsonBody>>(request, JsonBody, read)
    const parameters = joined(query, fields)
    if (held) return { parameters, file: heldFile(held), release }
    release()
    return { parameters, file: tidiedFile(file) }
  } catch (error) {
    release()
    throw error
  }
}

async function readInput (request: FastifyRequest, query: UploadParameters): Promise<Input> {
  if (request.isMultipart()) return fromForm(request, query)
  if (isTextBody(request.headers) && announcesBody(request.headers)) return fromText(request, query)
  return { parameters: query, file: { ...bodyOf(request), filename: query.filename_override ?? 'file' } }
}

/** Encodes the parameters, judges them by the caller's policy, and adds the environment's proof. */
function sealOf (request: FastifyRequest, { file, parameters: { resource_type: resourceType = 'auto' } }: Input) {
  return (parameters: UploadParameters) => {
    const fields = request.cloudinary.encode(parameters)
    const wish = { action: 'uploadResource', parameters: fields, resourceType, ...sourceOf(file) } as const
    return request.cloudinary.prove(request.permit(wish).parameters)
  }
}

/** Members that the schemas of both routes share. */
const shared = {
  tags: ['actions'],
  headers: IdempotencyHeaders,
  response: {
    200: Asset,
    ...problems(
      'invalid_request', 'invalid_multipart', 'upstream_rejected', 'unauthorized', 'forbidden', 'upstream_forbidden',
      'request_timeout', 'upstream_conflict', 'idempotency_in_progress', 'outcome_unknown', 'payload_too_large',
      'unsupported_media_type', 'expectation_failed', 'idempotency_key_reused', 'param_not_allowed',
      'url_not_allowed', 'asset_processing', 'rate_limited', 'quota_exhausted', 'credentials_rejected',
      'upstream_failed', 'integrity_failed', 'overloaded', 'upstream_unavailable', 'upstream_timeout'
    )
  }
}

async function store (request: FastifyRequest, reply: FastifyReply, { release, ...input }: Input) {
  try {
    return reply.relay(await request.uploadOnce({
      ...input,
      resourceType: input.parameters.resource_type ?? 'auto',
      seal: sealOf(request, input),
      maxBytes: request.caller.permissions.signing?.maxBytes,
      vouched: 'gateway'
    }))
  } finally {
    // Not with the request: an upload with an Idempotency-Key goes on when its caller leaves.
    release?.()
  }
}

/** Refuses a body of a type that the route does not take, and waits for a place, before a byte is read. */
async function admit (request: FastifyRequest): Promise<void> {
  const { headers, routeOptions } = request
  const takes = mediaTypesOf(routeOptions)
  if (takes.includes(BYTES)) {
    const { resource_type: resourceType } = request.query as { resource_type?: unknown } // not validated yet
    checkChosenType(headers, { resourceType, takes })
  } else if (announcesBody(headers) && !takes.includes(mediaTypeOf(headers) ?? '')) {
    throw new errorCodes.FST_ERR_CTP_INVALID_MEDIA_TYPE()
  }
  checkBodyHeaders(headers)
  await request.admitUpload(announcedSize(headers))
}

/**
 * Stores a file: a multipart part, a raw body, or what a text names. The bytes pass through and are not kept.
 * JSON has a path of its own, because tools that read the contract want one kind of body for each.
 */
export const uploadResource: Route = async (app) => {
  await app.register(multipart, MULTIPART)
  // Every body is left in the socket for the handler.
  app.removeContentTypeParser('application/json')
  app.addContentTypeParser('*', (_request, _payload, done) => { done(null) })
  app.addHook('onRequest', admit)
  app.route({
    method: 'POST',
    url: '/upload',
    config: { action: 'uploadResource', requestBody: FILES, alsoTakes: TEXTS },
    schema: {
      ...shared,
      operationId: 'uploadResource',
      summary: 'Upload Resource',
      description: UPLOAD_DESCRIPTION,
      querystring: Parameters
    },
    handler: async (request, reply) => store(request, reply, await readInput(request, request.query))
  })

  app.route({
    method: 'POST',
    url: '/upload/remote',
    config: { action: 'uploadResource', requestBody: REMOTE },
    schema: {
      ...shared,
      operationId: 'uploadRemoteResource',
      summary: 'Upload Resource, from a JSON body',
      description: REMOTE_DESCRIPTION
    },
    handler: async (request, reply) => store(request, reply, await fromText(request, {}))
  })
}
