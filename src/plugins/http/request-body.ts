import fp from 'fastify-plugin'
import { GatewayError } from '../../errors.ts'
import { announcesBody } from '../../input/body-type.ts'

export interface BodyTimeoutOptions {
  /** How long a request may take until a body that is read before its handler, such as JSON, is there as a whole. */
  readonly timeoutMs: number
}

const TIMER = Symbol('body timer')

declare module 'fastify' {
  interface FastifyRequest {
    [TIMER]: NodeJS.Timeout | undefined
  }
}

/**
 * 408 for JSON bodies and the like that do not come: Node sets no limit to them, and whoever is gone without a word would
 * be waited for for ever. Files are read by their handlers, which watch them themselves.
 */
export default fp<BodyTimeoutOptions>(async (scope, { timeoutMs }) => {
  scope.decorateRequest(TIMER, undefined)
  scope.addHook('preParsing', (request, reply, _payload, done) => {
    // The body of a request that waited for others of its turn is mostly there.
    if (request.raw.complete || !announcesBody(request.raw.headers)) return done()
    const timer = setTimeout(() => {
      // It may have been refused, with an answer that is still on its way.
      if (!reply.sent) reply.send(new GatewayError('request_timeout', `The body did not come within ${timeoutMs / 1000} seconds.`))
    }, timeoutMs)
    request[TIMER] = timer
    // One that cannot be parsed is never validated.
    request.whenOver(() => { clearTimeout(timer) })
    done()
  })
  scope.addHook('preValidation', (request, _reply, done) => {
    clearTimeout(request[TIMER])
    done()
  })
}, { name: 'body-timeout', dependencies: ['caller-gone'] })
