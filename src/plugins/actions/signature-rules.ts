import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '../../schemas/problem.ts'
import { UploadRules } from '../../schemas/upload-rules.ts'

/**
 * `GET /signature/rules`: what the caller may upload, so that a page can refuse a file before a byte is sent.
 * A caller sees its own rules only; one that may sign nothing gets a reason in place of a 403.
 */
export const signatureRules: FastifyPluginAsyncTypebox = async (app) => {
  app.route({
    method: 'GET',
    url: '/signature/rules',
    config: { action: 'generateSignature', tellsRefusal: true },
    schema: {
      operationId: 'getSignatureRules',
      tags: ['service'],
      summary: 'What this caller may upload',
      description: 'Answers the limits that the policy sets to signatures of this caller in the environment that `X-Environment` ' +
        'names, with its claims filled in, and says which of them Cloudinary itself enforces. A caller that may sign nothing gets `allowed: false` and a reason.',
      response: {
        200: UploadRules, ...problems('invalid_request', 'unauthorized', 'forbidden', 'rate_limited')
      }
    },
    handler: async (request, reply) => {
      const { name, cloudName } = request.cloudinary.environment
      reply.header('cache-control', 'no-store')
      return { environment: name, cloud_name: cloudName, ...request.uploadRules() }
    }
  })
}
