import type { ServerResponse } from 'node:http'
import type { FastifyReply } from 'fastify'
import fp from 'fastify-plugin'
import { ERRORS } from '../errors.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Aborts when the caller's connection closes before the answer is complete. */
    readonly callerGone: AbortSignal
    [RESPONSE]: ServerResponse
    [SIGNAL]?: AbortSignal
  }
}

const RESPONSE = Symbol('response')
const SIGNAL = Symbol('signal')

/** Node sets `destroyed` when a response is closed, whether it was finished or not. */
function signalOf (response: ServerResponse): AbortSignal {
  if (response.destroyed) return response.writableFinished ? new AbortController().signal : AbortSignal.abort()
  const controller = new AbortController()
  response.once('close', () => { if (!response.writableFinished) controller.abort() })
  return controller.signal
}

/** The status that a closed response had: 499 when its end had not been written by then, mostly because its caller left. */
export function closedStatus ({ raw, statusCode }: FastifyReply): number {
  return raw.writableEnded ? statusCode : ERRORS.client_closed.status
}

/**
 * Fastify's own `request.signal` fires as soon as the body has been read, long before the caller has left. The signal is
 * made when somebody first asks for it: most requests wait for nothing.
 */
export default fp(async (app) => {
  app.decorateRequest('callerGone', {
    getter () {
      this[SIGNAL] ??= signalOf(this[RESPONSE])
      return this[SIGNAL]
    }
  })
  app.addHook('onRequest', (request, reply, done) => {
    request[RESPONSE] = reply.raw
    done()
  })
}, { name: 'caller-gone' })
