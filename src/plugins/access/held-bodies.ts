import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { overloaded } from '../../errors.ts'
import { announcesBody } from '../../input/body-type.ts'
import { bodyReader } from '../../input/route-input.ts'
import { AnswerBudget } from './answer-budget.ts'
import { HeldBytes } from './held-bytes.ts'

export interface HeldBodiesOptions {
  /** Bytes of bodies that may be in memory at the same time. */
  readonly maxBytes: number
}

declare module 'fastify' {
  interface FastifyInstance {
    /** Bodies that are read whole, from before their first byte until their requests are over. */
    heldBodies: AnswerBudget
  }
  interface FastifyRequest {
    /**
     * Counts a body that the handler reads whole. A small one is not counted, so that requests with small
     * bodies are served while large ones fill the memory.
     * @throws {GatewayError} `overloaded` when there is no room.
     */
    holdBody (bytes: number): void
    [BODY]: HeldBytes | undefined
  }
}

const BODY = Symbol('held body')
/** A body of this size costs little more than its connection. */
const SMALL_BYTES = 16 * 1024
const NO_ROOM = 'There is no memory for the body beside those of other requests.'

/** Counts a body of unknown length while it comes. Call it in the turn in which the parser begins to read. */
function countArriving (request: FastifyRequest, reply: FastifyReply): void {
  const { raw } = request
  let bytes = 0
  const add = (chunk: Buffer): void => {
    bytes += chunk.length
    try {
      request.holdBody(bytes)
    } catch (error) {
      raw.off('data', add)
      if (!reply.sent) reply.send(error)
    }
  }
  raw.on('data', add)
}

/**
 * Bounds the bodies that are read whole before they are parsed. Each may be as large as `JSON_MAX_BYTES`, and
 * whoever sends many of them slowly would fill the memory. One caller or address gets half of it. Register
 * this plugin after all that looks at a body before it is parsed.
 */
export default fp<HeldBodiesOptions>(async (app, { maxBytes }) => {
  const budget = new AnswerBudget({ maxBytes, maxBytesOfOne: maxBytes / 2 })
  app.decorate('heldBodies', budget)
  app.decorateRequest(BODY, undefined)
  app.decorateRequest('holdBody', function (bytes) {
    if (bytes <= SMALL_BYTES) return
    const held = this[BODY] ??= new HeldBytes(budget, this)
    if (!held.fits(bytes)) throw overloaded(NO_ROOM)
    held.grow(bytes)
  })
  app.addHook('preParsing', (request, reply, _payload, done) => {
    const { headers, routeOptions } = request
    if (bodyReader(routeOptions) !== 'json' || !announcesBody(headers)) return done()
    const { 'content-length': length } = headers
    if (length === undefined) {
      countArriving(request, reply)
      return done()
    }
    // A longer one is refused by its length, before it is read.
    if (Number(length) <= routeOptions.bodyLimit) request.holdBody(Number(length))
    done()
  })
}, { name: 'held-bodies', dependencies: ['unread-body', 'request-life'] })
