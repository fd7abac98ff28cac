import { Type } from '@sinclair/typebox'
import fp from 'fastify-plugin'

/**
 * Closes the query of every route, in the scope that registers it, that says nothing about its query: Fastify would
 * ignore what stands there. Pages for people and probes are outside: what is appended for caches cannot change them.
 */
export default fp(async (scope) => {
  scope.addHook('onRoute', (route) => {
    route.schema = { ...route.schema, querystring: route.schema?.querystring ?? Type.Object({}, { additionalProperties: false }) }
  })
}, { name: 'unread-query' })
