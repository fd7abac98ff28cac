import type { FastifyInstance } from 'fastify'
import type { SandboxContext } from './context.ts'

/** Delivery is not there yet. */
export function registerDelivery (app: FastifyInstance, context: SandboxContext): void {
  app.decorate('delivery', context.publicUrl)
}
