import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyReply } from 'fastify'
import fp from 'fastify-plugin'
import { ERRORS } from '../../errors.ts'
import { waitingAnswers } from '../../net/connections.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Aborts when the caller's connection closes before the answer is complete. */
    readonly callerGone: AbortSignal
    /** Calls `action` once: when the answer is complete or the connection closed; at once when that has happened already. */
    whenOver (action: FinalTask): void
    [ENDING]: Ending
    [SIGNAL]?: AbortSignal
  }
}

type FinalTask = () => void

const ENDING = Symbol('ending')
const SIGNAL = Symbol('signal')

const endings = new WeakMap<Socket, Ending[]>()

/** The requests of a connection that are not over, the oldest first. One listener serves them all: of pipelined ones there may be many. */
function endingsOf (socket: Socket): Ending[] {
  const known = endings.get(socket)
  if (known) return known
  const open: Ending[] = []
  endings.set(socket, open)
  socket.once('close', () => { for (const ending of [...open]) ending.come() })
  return open
}

/** The answers that a connection owes, the one under way among them, in the order in which they go out. */
export function owedAnswers (socket: Socket): ServerResponse[] {
  const running = (endings.get(socket) ?? []).map(({ response }) => response)
  return [...running, ...waitingAnswers(socket)]
}

/** The end of one request. Its response alone would not tell: Node closes none that is queued behind another one of its connection. */
class Ending {
  readonly response: ServerResponse
  readonly #open: Ending[]
  readonly #actions: FinalTask[] = []
  #over: boolean

  constructor (socket: Socket, response: ServerResponse) {
    this.response = response
    this.#open = endingsOf(socket)
    this.#over = socket.destroyed
    if (this.#over) return
    this.#open.push(this)
    response.on('close', () => this.come())
  }

  add (action: FinalTask): void {
    if (this.#over) action()
    else this.#actions.push(action)
  }

  come (): void {
    if (this.#over) return
    this.#over = true
    this.#open.splice(this.#open.indexOf(this), 1)
    for (const action of this.#actions) action()
  }
}

function signalOf (ending: Ending): AbortSignal {
  const controller = new AbortController()
  ending.add(() => { if (!ending.response.writableFinished) controller.abort() })
  return controller.signal
}

/** The status that a closed response had: 499 when its end had not been written by then, mostly because its caller left. */
export function closedStatus ({ raw, statusCode }: FastifyReply): number {
  return raw.writableEnded ? statusCode : ERRORS.client_closed.status
}

/**
 * Tells when a request is over, and whether its caller left. Fastify's own `request.signal` fires as soon as the body has
 * been read, long before that. The signal is made when somebody first asks for it: most requests wait for nothing.
 * To be registered before all other hooks.
 */
export default fp(async (app) => {
  app.decorateRequest('callerGone', {
    getter () {
      this[SIGNAL] ??= signalOf(this[ENDING])
      return this[SIGNAL]
    }
  })
  app.decorateRequest('whenOver', function (action) { this[ENDING].add(action) })
  app.addHook('onRequest', (request, reply, done) => {
    request[ENDING] = new Ending(request.raw.socket, reply.raw)
    done()
  })
}, { name: 'request-life' })
