import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { QuotaStanding } from '../../cloudinary/client.ts'
import { announceLimit } from './limit-headers.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** How the Admin API budget stood after the last call of this request; undefined before it, or when unknown. */
    quotaStanding: QuotaStanding | undefined
  }
}

/** Name of the Admin API budget in the `RateLimit` headers. */
const NAME = 'cloudinary'
/** Actions that spend calls of the Admin API. Deleting and uploading are calls of the Upload API, which has no budget. */
const SPENDING: ReadonlySet<unknown> = new Set(['getAllResources', 'getResourceById', 'updateResource', 'deleteResource'])

function announceQuota (
  { quotaStanding: standing }: FastifyRequest, reply: FastifyReply, _payload: unknown, done: () => void
): void {
  if (standing) {
    const { limit, remaining, secondsLeft } = standing
    announceLimit(reply, NAME, { requests: limit, remaining, resetSeconds: secondsLeft })
  }
  done()
}

/** Tells callers how much of the Admin API budget is left, with each answer that a call was spent on, errors included. */
export default fp(async (scope) => {
  scope.decorateRequest('quotaStanding')
  scope.addHook('onRoute', (route) => {
    if (SPENDING.has(route.config?.action)) route.onSend = [route.onSend ?? [], announceQuota as never].flat()
  })
}, { name: 'quota-headers' })
