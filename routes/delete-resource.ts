import { Type } from '@sinclair/typebox'
import { joined } from '../src/input/joined.ts'
import { Choice, DELIVERY_TYPES, PublicId, RESOURCE_TYPES } from '../src/schemas/assets.ts'
import { problems } from '../src/schemas/problem.ts'
import type { Route } from '../src/schemas/route.ts'
import { uploadParameters } from '../src/schemas/upload-parameters.ts'

const KINDS = ['auto', ...RESOURCE_TYPES] as const

/** The same fields in the query and in the body. No defaults: what is not given in one may be given in the other. */
const fields = {
  resource_type: Type.Optional(Choice(KINDS, { description: 'Kind of asset; `image` when not given, `auto` tries image, video and raw.' })),
  type: Type.Optional(Choice(DELIVERY_TYPES, { description: 'Storage (delivery) type; `upload` when not given.' })),
  invalidate: Type.Optional(Type.Boolean({ description: 'Also purge CDN copies; can take minutes.' })),
  notification_url: uploadParameters.notification_url
}
const Query = Type.Object(fields, { additionalProperties: false })
const Body = Type.Object(fields, { additionalProperties: false, default: {}, examples: [{ invalidate: true }] })

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
      description: 'Fields may stand in the query or in a JSON body; one that is given in both must be the same.',
      params: Type.Object({ '*': PublicId }),
      querystring: Query,
      body: Body,
      response: {
        200: Deleted,
        ...problems('invalid_request', 'unauthorized', 'forbidden', 'upstream_forbidden', 'not_found', 'request_timeout', 'payload_too_large', 'unsupported_media_type', 'url_not_allowed', 'asset_processing', 'rate_limited', 'quota_exhausted', 'credentials_rejected', 'upstream_failed', 'upstream_unavailable', 'upstream_timeout')
      }
    },
    handler: async (request) => {
      const given = joined(request.query, request.body)
      const { resource_type: resourceType = 'image', type = 'upload', invalidate = false, notification_url: notificationUrl } = given
      const asset = { public_id: request.params['*'], type, invalidate, notification_url: notificationUrl }
      const deleted = await request.cloudinary.destroy(resourceType, asset, { signal: request.callerGone })
      return { result: 'ok' as const, ...deleted }
    }
  })
}
