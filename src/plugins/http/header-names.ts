import type { Socket } from 'node:net'
import fp from 'fastify-plugin'
import { invalidRequest } from '../../errors.ts'

const BLANK = /[ \t]/

function hasBlank (rawHeaders: readonly string[]): boolean {
  for (let index = 0; index < rawHeaders.length; index += 2) if (BLANK.test(String(rawHeaders[index]))) return true
  return false
}

/**
 * Refuses header names with a blank in them. To the parser of older Nodes (20.18 among them) `Content-Length : 5` is a
 * header of another name; a proxy in front may have taken it for the length, and would then see another end of the
 * request than we do. What came behind it may already have been parsed as another request, and is not done either.
 * Source: RFC 9112, section 5.1.
 */
export default fp(async (app) => {
  const distrusted = new WeakSet<Socket>()
  app.addHook('onRequest', ({ raw: { rawHeaders, socket } }, _reply, done) => {
    if (!distrusted.has(socket) && !hasBlank(rawHeaders)) return done()
    distrusted.add(socket)
    done(invalidRequest([{ pointer: '/', message: 'has a header whose name holds a blank' }], { headers: { connection: 'close' } }))
  })
}, { name: 'header-names' })
