import { Type } from '@sinclair/typebox'
import fp from 'fastify-plugin'

/**
 * Closes the query of every route that says nothing about its query, in the scope that registers this: Fastify would
 * ignore what stands there. Pages and probes are outside: what is appended for caches cannot change them.
 */
export default fp(async (scope) => {
  scope.addHook('onRoute', (route) => {
    const { querystring = Type.Object({}, { additionalProperties: false }) } = route.schema ?? {}
    route.schema = { ...route.schema, querystring }
  })
}, { name: 'unread-query' })
