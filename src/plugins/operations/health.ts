import { Type } from '@sinclair/typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Caller } from '../../auth/policy/caller.ts'
import { mayUse } from '../../auth/policy/permissions.ts'
import { Choice } from '../../schemas/assets.ts'
import { problems } from '../../schemas/problem.ts'
import { Verdict, verdictOf } from './credential-proofs.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Tells balancers to send no more: `/readyz` says 503 from now on. Requests are taken until the app closes. */
    drain: () => void
    /** Returns the full answer of `/readyz`, with names and reasons. */
    readiness: () => ReadinessValue
  }
}

const Health = Type.Object({ status: Choice(['ok']) }, {
  'x-component': 'Health', examples: [{ status: 'ok' }]
})
const count = (description: string) => Type.Integer({ minimum: 0, description })
const Readiness = Type.Object({
  status: Choice(['ready', 'degraded', 'not_ready'], {
    description: '`degraded`: the credentials of some environments are refused, or Cloudinary or Redis is unreachable; everything else works. `not_ready`: the process is shutting down, or the credentials of every environment are refused.'
  }),
  draining: Type.Boolean({ description: 'True once the process has been told to end.' }),
  counts: Type.Object({
    total: count('All environments.'),
    verified: count('Those whose credentials Cloudinary accepted at the last call.'),
    rejected: count('Those whose credentials Cloudinary refused at the last call.'),
    unreachable: count(
      'Those for which Cloudinary did not answer the last call, whatever is known of their credentials.'
    )
  }),
  redis: Type.Optional(Choice(['up', 'down'], {
    description: 'Absent without Redis, and wherever `environments` is absent.'
  })),
  environments: Type.Optional(Type.Array(Verdict, {
    description: 'Those that the caller may use. Absent where keys are required and the request carries none that is valid.'
  }))
}, {
  'x-component': 'Readiness',
  examples: [{
    status: 'ready',
    draining: false,
    counts: { total: 1, verified: 1, rejected: 0, unreachable: 0 },
    environments: [{ name: 'production', verified: true }]
  }]
})
export type ReadinessValue = typeof Readiness.static & Required<Pick<typeof Readiness.static, 'environments'>>

/** Even a probe is refused when its head is malformed. */
const FAILURES = problems('invalid_request')

/**
 * Returns the caller, if its key or its network is accepted. Attempts with a key count toward the rate of
 * their address.
 */
async function knownCaller (request: FastifyRequest, reply: FastifyReply): Promise<Caller | undefined> {
  const { server } = request
  try {
    if (request.headers.authorization !== undefined) await server.countAddress(request, reply)
    return await server.callerOf(request)
  } catch {
    return undefined // a probe is answered whatever its key is worth
  }
}

/** `/healthz`: the process lives. `/readyz`: it can serve requests. Both answer from memory. */
export default fp(async (app) => {
  let closing = false
  app.decorate('readiness', () => {
    const all = app.cloudinary.all().map((client) => ({
      name: client.environment.name, ...app.standingOf(client)
    }))
    const numberOf = (fits: (one: typeof all[number]) => unknown): number => all.filter(fits).length
    const counts = {
      total: all.length,
      verified: numberOf(({ credentials }) => credentials === 'verified'),
      rejected: numberOf(({ credentials }) => credentials === 'rejected'),
      unreachable: numberOf(({ away }) => away !== undefined)
    }
    // A signature that one caller spoilt must not take the gateway off its balancer: only a certain rejection
    // does.
    const isUseless = all.every(({ rejection }) => rejection?.certain)
    const isWhole = counts.rejected + counts.unreachable === 0 && app.redis?.isDown !== true
    return {
      status: closing || isUseless ? 'not_ready' : isWhole ? 'ready' : 'degraded',
      draining: closing,
      counts,
      ...app.redis && { redis: app.redis.isDown ? 'down' as const : 'up' as const },
      environments: all.map(({ name, ...standing }) => verdictOf(name, standing))
    }
  })
  const drain = (): void => { closing = true }
  app.decorate('drain', drain)
  app.addHook('preClose', (done) => {
    drain()
    done()
  })
  // A connection that its caller keeps open after the answer would hold the process until its grace is over.
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (closing) reply.header('connection', 'close')
    done()
  })

  app.get('/healthz', {
    config: { isProbe: true },
    schema: {
      operationId: 'getHealth',
      tags: ['service'],
      summary: 'The process lives',
      description: 'Answers as long as the process runs. It asks nobody, so it says nothing about Cloudinary.',
      security: [],
      response: { 200: Health, ...FAILURES }
    }
  }, async () => ({ status: 'ok' }))

  app.get('/readyz', {
    config: { isProbe: true },
    schema: {
      operationId: 'getReadiness',
      tags: ['service'],
      summary: 'The gateway can serve requests',
      description: 'Answers without a call to Cloudinary, so probes cost nothing. 503 when the process is shutting down, or when Cloudinary has refused the credentials of every environment: one wrong environment, a used-up quota or an unreachable Cloudinary does not take the gateway off its balancer. Names and reasons are only for callers with a valid key, or for all where keys are not required.',
      security: [{ bearer: [] }, {}],
      response: { 200: Readiness, 503: Readiness, ...FAILURES }
    }
  }, async (request, reply) => {
    const { environments, redis, ...rest } = app.readiness()
    const caller = await knownCaller(request, reply)
    const usable = caller && environments.filter(({ name }) => mayUse(caller.permissions, name))
    reply.code(rest.status === 'not_ready' ? 503 : 200)
    return { ...rest, ...usable && { redis, environments: usable } }
  })
}, { name: 'health', dependencies: ['credential-proofs'] })
