import { Type } from '@sinclair/typebox'
import { Choice, DeliveryType, PublicId, ResourceTypeOrAuto } from '../src/schemas/assets.ts'
import { problems } from '../src/schemas/problem.ts'
import type { Route } from '../src/schemas/route.ts'

const Query = Type.Object({
  resource_type: ResourceTypeOrAuto,
  type: DeliveryType,
  invalidate: Type.Boolean({ default: false, description: 'Also purge CDN copies; can take minutes.' })
}, { additionalProperties: false })

const Deleted = Type.Object({
  result: Choice(['ok']),
  public_id: Type.String(),
  resource_type: Type.String({ description: 'Where it was found, when `auto` was asked for.' }),
  type: Type.String()
})

/** Deletes one asset. Deleting it again is a 404 that says what was looked for. */
export const deleteResource: Route = async (app) => {
  app.route({
    method: 'DELETE',
    url: '/resources/*',
    config: { action: 'deleteResource' },
    schema: {
      operationId: 'deleteResource',
      tags: ['actions'],
      summary: 'Delete Resource',
      params: Type.Object({ '*': PublicId }),
      querystring: Query,
      response: {
        200: Deleted,
        ...problems('invalid_request', 'unauthorized', 'forbidden', 'upstream_forbidden', 'not_found', 'asset_processing', 'rate_limited', 'quota_exhausted', 'credentials_rejected', 'upstream_failed', 'upstream_unavailable', 'upstream_timeout')
      }
    },
    handler: async (request) => {
      const { resource_type: resourceType, type, invalidate } = request.query
      const deleted = await request.cloudinary.destroy(resourceType, { public_id: request.params['*'], type, invalidate }, { signal: request.callerGone })
      return { result: 'ok' as const, ...deleted }
    }
  })
}
