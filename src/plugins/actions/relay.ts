import fp from 'fastify-plugin'
import type { Relayed } from '../../cloudinary/client.ts'

declare module 'fastify' {
  interface FastifyReply {
    /** Sends an answer of Cloudinary as it came: its JSON is neither parsed nor rebuilt. */
    relay (answer: Relayed): FastifyReply
  }
}

/** Lets routes pass Cloudinary's answers on without touching a byte. */
export default fp(async (app) => {
  app.decorateReply('relay', function ({ status, headers, body }) {
    // Our own id stays the one that the log knows; Cloudinary's is for talks with its support.
    const { 'x-request-id': upstreamId, ...rest } = headers
    if (upstreamId !== undefined) this.header('x-upstream-request-id', upstreamId)
    return this.code(status).headers(rest).type('application/json; charset=utf-8').send(body as never) // typed by the route's 200 schema, which a relayed answer is not checked against
  })
}, { name: 'relay' })
