import type { Socket } from 'node:net'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Caller } from '../../auth/policy/caller.ts'
import type { CloudinaryClient } from '../../cloudinary/client.ts'
import { closedStatus } from './request-life.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Logs each request that is under way. Call it when the process ends and cuts them. */
    reportCut: () => void
  }
}

/** Returns what every line about a request says. */
function described (request: FastifyRequest, reply: FastifyReply) {
  return {
    reqId: request.id,
    ip: request.ip,
    // Both are unknown when a request is refused earlier, or needs neither.
    caller: (request.caller as Caller | undefined)?.name,
    environment: (request.cloudinary as CloudinaryClient | undefined)?.environment.name,
    method: request.method,
    route: request.routeOptions.url ?? null,
    ms: Math.round(reply.elapsedTime)
  }
}

/** A request that is under way. */
interface Running {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  /** Bytes of its connection that belong to the requests before it. */
  readonly bytesBefore: number
}

/** Returns how far a cut request had come, in bytes of its connection, its head included. */
function progress ({ request: { raw }, bytesBefore }: Running) {
  const announced = raw.headers['content-length']
  return {
    receivedBytes: raw.socket.bytesRead - bytesBefore,
    ...announced !== undefined && { announcedBytes: Number(announced) },
    bodyComplete: raw.complete
  }
}

/**
 * One line per request, written when its answer is out, or its connection closed before that (499): who asked from where, in
 * which environment. Names the route's pattern, not the URL: a URL may hold signatures. A request that is
 * cut by the end of the process gets a line of its own.
 */
export default fp(async (app) => {
  const running = new Set<Running>()
  const bytesBefore = new WeakMap<Socket, number>()
  app.decorate('reportCut', () => {
    for (const one of running) {
      app.log.warn(
        { ...described(one.request, one.reply), ...progress(one) }, 'request cut: the process ends'
      )
    }
  })
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id)
    const { socket } = request.raw
    const one = { request, reply, bytesBefore: bytesBefore.get(socket) ?? 0 }
    running.add(one)
    // No hook of Fastify's runs for a caller that leaves.
    request.whenOver(() => {
      running.delete(one)
      bytesBefore.set(socket, socket.bytesRead)
      app.log.info({ ...described(request, reply), status: closedStatus(reply) }, 'request')
    })
    done()
  })
}, { name: 'request-log', dependencies: ['request-life'] })
