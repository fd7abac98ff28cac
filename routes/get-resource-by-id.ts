import { Type, type Static } from '@sinclair/typebox'
import {
  Asset, AssetId, DeliveryType, Diagnose, PublicId, ResourceTypeOrAuto
} from '../src/schemas/assets.ts'
import { problems } from '../src/schemas/problem.ts'
import type { Route } from '../src/schemas/route.ts'

const flag = (description: string) => Type.Optional(Type.Boolean({ description }))

const details = {
  colors: flag('Add the main colours.'),
  faces: flag('Add the coordinates of faces.'),
  media_metadata: flag('Add Exif, IPTC and XMP metadata.'),
  image_metadata: flag('Former name of `media_metadata`.'),
  exif: flag('Add Exif metadata; `media_metadata` has it too.'),
  quality_analysis: flag('Add quality scores.'),
  accessibility_analysis: flag('Add accessibility scores.'),
  cinemagraph_analysis: flag('Add the cinemagraph score.'),
  phash: flag('Add the perceptual hash.'),
  pages: flag('Add the number of pages.'),
  coordinates: flag('Add face and custom coordinates.'),
  versions: flag('Add the backed-up versions.'),
  related: flag('Add related assets.'),
  max_results: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, description: 'How many derived assets to list.' })),
  derived_next_cursor: Type.Optional(Type.String({ minLength: 1, description: 'Where the list of derived assets goes on.' })),
  related_next_cursor: Type.Optional(Type.String({ minLength: 1, description: 'Where the list of related assets goes on.' }))
}
const Details = Type.Object(details, { additionalProperties: false })
const Query = Type.Object({
  resource_type: ResourceTypeOrAuto, type: DeliveryType, diagnose: Diagnose, ...details
}, { additionalProperties: false })

const FAILURES = problems(
  'invalid_request', 'upstream_rejected', 'unauthorized', 'forbidden', 'upstream_forbidden', 'not_found',
  'upstream_conflict', 'asset_processing', 'rate_limited', 'quota_exhausted', 'credentials_rejected',
  'upstream_failed', 'upstream_unavailable', 'upstream_timeout'
)

const textsOf = (asked: Static<typeof Details>): Record<string, string> =>
  Object.fromEntries(Object.entries(asked).map(([name, value]) => [name, String(value)]))

/** Returns everything that Cloudinary knows about one asset. */
export const getResourceById: Route = async (app) => {
  app.route({
    method: 'GET',
    url: '/resources/*',
    config: { action: 'getResourceById', example: { public_id: 'samples/logo' } },
    schema: {
      operationId: 'getResourceById',
      description: 'Returns everything that Cloudinary knows about an asset. When the asset exists under another kind or type, ' +
        'the 404 names it in `found_under`, if enough Admin API calls are left to look there or `diagnose` is true.',
      tags: ['actions'],
      summary: 'Get Resource by ID',
      params: Type.Object({ '*': PublicId }),
      querystring: Query,
      response: { 200: Asset, ...FAILURES }
    },
    handler: async (request, reply) => {
      const { resource_type: kind, type, diagnose = false, ...asked } = request.query
      const { '*': publicId } = request.params
      const call = request.adminCall(diagnose ? reply : undefined)
      const answer = await request.cloudinary.get(kind, type, publicId, textsOf(asked), call)
      return reply.relay(request.visible(answer))
    }
  })

  app.route({
    method: 'GET',
    url: '/assets/:asset_id',
    config: { action: 'getResourceById', example: { asset_id: '60c1093bdd0491f5d34fd24c1f5acace' } },
    schema: {
      operationId: 'getResourceByAssetId',
      description: 'Returns everything that Cloudinary knows about an asset, found by its permanent ID.',
      tags: ['actions'],
      summary: 'Get Resource by ID, by its asset_id',
      params: Type.Object({ asset_id: AssetId }),
      querystring: Details,
      response: { 200: Asset, ...FAILURES }
    },
    handler: async (request, reply) => {
      const { answer } = await request.assetOf(request.params.asset_id, textsOf(request.query))
      return reply.relay(request.visible(answer))
    }
  })
}
