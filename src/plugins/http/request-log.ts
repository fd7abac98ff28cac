import fp from 'fastify-plugin'
import type { Caller } from '../../auth/policy/caller.ts'
import type { CloudinaryClient } from '../../cloudinary/client.ts'
import { closedStatus } from './request-life.ts'

/**
 * One line per request, written when its answer is out, or its connection closed before that (499): who asked from where, in
 * which environment. Names the route's pattern, not the URL: a URL may hold signatures.
 */
export default fp(async (app) => {
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id)
    // No hook of Fastify's runs for a caller that leaves.
    request.whenOver(() => {
      app.log.info({
        reqId: request.id,
        ip: request.ip,
        // Neither is known of a request that is refused before, or that needs none.
        caller: (request.caller as Caller | undefined)?.name,
        environment: (request.cloudinary as CloudinaryClient | undefined)?.environment.name,
        method: request.method,
        route: request.routeOptions.url ?? null,
        status: closedStatus(reply),
        ms: Math.round(reply.elapsedTime)
      }, 'request')
    })
    done()
  })
}, { name: 'request-log', dependencies: ['request-life'] })
