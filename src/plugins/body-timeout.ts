import type { FastifyReply } from 'fastify'
import fp from 'fastify-plugin'
import { GatewayError } from '../errors.ts'

export interface BodyTimeoutOptions {
  /** How long a request may take until a body that is read before its handler, such as JSON, is there as a whole. */
  readonly timeoutMs: number
}

/** How often it is looked whether a body is late. */
const CHECK_MS = 1_000

/**
 * 408 for JSON bodies and the like that do not come: Node sets no limit to them, and whoever is gone without a word would
 * be waited for for ever. Files are read by their handlers, which watch them themselves. One timer serves all requests.
 */
export default fp<BodyTimeoutOptions>(async (scope, { timeoutMs }) => {
  /** Of requests whose bodies are being read, since when, in milliseconds; the oldest first. */
  const reading = new Map<FastifyReply, number>()
  const check = setInterval(() => {
    const latest = performance.now() - timeoutMs
    for (const [reply, since] of reading) {
      if (since > latest) break
      reading.delete(reply)
      // One that could not be parsed has its answer, and one whose caller left needs none.
      if (!reply.sent && !reply.request.raw.socket.destroyed) reply.send(new GatewayError('request_timeout', `The body did not come within ${timeoutMs / 1000} seconds.`))
    }
  }, Math.min(CHECK_MS, timeoutMs))
  check.unref()
  scope.addHook('onClose', async () => { clearInterval(check) })
  scope.addHook('preParsing', (request, reply, _payload, done) => {
    reading.set(reply, performance.now())
    // One that cannot be parsed is never validated.
    request.whenOver(() => { reading.delete(reply) })
    done()
  })
  scope.addHook('preValidation', (_request, reply, done) => {
    reading.delete(reply)
    done()
  })
}, { name: 'body-timeout', dependencies: ['caller-gone'] })
