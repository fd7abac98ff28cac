import fp from 'fastify-plugin'
import { invalidRequest } from '../../errors.ts'

/** How often a header was sent; Node keeps only the first `Host`. */
function timesSent (rawHeaders: readonly string[], name: string): number {
  let times = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const header = rawHeaders[index] as string // names and values take turns
    if (header.length === name.length && header.toLowerCase() === name) times++
  }
  return times
}

/**
 * Refuses requests without a host or with two: proxies and caches in front may have read the other one.
 * Source: RFC 9112, section 3.2. To be used with `requireHostHeader: false`, or Node answers the first kind by itself.
 */
export default fp(async (app) => {
  app.addHook('onRequest', ({ raw }, _reply, done) => {
    const times = timesSent(raw.rawHeaders, 'host')
    if (times === 1 || (times === 0 && raw.httpVersion === '1.0')) return done()
    done(invalidRequest([{ pointer: '/Host', message: times === 0 ? 'is required' : 'must be given once' }]))
  })
}, { name: 'one-host' })
