import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'

/** One action: a plugin that registers its route or routes. Types flow from its schemas into the handler. */
export type Route = FastifyPluginAsyncTypebox
