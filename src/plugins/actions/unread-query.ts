import { Type } from '@sinclair/typebox'
import fp from 'fastify-plugin'

/**
 * Refuses every query parameter on routes without a query schema, in the scope that registers this: Fastify would
 * ignore them. Pages and probes are outside: a parameter that only defeats caches does no harm there.
 */
export default fp(async (scope) => {
  scope.addHook('onRoute', (route) => {
    const { querystring = Type.Object({}, { additionalProperties: false }) } = route.schema ?? {}
    route.schema = { ...route.schema, querystring }
  })
}, { name: 'unread-query' })
