import fp from 'fastify-plugin'
import { closedStatus } from './caller-gone.ts'

/**
 * One line per request, written when its answer is out, or its connection closed before that (499). Names the route's pattern, not the
 * URL: a URL may hold signatures.
 */
export default fp(async (app) => {
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id)
    // No hook of Fastify's runs for a caller that leaves.
    request.whenOver(() => {
      app.log.info({
        reqId: request.id,
        method: request.method,
        route: request.routeOptions.url ?? null,
        status: closedStatus(reply),
        ms: Math.round(reply.elapsedTime)
      }, 'request')
    })
    done()
  })
}, { name: 'request-log', dependencies: ['caller-gone'] })
