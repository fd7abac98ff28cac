import { Type, type Static } from '@sinclair/typebox'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { isOff, isOn } from '../../auth/policy/signing-rules.ts'
import { nameInStore, requireAnnounced, type AnnouncedFile } from '../../auth/uploads/announced-file.ts'
import { below, invalidRequest, type GatewayError } from '../../errors.ts'
import { readTextFields } from '../../input/text-fields.ts'
import { validated } from '../../input/validated.ts'
import { Problem, problems } from '../../schemas/problem.ts'
import { signatureSettings, SignedForm, type SignedFormAnswer } from '../../schemas/signed-form.ts'
import { UPLOAD_PARTS } from '../../schemas/upload-parameters.ts'
import type { FormMaker } from './signed-form.ts'

const MOST_FILES = 100
/** Characters of all forms of one answer. A long `context` would otherwise come back a hundred times. */
const MOST_CHARACTERS = 4 * 1024 * 1024

const Settings = Type.Object(signatureSettings, { ...UPLOAD_PARTS, additionalProperties: false })

const File = Type.Object({
  name: Type.String({
    minLength: 1,
    maxLength: 1024,
    description: 'Name of the file, with its extension.',
    'x-fault': 'must be a name of 1 to 1024 characters'
  }),
  size: Type.Integer({
    minimum: 0,
    maximum: Number.MAX_SAFE_INTEGER,
    description: 'Size in bytes.',
    'x-fault': 'must be a whole number of bytes, 0 or more'
  }),
  type: Type.Optional(Type.String({
    maxLength: 255, description: 'Media type, as the browser reports it; may be blank.'
  }))
}, { additionalProperties: false, 'x-component': 'AnnouncedFile' })

const listBounds = {
  minItems: 1,
  maxItems: MOST_FILES,
  description: 'The files, 1 to 100. Name, size and type are what the page claims: no signature can bind them.'
}

/** The body in the OpenAPI document. The route checks each file by itself, so that a fault fails that file only. */
const DOCUMENTED = Type.Object({
  fields: Type.Optional(Settings),
  files: Type.Array(File, listBounds)
}, {
  additionalProperties: false,
  examples: [{
    fields: { folder: 'uploads', tags: ['album'] },
    files: [
      { name: 'one.jpg', size: 245_760, type: 'image/jpeg' },
      { name: 'two.jpg', size: 1_048_576, type: 'image/jpeg' }
    ]
  }]
})
const Body = Type.Object({
  fields: Type.Optional(Type.Unsafe<Record<string, unknown>>({ type: 'object' })),
  files: Type.Array(Type.Unsafe<unknown>({}), listBounds)
}, { additionalProperties: false })

const Items = Type.Object({
  items: Type.Array(Type.Unsafe<object>({ anyOf: [SignedForm, { $ref: `${Problem.$id}#` }] }), {
    description: 'For each file, in order: its signed form, or the problem that keeps it from getting one. A problem has a `code`.'
  })
}, { 'x-component': 'SignedForms' })

function settingsOf (request: FastifyRequest, given: Record<string, unknown>): Static<typeof Settings> {
  const read = below('/fields', () => readTextFields(signatureSettings, given))
  return validated<Static<typeof Settings>>(request, Settings, read, '/fields')
}

/** Reads the description of one file. */
function fileOf (request: FastifyRequest, given: unknown, pointer: string): AnnouncedFile {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw invalidRequest([{ pointer, message: 'must be an object with the name, size and type of a file' }])
  }
  const fields = given as Record<string, unknown> // an object, by the line above
  const read = below(pointer, () => readTextFields(File.properties, fields))
  const { type = '', ...file } = validated<Static<typeof File>>(request, File, read, pointer)
  return { ...file, type }
}

/** True when the public ID is made from the name of the file alone. */
const isNamedByFile = (fields: SignedFormAnswer['fields']): boolean =>
  fields['public_id'] === undefined && isOn(fields['use_filename']) && isOff(fields['unique_filename'])

/** Refuses fields that would give all files one public ID: each would overwrite the one before. */
function refuseOneName ({ fields }: SignedFormAnswer, given: object, count: number): void {
  if (count === 1) return
  const isOverridden = isNamedByFile(fields) && fields['filename_override'] !== undefined
  const name = Object.hasOwn(given, 'public_id') ? 'public_id' : isOverridden ? 'filename_override' : undefined
  if (name === undefined) return
  throw invalidRequest([{
    pointer: `/fields/${name}`,
    message: `names one asset, and ${count} files would overwrite each other under it: leave it out, or ask ` +
      'for each file by itself'
  }])
}

/** Refuses fields that would make an answer of unbounded length. */
function refuseLongForms ({ fields }: SignedFormAnswer, count: number): void {
  const characters = JSON.stringify(fields).length * count
  if (characters <= MOST_CHARACTERS) return
  throw invalidRequest([{
    pointer: '/fields',
    message: `make ${characters} characters for ${count} files, and at most ${MOST_CHARACTERS} go into one ` +
      'answer: ask for fewer files at once'
  }])
}

/** Judges the files of one batch, each by its description and by the files before it. */
class FileJudge {
  readonly #request: FastifyRequest
  readonly #form: SignedFormAnswer
  readonly #names = new Map<string, number>()

  constructor (request: FastifyRequest, form: SignedFormAnswer) {
    this.#request = request
    this.#form = form
  }

  /** @throws {GatewayError} or the error of a schema, for what is wrong with this file. */
  require (given: unknown, index: number): void {
    const pointer = `/files/${index}`
    const file = fileOf(this.#request, given, pointer)
    const { resource_type: resourceType, fields } = this.#form
    const form = { resourceType, allowedFormats: fields['allowed_formats'] }
    below(pointer, () => { requireAnnounced(file, form, this.#request.caller.permissions.signing) })
    if (isNamedByFile(fields)) this.#requireOwnName(file, index)
  }

  #requireOwnName (file: AnnouncedFile, index: number): void {
    const name = nameInStore(file, this.#form.resource_type)
    const first = this.#names.get(name)
    if (first === undefined) {
      this.#names.set(name, index)
      return
    }
    throw invalidRequest([{
      pointer: `/files/${index}/name`, message: `would get the public ID of file ${first} and overwrite it`
    }])
  }
}

/** Returns the problem of a file that exceeds the rate. */
function overRate (request: FastifyRequest, refusal: GatewayError, index: number): object {
  return request.problemOf(refusal.but({
    errors: [{ pointer: `/files/${index}`, message: 'exceeds the rate' }]
  }))
}

/** Returns the form of each file, or its problem. */
function itemsOf (
  request: FastifyRequest, files: readonly unknown[], { first, another }: FormMaker
): object[] {
  const judge = new FileJudge(request, first)
  const unused = [first]
  return files.map((file, index) => {
    try {
      judge.require(file, index)
      return unused.pop() ?? another()
    } catch (error) {
      return request.problemOf(error)
    }
  })
}

/**
 * `POST /signature/batch`: signed forms for many files at once. The fields are judged once, the files one by
 * one, and each file counts as a request.
 */
export const signBatch: FastifyPluginAsyncTypebox = async (app) => {
  app.route({
    method: 'POST',
    url: '/signature/batch',
    config: {
      action: 'generateSignature',
      requestBody: { required: true, content: { 'application/json': { schema: DOCUMENTED } } }
    },
    schema: {
      operationId: 'generateSignatures',
      tags: ['service'],
      summary: 'Generate signatures for several files',
      description: 'Answers in order, for each of up to 100 files, what `POST /signature` would answer for `fields`, or the problem ' +
        'that keeps this file from being uploaded. Each file counts as one request for the rate; files that exceed it get a ' +
        '`rate_limited` problem with `retry_after` in seconds. Without `single_use` in the policy the forms are alike.',
      body: Body,
      response: {
        200: Items,
        ...problems(
          'invalid_request',
          'unauthorized',
          'forbidden',
          'request_timeout',
          'payload_too_large',
          'unsupported_media_type',
          'param_not_allowed',
          'url_not_allowed',
          'rate_limited'
        )
      }
    },
    handler: async (request, reply) => {
      const { fields: given = {}, files } = request.body
      const { resource_type: resourceType, ...settings } = settingsOf(request, given)
      const parameters = request.settingsText(settings, '/fields')
      const forms = request.formMaker({ parameters, resourceType, within: '/fields' })
      refuseOneName(forms.first, settings, files.length)
      refuseLongForms(forms.first, files.length)
      const { allowed, refusal } = await request.countFurther(reply, files.length - 1)
      const counted = 1 + allowed
      const items = [
        ...itemsOf(request, files.slice(0, counted), forms),
        // Present whenever fewer are allowed than there are files.
        ...files.slice(counted).map(
          (_file, index) => overRate(request, refusal as GatewayError, counted + index)
        )
      ]
      reply.header('cache-control', 'no-store').type('application/json; charset=utf-8')
      return reply.serializer(JSON.stringify).send({ items })
    }
  })
}
