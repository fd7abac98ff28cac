import type { IncomingMessage, ServerResponse } from 'node:http'
import fp from 'fastify-plugin'
import { GatewayError } from '../../errors.ts'

/**
 * Asks for a body when somebody begins to listen to it. An answer that comes before leaves open whether the body follows
 * it, so its connection cannot be used again.
 */
function askWhenWanted (request: IncomingMessage, response: ServerResponse): void {
  response.setHeader('connection', 'close')
  const onListener = (event: string | symbol): void => {
    if (event !== 'data' && event !== 'readable') return
    request.off('newListener', onListener)
    response.removeHeader('connection')
    response.writeContinue()
  }
  request.on('newListener', onListener)
}

/**
 * Answers `Expect: 100-continue` only once the body is read: after every check of headers, caller, rate and query has
 * agreed, so that a refused upload costs its caller no bytes. Node would send the 100 before anything of ours has run.
 */
export default fp(async (app) => {
  const unmet = new WeakSet<IncomingMessage>()
  app.server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    askWhenWanted(request, response)
    app.server.emit('request', request, response)
  })
  app.server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    unmet.add(request)
    app.server.emit('request', request, response)
  })
  app.addHook('onRequest', (request, _reply, done) => {
    done(unmet.has(request.raw) ? new GatewayError('expectation_failed', 'The request expects something that this gateway does not do.') : undefined)
  })
}, { name: 'expect-continue' })
