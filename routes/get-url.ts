import { Type, type Static } from '@sinclair/typebox'
import type { FastifyRequest } from 'fastify'
import { invalidRequest } from '../src/errors.ts'
import { DeliveryType, PublicId, ResourceType } from '../src/schemas/assets.ts'
import { EXTENSION, spelled } from '../src/schemas/habits.ts'
import { problems } from '../src/schemas/problem.ts'
import type { Route } from '../src/schemas/route.ts'
import { flatTransformation, TransformationInput, type Transformation, type TransformationComponent } from '../src/schemas/transformation.ts'

const Delivery = {
  public_id: PublicId,
  resource_type: ResourceType,
  type: DeliveryType,
  transformation: Type.Optional(TransformationInput),
  format: Type.Optional(spelled('extension', Type.String({
    ...EXTENSION, description: 'Extension that is appended: the format to deliver.', examples: ['jpg']
  }))),
  version: Type.Optional(spelled('version', Type.Integer({ minimum: 1, description: 'Version of the asset; makes caches forget the former one.' }))),
  secure: Type.Optional(Type.Boolean({ description: 'https or http; the environment decides when it is not given.' })),
  url_suffix: Type.Optional(Type.String({
    minLength: 1,
    maxLength: 255,
    pattern: '^[^./?#%\\\\"<>\\u0000-\\u001f\\u007f]+$',
    'x-fault': 'must not contain ".", "/", "?", "#", "%" or a backslash',
    description: 'Readable last part of the path, for search engines; for `upload` assets and for images of every type.',
    examples: ['a-grey-cat']
  })),
  sign_url: Type.Optional(Type.Boolean({ description: 'Sign the URL; default true for private and authenticated, false for upload.' }))
}

const Query = Type.Object({
  ...Delivery,
  ...flatTransformation,
  redirect: Type.Boolean({ default: false, description: 'Answer 302 to the URL instead of JSON.' })
}, { additionalProperties: false })

const Body = Type.Object(Delivery, {
  additionalProperties: false,
  examples: [{
    public_id: 'samples/landscapes/dunes',
    transformation: [{ width: 300, height: 200, crop: 'fill' }, { radius: 'max' }],
    format: 'png'
  }]
})

const Url = Type.Object({
  url: Type.String({ examples: ['https://res.cloudinary.com/demo/image/upload/c_fill,h_200,w_300/v1/cats/tom.jpg'] }),
  public_id: Type.String(),
  resource_type: Type.String(),
  type: Type.String(),
  transformation: Type.String({ description: 'The transformation in Cloudinary\'s syntax; empty when there is none.' })
}, { 'x-component': 'DeliveryUrl' })
const DESCRIPTION = 'Returns the delivery URL of an asset, transformed or not. Cloudinary is not asked, so the asset need not exist.'
const FAILURES = problems('invalid_request', 'unauthorized', 'forbidden', 'rate_limited')

function urlOf (request: FastifyRequest, asked: Static<typeof Body>): Static<typeof Url> {
  const { public_id: publicId, resource_type: resourceType, type } = asked
  const { url, transformation } = request.cloudinary.url({ ...asked, sign_url: asked.sign_url ?? type !== 'upload' })
  return { url, public_id: publicId, resource_type: resourceType, type, transformation }
}

/** One transformation out of a query, which may hold it whole or as flat parameters. */
function transformationOf (whole: Transformation | undefined, flat: TransformationComponent): Transformation | undefined {
  const parts = Object.keys(flat)
  if (parts.length === 0) return whole
  if (whole !== undefined) throw invalidRequest([{ pointer: '/transformation', message: `must not be given together with ${parts.join(', ')}` }])
  return flat
}

/** Builds the delivery URL of an asset, transformed or not. Nothing is asked of Cloudinary, so the asset need not exist. */
export const getUrl: Route = async (app) => {
  app.route({
    method: 'GET',
    url: '/url',
    config: {
      action: 'getUrl',
      example: { public_id: 'samples/logo', width: 120, height: 120, crop: 'fill', format: 'png' }
    },
    schema: {
      operationId: 'getUrl',
      description: `${DESCRIPTION} The transformation may stand in the query part by part.`,
      tags: ['actions'],
      summary: 'Get URL',
      querystring: Query,
      response: { 200: Url, 302: Type.Null({ description: 'With `redirect=true`: `Location` holds the URL.' }), ...FAILURES }
    },
    handler: async (request, reply) => {
      const {
        redirect, public_id: publicId, resource_type: resourceType, type, format, version, secure,
        sign_url: signUrl, url_suffix: suffix, transformation: whole, ...flat
      } = request.query
      const transformation = transformationOf(whole, flat)
      const choices = { format, version, secure, sign_url: signUrl, url_suffix: suffix, transformation }
      const asked = Object.fromEntries(Object.entries(choices).filter(([, value]) => value !== undefined))
      const answer = urlOf(request, { public_id: publicId, resource_type: resourceType, type, ...asked })
      return redirect ? reply.redirect(answer.url, 302) : answer
    }
  })

  app.route({
    method: 'POST',
    url: '/url',
    config: { action: 'getUrl' },
    schema: {
      operationId: 'getUrlFromJson',
      tags: ['actions'],
      summary: 'Get URL, from a JSON body',
      description: DESCRIPTION,
      body: Body,
      response: { 200: Url, ...FAILURES, ...problems('request_timeout', 'payload_too_large', 'unsupported_media_type') }
    },
    handler: async (request) => urlOf(request, request.body)
  })
}
