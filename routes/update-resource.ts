import { Type } from '@sinclair/typebox'
import { invalidRequest } from '../src/errors.ts'
import { joined } from '../src/input/joined.ts'
import {
  Asset, AssetId, Choice, deliveryType, Diagnose, PublicId, resourceType
} from '../src/schemas/assets.ts'
import { blank } from '../src/schemas/habits.ts'
import { problems } from '../src/schemas/problem.ts'
import type { Route } from '../src/schemas/route.ts'
import { DESCRIBING, uploadParameters } from '../src/schemas/upload-parameters.ts'

/**
 * Where the asset is, and whether to look for it elsewhere: in the query, as for its siblings, or in the body
 * beside what changes.
 */
const PLACE = {
  resource_type: Type.Optional(resourceType({ description: 'Kind of asset; `image` when not given.' })),
  type: Type.Optional(deliveryType({ description: 'Storage (delivery) type; `upload` when not given.' })),
  diagnose: Diagnose
}
const Query = Type.Object(PLACE, { additionalProperties: false })

const chosen = Object.fromEntries(DESCRIBING.map((name) => [name, uploadParameters[name]]))
// Entries lose the types of their names.
const { tags, context, metadata, ...described } =
  chosen as Pick<typeof uploadParameters, (typeof DESCRIBING)[number]>

const changes = {
  tags: blank('clears', tags),
  context: blank('clears', context),
  metadata: blank('clears', metadata),
  ...described,
  moderation_status: Type.Optional(Choice(['pending', 'approved', 'rejected'], {
    description: 'Decision on an asset that waits for moderation.'
  }))
}
const closed = {
  'x-parts': { AssetDescription: DESCRIBING },
  additionalProperties: false,
  examples: [{ tags: ['logo', 'brand'], context: { alt: 'Our logo' } }]
}

/** Members that the schemas of both routes share. */
const shared = {
  tags: ['actions'],
  description: 'Changes what is said of an asset, not its bytes. Tags and context are replaced, not added to.',
  response: {
    200: Asset,
    ...problems(
      'invalid_request', 'upstream_rejected', 'unauthorized', 'forbidden', 'upstream_forbidden', 'not_found',
      'request_timeout', 'upstream_conflict', 'payload_too_large', 'unsupported_media_type',
      'param_not_allowed', 'url_not_allowed', 'asset_processing', 'rate_limited', 'quota_exhausted',
      'credentials_rejected', 'upstream_failed', 'upstream_unavailable', 'upstream_timeout'
    )
  }
}

function requireChange (wanted: object): void {
  if (Object.keys(wanted).length === 0) throw invalidRequest([{ pointer: '', message: 'name at least one field to change' }])
}

/** Changes what is said of an asset, not its bytes. Tags and context are replaced, not added to. */
export const updateResource: Route = async (app) => {
  app.route({
    method: 'PATCH',
    url: '/resources/*',
    config: { action: 'updateResource', example: { public_id: 'samples/logo' } },
    schema: {
      ...shared,
      operationId: 'updateResource',
      summary: 'Update Resource',
      params: Type.Object({ '*': PublicId }),
      querystring: Query,
      body: Type.Object({ ...PLACE, ...changes }, closed)
    },
    handler: async (request, reply) => {
      const given = joined(request.query, request.body)
      const { resource_type: kind = 'image', type = 'upload', diagnose = false, ...wanted } = given
      requireChange(wanted)
      const { '*': publicId } = request.params
      const call = request.adminCall(diagnose ? reply : undefined)
      const answer = await request.cloudinary.update(kind, type, publicId, wanted, call)
      return reply.relay(request.visible(answer, { public_id: publicId, resource_type: kind, type }))
    }
  })

  app.route({
    method: 'PATCH',
    url: '/assets/:asset_id',
    config: { action: 'updateResource', example: { asset_id: '60c1093bdd0491f5d34fd24c1f5acace' } },
    schema: {
      ...shared,
      operationId: 'updateResourceByAssetId',
      summary: 'Update Resource, by its asset_id',
      params: Type.Object({ asset_id: AssetId }),
      body: Type.Object(changes, closed)
    },
    handler: async (request, reply) => {
      requireChange(request.body)
      const found = await request.assetOf(request.params.asset_id)
      const { public_id: publicId, resource_type: kind, type } = found
      const answer = await request.cloudinary.update(kind, type, publicId, request.body, request.adminCall())
      return reply.relay(request.visible(answer, { public_id: publicId, resource_type: kind, type }))
    }
  })
}
