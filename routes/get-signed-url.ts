import { Type, type Static } from '@sinclair/typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { wallClock } from '../src/clock.ts'
import { invalidRequest, refusal } from '../src/errors.ts'
import { millisecondsFault, SIGNATURE_LIFE_SECONDS } from '../src/input/signature-time.ts'
import { deliveryType, PublicId, ResourceType } from '../src/schemas/assets.ts'
import { EXTENSION, spelled } from '../src/schemas/habits.ts'
import { problems } from '../src/schemas/problem.ts'
import type { Route } from '../src/schemas/route.ts'
import { TransformationInput } from '../src/schemas/transformation.ts'

const Asked = Type.Object({
  public_id: PublicId,
  resource_type: ResourceType,
  type: deliveryType({ default: 'private', description: 'Storage (delivery) type of the asset.' }),
  format: Type.Optional(spelled('extension', Type.String({ ...EXTENSION, examples: ['pdf'] }))),
  expires_at: Type.Optional(Type.Integer({ minimum: 1, description: 'Unix time in seconds after which the link is dead; default one hour from now, or less where the policy says so.' })),
  attachment: Type.Optional(Type.Boolean({ description: 'Make browsers save the file instead of showing it.' })),
  target_filename: Type.Optional(Type.String({
    minLength: 1,
    maxLength: 255,
    pattern: '^[^/\\\\\\u0000-\\u001f\\u007f]+$',
    'x-fault': 'must be a plain file name, without a slash or control character',
    description: 'Name under which browsers save the file, with `attachment`.',
    examples: ['contract.pdf']
  })),
  transformation: Type.Optional(TransformationInput)
}, { additionalProperties: false, examples: [{ public_id: 'samples/private', type: 'private', format: 'jpg', attachment: true }] })

const SignedUrl = Type.Object({
  url: Type.String({ description: 'Link to the original file; it carries a signature, so treat it as a secret until it expires.' }),
  expires_at: Type.Integer({ description: 'Unix time in seconds.' })
}, { 'x-component': 'SignedUrl' })
const DESCRIPTION = 'Returns a link to the original of a private or authenticated asset, which works until it expires.'
const FAILURES = problems('invalid_request', 'unauthorized', 'forbidden', 'rate_limited')

function expiryOf (given: number | undefined, nowSeconds: number, mostSeconds = Infinity): number {
  if (given === undefined) return nowSeconds + Math.min(SIGNATURE_LIFE_SECONDS, mostSeconds)
  const fault = (message: string) => invalidRequest([{ pointer: '/expires_at', message }])
  const inMilliseconds = millisecondsFault(given)
  if (inMilliseconds !== undefined) throw fault(inMilliseconds)
  if (given <= nowSeconds) throw fault(`lies ${nowSeconds - given} seconds in the past`)
  if (given > nowSeconds + mostSeconds) {
    const latest = nowSeconds + mostSeconds
    const message = `must not be later than ${latest}: the links of this caller live for at most ${mostSeconds} seconds`
    throw refusal('forbidden', [{ pointer: '/expires_at', message }])
  }
  return given
}

/**
 * Returns the timestamp of a link that lives for `mostSeconds` at most. Cloudinary still takes signatures of
 * version 1, in which the expiry can be hidden in the value of `attachment`: the link then lives for as long as
 * its timestamp.
 */
function bounded (nowSeconds: number, mostSeconds: number): number {
  return nowSeconds - Math.max(0, SIGNATURE_LIFE_SECONDS - mostSeconds)
}

function answer (request: FastifyRequest, reply: FastifyReply, asked: Static<typeof Asked>): Static<typeof SignedUrl> {
  const { signedUrlSeconds } = request.caller.permissions
  const nowSeconds = Math.floor(wallClock() / 1000)
  const expiresAt = expiryOf(asked.expires_at, nowSeconds, signedUrlSeconds)
  const timestamp = signedUrlSeconds === undefined ? undefined : bounded(nowSeconds, signedUrlSeconds)
  reply.header('cache-control', 'no-store')
  const url = request.cloudinary.downloadUrl({ ...asked, expires_at: expiresAt, timestamp })
  return { url, expires_at: expiresAt }
}

/** Makes a link to the original of a private or authenticated asset that works until it expires. */
export const getSignedUrl: Route = async (app) => {
  app.route({
    method: 'GET',
    url: '/signed-url',
    config: { action: 'getSignedUrl', example: { public_id: 'samples/private', format: 'jpg' } },
    schema: {
      operationId: 'getSignedUrl',
      tags: ['actions'],
      summary: 'Get Signed URL',
      description: DESCRIPTION,
      querystring: Asked,
      response: { 200: SignedUrl, ...FAILURES }
    },
    handler: async (request, reply) => answer(request, reply, request.query)
  })

  app.route({
    method: 'POST',
    url: '/signed-url',
    config: { action: 'getSignedUrl' },
    schema: {
      operationId: 'getSignedUrlFromJson',
      tags: ['actions'],
      summary: 'Get Signed URL, from a JSON body',
      description: DESCRIPTION,
      body: Asked,
      response: { 200: SignedUrl, ...FAILURES, ...problems('request_timeout', 'payload_too_large', 'unsupported_media_type') }
    },
    handler: async (request, reply) => answer(request, reply, request.body)
  })
}
