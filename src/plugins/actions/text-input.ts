import fp from 'fastify-plugin'
import { absentBodyOf, jsonFieldsOf, queryFieldsOf } from '../../input/route-input.ts'
import { readTextFields } from '../../input/text-fields.ts'

function isPlainObject (value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !Buffer.isBuffer(value)
}

/**
 * A query is text, but some of its fields are lists or maps: they are read here, before validation, by the route's own
 * schema. JSON bodies get the same courtesy for text where a list or a map belongs: `"tags": "a,b"`. An
 * empty body is none, and a body that was left out is the default of its schema.
 */
export default fp(async (scope) => {
  const parse = scope.getDefaultJsonParser('error', 'error')
  // Many clients put `Content-Type: application/json` on everything, a DELETE without a body included.
  scope.removeContentTypeParser('application/json')
  scope.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') done(null)
    else parse(request, body, done)
  })
  scope.addHook('preValidation', (request, _reply, done) => {
    const route = request.routeOptions
    const inQuery = queryFieldsOf(route)
    if (inQuery) request.query = readTextFields(inQuery, request.query as Record<string, string | string[]>) // what the query parser makes
    const inBody = jsonFieldsOf(route)
    // Validation fills in what has a default, so each request needs its own.
    if (route.schema?.body !== undefined) request.body ??= structuredClone(absentBodyOf(route))
    if (inBody && isPlainObject(request.body)) request.body = readTextFields(inBody, request.body)
    done()
  })
}, { name: 'text-input' })
