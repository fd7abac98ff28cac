import type { IncomingMessage, ServerResponse } from 'node:http'
import fp from 'fastify-plugin'
import { GatewayError } from '../errors.ts'

/**
 * Answers `Expect: 100-continue` only once every `onRequest` hook has agreed, so that a refused upload costs its caller
 * no bytes. Node would send the 100 before anything of ours has run.
 */
export default fp(async (app) => {
  const waiting = new WeakSet<IncomingMessage>()
  const unmet = new WeakSet<IncomingMessage>()
  app.server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    waiting.add(request)
    app.server.emit('request', request, response)
  })
  app.server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    unmet.add(request)
    app.server.emit('request', request, response)
  })
  app.addHook('onRequest', (request, _reply, done) => {
    done(unmet.has(request.raw) ? new GatewayError('expectation_failed', 'The request expects something that this gateway does not do.') : undefined)
  })
  // Runs after the last `onRequest` hook of the innermost scope, and before anything reads the body.
  app.addHook('preParsing', (request, reply, payload, done) => {
    // A path that nobody serves takes no body either.
    if (waiting.delete(request.raw) && !request.is404) reply.raw.writeContinue()
    done(null, payload)
  })
}, { name: 'expect-continue' })
