import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { QuotaStanding } from '../../cloudinary/client.ts'
import { announceLimit } from './limit-headers.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /**
     * Admin API budget after the last call of this request; undefined before that, or while it is unknown.
     */
    quotaStanding: QuotaStanding | undefined
  }
}

/** Name of the Admin API budget in the `RateLimit` headers. */
const NAME = 'cloudinary'
/**
 * Actions that may spend Admin API calls. Deletion itself is a call of the Upload API, which has no budget,
 * but an asset ID is resolved by an Admin API call first.
 */
const SPENDING: ReadonlySet<unknown> = new Set([
  'getAllResources', 'getResourceById', 'updateResource', 'deleteResource'
])

function announceQuota (
  { quotaStanding: standing }: FastifyRequest, reply: FastifyReply, _payload: unknown, done: () => void
): void {
  if (standing) {
    const { limit, remaining, secondsLeft } = standing
    announceLimit(reply, NAME, { requests: limit, remaining, resetSeconds: secondsLeft })
  }
  done()
}

/** Announces the Admin API budget in the headers of each answer that spent a call, errors included. */
export default fp(async (scope) => {
  scope.decorateRequest('quotaStanding')
  scope.addHook('onRoute', (route) => {
    if (!SPENDING.has(route.config?.action)) return
    // The types of `onSend` are those of a route with an unknown payload, which this hook does not read.
    route.onSend = [route.onSend ?? [], announceQuota as never].flat()
  })
}, { name: 'quota-headers' })
