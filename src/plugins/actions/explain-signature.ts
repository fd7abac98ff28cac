import { Type, type Static } from '@sinclair/typebox'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { mayUse } from '../../auth/policy/permissions.ts'
import { lengthOf, MAX_SEARCHED } from '../../cloudinary/explain/diagnosis.ts'
import { readRefusal } from '../../cloudinary/explain/refusal-text.ts'
import { stringToSign, verifyParameters } from '../../cloudinary/wire/signature.ts'
import { invalidRequest } from '../../errors.ts'
import { problems } from '../../schemas/problem.ts'
import { SIGNABLE_PARAMETER_NAMES } from '../../schemas/upload-parameters.ts'

type Value = string | number | boolean | Array<string | number>

const Body = Type.Object({
  fields: Type.Optional(Type.Unsafe<Record<string, Value>>({
    type: 'object',
    additionalProperties: { type: ['string', 'number', 'boolean', 'array'], items: { type: ['string', 'number'] }, maxItems: 1000 },
    maxProperties: 100,
    description: `Every field of the form but \`file\`, as it was sent; \`signature\` may be among them. Up to ${MAX_SEARCHED} characters together.`
  })),
  signature: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: 'The signature that was refused.' })),
  error: Type.Optional(Type.String({ minLength: 1, maxLength: 100_000, description: 'The text of Cloudinary\'s answer: it holds the signature and the fields.' }))
}, { additionalProperties: false, examples: [{ fields: { folder: 'users/2', timestamp: 1_700_000_000 }, signature: '0123456789abcdef0123456789abcdef01234567' }] })

const Explanation = Type.Object({
  fits: Type.Boolean({ description: 'True when the signature covers exactly these fields; it may be stale all the same.' }),
  findings: Type.Array(Type.Object({
    code: Type.String(),
    pointer: Type.Optional(Type.String({ description: 'The field it is about.' })),
    message: Type.String()
  }), { description: 'What is wrong; empty when nothing is.' }),
  string_to_sign: Type.String({ description: 'What a signature for these fields is made from, with the API secret appended.' })
}, { 'x-component': 'Explanation' })

const KNOWN = new Set(SIGNABLE_PARAMETER_NAMES)

interface Question { readonly fields: Record<string, string>, readonly signature: string }

function questionOf ({ fields, signature, error }: Static<typeof Body>): Question {
  const quoted = error === undefined ? undefined : readRefusal(error, KNOWN)
  if (error !== undefined && !quoted) throw invalidRequest([{ pointer: '/error', message: 'is not the text of a refused signature: "Invalid Signature <signature>. String to sign - \'...\'."' }])
  const given = Object.entries(fields ?? quoted?.fields ?? {}).map(([name, value]) => [name, String(value)] as const) // an array's own text has commas
  const { signature: inFields, ...rest } = Object.fromEntries(given)
  const length = lengthOf(rest)
  if (length > MAX_SEARCHED) throw invalidRequest([{ pointer: '/fields', message: `must have at most ${MAX_SEARCHED} characters together, has ${length}` }])
  const offered = signature ?? inFields ?? quoted?.signature
  if (offered === undefined) throw invalidRequest([{ pointer: '/signature', message: 'is required, by itself, among the fields or inside the error' }])
  return { fields: rest, signature: offered }
}

/**
 * `POST /signature/explain`: why a signature does not fit. It tells what a caller that may ask could find out from its
 * own form, and of signatures made here, what it asked for itself; it makes none, and compares only the one it is given.
 */
export const explainSignature: FastifyPluginAsyncTypebox = async (app) => {
  app.route({
    method: 'POST',
    url: '/signature/explain',
    config: { action: 'explainSignature' },
    schema: {
      operationId: 'explainSignature',
      tags: ['service'],
      summary: 'Explain why a signature does not fit',
      description: 'Compares a signature with the fields that were sent, and says what is wrong. It makes no signature.',
      body: Body,
      response: { 200: Explanation, ...problems('invalid_request', 'unauthorized', 'forbidden', 'request_timeout', 'payload_too_large', 'unsupported_media_type', 'rate_limited') }
    },
    handler: async (request) => {
      const { fields, signature } = questionOf(request.body)
      const { environment } = request.cloudinary
      const { name: callerName, scope = callerName, permissions } = request.caller
      const others = app.cloudinary.all().map((client) => client.environment).filter(({ name }) => mayUse(permissions, name))
      const fits = verifyParameters(fields, signature, environment.apiSecret) !== undefined
      if (!fits) await request.cloudinary.recall(signature)
      return {
        fits,
        findings: request.cloudinary.explain({ fields, signature, others, asker: scope }),
        string_to_sign: stringToSign(fields, environment.signatureVersion)
      }
    }
  })
}
