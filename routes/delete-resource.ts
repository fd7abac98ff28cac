import { Type } from '@sinclair/typebox'
import { joined } from '../src/input/joined.ts'
import { AssetId, Choice, deliveryType, PublicId, resourceTypeOrAuto } from '../src/schemas/assets.ts'
import { blank } from '../src/schemas/habits.ts'
import { problems } from '../src/schemas/problem.ts'
import type { Route } from '../src/schemas/route.ts'
import { uploadParameters } from '../src/schemas/upload-parameters.ts'

/**
 * Options of a deletion, for query and body alike. They have no defaults: one that is absent from the query
 * may be in the body.
 */
const wishes = {
  invalidate: Type.Optional(Type.Boolean({ description: 'Also purge CDN copies; can take minutes.' })),
  notification_url: uploadParameters.notification_url
}
const place = {
  // An unset variable must not choose what is deleted.
  resource_type: Type.Optional(blank('refused', resourceTypeOrAuto({
    description: 'Kind of asset; `image` when not given, `auto` tries image, video and raw.'
  }))),
  type: Type.Optional(blank('refused', deliveryType({
    description: 'Storage (delivery) type; `upload` when not given.'
  })))
}
const closed = { additionalProperties: false } as const
const optional = { ...closed, default: {}, examples: [{ invalidate: true }] }

const Deleted = Type.Object({
  result: Choice(['ok']),
  public_id: Type.String(),
  resource_type: Type.String({ description: 'Where it was found, when `auto` was asked for.' }),
  type: Type.String()
}, { 'x-component': 'Deletion' })

/** Members that the schemas of both routes share. */
const shared = {
  tags: ['actions'],
  description: 'Deletes one asset; an absent one is a 404. Fields may stand in the query or in a JSON body; one that is given in both must be the same.',
  response: {
    200: Deleted,
    ...problems(
      'invalid_request', 'upstream_rejected', 'unauthorized', 'forbidden', 'upstream_forbidden', 'not_found',
      'request_timeout', 'payload_too_large', 'unsupported_media_type', 'url_not_allowed', 'asset_processing',
      'rate_limited', 'quota_exhausted', 'credentials_rejected', 'upstream_failed', 'upstream_unavailable',
      'upstream_timeout'
    )
  }
}

/** Deletes one asset. Deleting it again is a 404 that says what was looked for. */
export const deleteResource: Route = async (app) => {
  app.route({
    method: 'DELETE',
    url: '/resources/*',
    config: { action: 'deleteResource', example: { public_id: 'samples/landscapes/dunes' } },
    schema: {
      ...shared,
      operationId: 'deleteResource',
      summary: 'Delete Resource',
      params: Type.Object({ '*': PublicId }),
      querystring: Type.Object({ ...place, ...wishes }, closed),
      body: Type.Object({ ...place, ...wishes }, optional)
    },
    handler: async (request) => {
      const given = joined(request.query, request.body)
      const { resource_type: kind = 'image', type = 'upload', invalidate = false, ...rest } = given
      const asset = { public_id: request.params['*'], type, invalidate, ...rest }
      const deleted = await request.cloudinary.destroy(kind, asset, request.adminCall())
      return { result: 'ok' as const, ...deleted }
    }
  })

  app.route({
    method: 'DELETE',
    url: '/assets/:asset_id',
    config: { action: 'deleteResource', example: { asset_id: '8c66fd6e604cdfe3d9254b9949d0e8de' } },
    schema: {
      ...shared,
      operationId: 'deleteResourceByAssetId',
      summary: 'Delete Resource, by its asset_id',
      params: Type.Object({ asset_id: AssetId }),
      querystring: Type.Object(wishes, closed),
      body: Type.Object(wishes, optional)
    },
    handler: async (request) => {
      const { invalidate = false, ...rest } = joined(request.query, request.body)
      const found = await request.assetOf(request.params.asset_id)
      const { public_id: publicId, resource_type: kind, type } = found
      const asset = { public_id: publicId, type, invalidate, ...rest }
      const deleted = await request.cloudinary.destroy(kind, asset, request.adminCall())
      return { result: 'ok' as const, ...deleted }
    }
  })
}
