import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { invalidRequest } from '../../errors.ts'
import { announcesBody } from '../../input/body-type.ts'
import { bodyReader, queryFieldsOf } from '../../input/route-input.ts'

/** Tells whether a body of unknown length holds a byte: as soon as one has come, or the body has ended. */
function whenKnown (raw: IncomingMessage, tell: (holdsBytes: boolean) => void): void {
  if (raw.readableLength > 0 || raw.complete) {
    tell(raw.readableLength > 0)
    return
  }
  const events = ['readable', 'end', 'close'] as const
  const known = (): void => {
    for (const event of events) raw.off(event, known)
    tell(raw.readableLength > 0)
  }
  for (const event of events) raw.on(event, known)
}

/** Makes the framework see a request without a body: it would refuse the type of a body that is empty. */
function forgetBody (headers: IncomingHttpHeaders): void {
  for (const name of ['content-type', 'content-length', 'transfer-encoding']) {
    if (headers[name] !== undefined) delete headers[name]
  }
}

function refusalOf ({ method, routeOptions }: FastifyRequest) {
  const advice = queryFieldsOf(routeOptions) ? '; its fields go into the query' : ''
  return invalidRequest([{ pointer: '', message: `${method} takes no body here${advice}` }])
}

/**
 * Refuses a body that the route does not read: ignored, it could have changed what is meant. An empty body is none,
 * even with a media type, which many clients put on everything. Runs before parsing, so that strangers are refused
 * first. The routes that read files judge their bodies themselves.
 */
export default fp(async (app) => {
  app.addHook('preParsing', (request, _reply, _payload, done) => {
    const { method, raw, routeOptions } = request
    const { headers } = raw
    const reader = bodyReader(routeOptions)
    const isRead = reader !== 'nobody'
    // OPTIONS is answered by whoever knows preflights, or is not found.
    if (reader === 'handler' || method === 'OPTIONS') return done()
    if (!announcesBody(headers)) {
      forgetBody(headers)
      return done()
    }
    const isChunked = headers['transfer-encoding'] !== undefined
    // To look into a body that waits for `100 Continue` would be to ask for it.
    if (!isChunked || headers.expect !== undefined) return done(isRead ? null : refusalOf(request))
    whenKnown(raw, (holdsBytes) => {
      if (!holdsBytes) forgetBody(headers)
      done(holdsBytes && !isRead ? refusalOf(request) : null)
    })
  })
}, { name: 'unread-body', dependencies: ['body-timeout'] })
