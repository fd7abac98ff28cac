import { Type } from '@sinclair/typebox'
import fp from 'fastify-plugin'
import { Choice } from '../../schemas/assets.ts'
import { problems } from '../../schemas/problem.ts'
import { Verdict } from './credential-proofs.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Tells balancers to send no more: `/readyz` says 503 from now on. Requests are taken until the app closes. */
    drain: () => void
  }
}

const Health = Type.Object({ status: Choice(['ok']) }, {
  'x-component': 'Health', examples: [{ status: 'ok' }]
})
const Readiness = Type.Object({
  status: Choice(['ready', 'degraded', 'not_ready'], { description: '`degraded`: some environments are not verified, others work.' }),
  environments: Type.Array(Verdict)
}, {
  'x-component': 'Readiness',
  examples: [{ status: 'ready', environments: [{ name: 'production', verified: true }] }]
})

/** Even a probe is refused when its head is malformed. */
const FAILURES = problems('invalid_request')

/** `/healthz`: the process lives. `/readyz`: the credentials of each environment are proved, and requests are taken. */
export default fp(async (app) => {
  let closing = false
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
      summary: 'The credentials of each environment are proved',
      description: '503 when no environment works, or when the process is shutting down: one wrong environment must not take the others off the air.',
      security: [],
      response: { 200: Readiness, 503: Readiness, ...FAILURES }
    }
  }, async (_request, reply) => {
    if (closing) return reply.code(503).send({ status: 'not_ready', environments: [] })
    const environments = await app.proveCredentials()
    const working = environments.filter(({ verified }) => verified).length
    if (working === 0) return reply.code(503).send({ status: 'not_ready', environments })
    return { status: working === environments.length ? 'ready' : 'degraded', environments }
  })
}, { name: 'health', dependencies: ['credential-proofs'] })
