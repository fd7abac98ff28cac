import fp from 'fastify-plugin'

/** One line per request, written when the answer is out. Names the route's pattern, not the URL: a URL may hold signatures. */
export default fp(async (app) => {
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id)
    done()
  })
  app.addHook('onResponse', (request, reply, done) => {
    app.log.info({
      reqId: request.id,
      method: request.method,
      route: request.routeOptions.url ?? null,
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime)
    }, 'request')
    done()
  })
}, { name: 'request-log' })
