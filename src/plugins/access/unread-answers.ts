import { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { overloaded } from '../../errors.ts'
import { onlyReads } from '../../input/route-input.ts'
import { addressKey } from '../../net/addresses.ts'
import {
  CONNECTION_LIMITS,
  guardConnections,
  isBehind,
  type ConnectionLimits
} from '../../net/connections.ts'
import { answerLimits, AnswerBudget, type AnswerLimits } from './answer-budget.ts'
import { HeldBytes, ownersOf } from './held-bytes.ts'

export type UnreadAnswersOptions = Partial<ConnectionLimits & AnswerLimits>

declare module 'fastify' {
  interface FastifyInstance {
    /** Answers that wait to be read. */
    unreadAnswers: AnswerBudget
  }
  interface FastifyRequest {
    /**
     * Counts an answer that is streamed in parts as `bytes` that wait, until it is over. A later call with more
     * bytes raises the count.
     * @throws {GatewayError} `overloaded` when there is no room.
     */
    holdAnswer (bytes: number): void
    [HELD]: HeldBytes | undefined
  }
}

/** The kernel takes an answer of this size at once from a connection on which nothing else waits. */
const PROMPT_BYTES = 16 * 1024
/** Bytes that a stream, such as a file of the documentation, keeps in memory. */
const STREAM_BYTES = 64 * 1024
/** Estimated size of a request that was read and waits, with its unused response. */
const REQUEST_BYTES = 4 * 1024
const TOO_MUCH_WAITS = 'Too many bytes of earlier answers wait to be read.'
const HELD = Symbol('held answer')

function bytesOf (payload: unknown): number {
  return typeof payload === 'string' || Buffer.isBuffer(payload) ? Buffer.byteLength(payload) : STREAM_BYTES
}

/** Counts answers that will wait: large ones, and those behind others on their connection. */
function countAnswers (app: FastifyInstance, budget: AnswerBudget): void {
  app.addHook('onSend', (request, reply, payload, done) => {
    const bytes = bytesOf(payload)
    if (request[HELD] !== undefined || (bytes <= PROMPT_BYTES && !isBehind(request.raw.socket))) return done()
    const held = request[HELD] = new HeldBytes(budget, request)
    // A change is done by now, so reporting a failure would be wrong.
    if (onlyReads(request.method) && reply.statusCode < 400 && !held.fits(bytes)) {
      if (payload instanceof Readable) payload.destroy()
      return done(overloaded(TOO_MUCH_WAITS))
    }
    held.grow(bytes)
    done()
  })
}

/** Refuses requests early: those of an owner whose share is full, and those whose answers could only wait. */
function refuseEarly (app: FastifyInstance, budget: AnswerBudget): void {
  app.addHook('preParsing', (request, _reply, _payload, done) => {
    if (budget.waitingBytes === 0 || request.routeOptions.config.isProbe) return done()
    const owners = ownersOf(request)
    const isRefused = budget.isFull(owners) || (isBehind(request.raw.socket) && !budget.hasRoom(owners, 1))
    done(isRefused ? overloaded(TOO_MUCH_WAITS) : null)
  })
}

/**
 * Bounds the answers that callers request and never read. Only a few requests of a connection run at a time, and
 * the next ones wait; a connection that takes no byte for half a minute is closed. The bytes that wait are
 * bounded for the process and for each caller and address. Register this plugin after `batching`.
 */
export default fp<UnreadAnswersOptions>(async (app, options) => {
  const connections = { ...CONNECTION_LIMITS, ...options }
  const answers = { ...answerLimits(options.maxBytes), ...options }
  const budget = new AnswerBudget(answers)
  // Requests have a separate budget, so that waiting answers do not close other connections.
  const queued = new AnswerBudget(answers)
  const stop = guardConnections(app.server, connections, ({ remoteAddress = '' }) => {
    const owners = [`address:${addressKey(remoteAddress)}`]
    return {
      enter: () => {
        const hasRoom = queued.hasRoom(owners, REQUEST_BYTES)
        if (hasRoom) queued.add(owners, REQUEST_BYTES)
        return hasRoom
      },
      leave: (requests) => { queued.add(owners, -requests * REQUEST_BYTES) }
    }
  })
  app.addHook('onClose', async () => { stop() })
  app.decorate('unreadAnswers', budget)
  app.decorateRequest(HELD, undefined)
  app.decorateRequest('holdAnswer', function (bytes) {
    const held = this[HELD] ??= new HeldBytes(budget, this)
    if (!held.fits(bytes)) throw overloaded(TOO_MUCH_WAITS)
    held.grow(bytes)
  })
  countAnswers(app, budget)
  refuseEarly(app, budget)
}, { name: 'unread-answers', dependencies: ['batching', 'request-life'] })
