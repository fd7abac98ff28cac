import fp from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyRequest {
    /** Aborts when the caller's connection closes before the answer is complete. */
    callerGone: AbortSignal
  }
}

/** Fastify's own `request.signal` fires as soon as the body has been read, long before the caller has left. */
export default fp(async (app) => {
  app.decorateRequest('callerGone')
  app.addHook('onRequest', (request, reply, done) => {
    const controller = new AbortController()
    reply.raw.once('close', () => { if (!reply.raw.writableFinished) controller.abort() })
    request.callerGone = controller.signal
    done()
  })
}, { name: 'caller-gone' })
