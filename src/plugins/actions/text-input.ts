import type { FastifyBodyParser, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { invalidRequest, type Fault } from '../../errors.ts'
import { readDeepObjects } from '../../input/fields/deep-objects.ts'
import { absentBodyOf, jsonFieldsOf, queryFieldsOf } from '../../input/route-input.ts'
import { jsonFaults, utf8Faults } from '../../input/strict-json.ts'
import { readTextFields } from '../../input/text-fields.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Parses JSON that a handler has read itself, as strictly as any body. Empty text is undefined. */
    parseJson (text: Buffer): Promise<unknown>
  }
}

function isPlainObject (value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !Buffer.isBuffer(value)
}

/** Parses with `parse`, and refuses JSON that it would read as something else. An empty body is none. */
function strictly (parse: FastifyBodyParser<string>): FastifyBodyParser<Buffer> {
  return (request, body, done) => {
    // Many clients put `Content-Type: application/json` on everything, a DELETE without a body included.
    if (body.length === 0) return done(null)
    const refuse = (faults: readonly Fault[]): void => done(invalidRequest(faults))
    const notUtf8 = utf8Faults(body)
    if (notUtf8.length > 0) return refuse(notUtf8)
    const text = body.toString()
    let parsed: { readonly error: Error | null, readonly value?: unknown } | undefined
    // It answers at once. What `done` throws is no fault of the JSON.
    parse(request, text, (error, value) => { parsed = { error, value } })
    if (parsed?.error) return done(parsed.error)
    const faults = jsonFaults(text, parsed?.value)
    return faults.length > 0 ? refuse(faults) : done(null, parsed?.value)
  }
}

/**
 * A query is text, but some of its fields are lists or maps: they are read here, before validation, by the route's own
 * schema. JSON bodies get the same courtesy for text where a list or a map belongs: `"tags": "a,b"`. A
 * body that was left out is the default of its schema.
 */
export default fp(async (scope) => {
  scope.removeContentTypeParser('application/json')
  const parser = strictly(scope.getDefaultJsonParser('error', 'error'))
  scope.addContentTypeParser('application/json', { parseAs: 'buffer' }, parser)
  scope.decorateRequest('parseJson', function (this: FastifyRequest, text) {
    return new Promise((resolve, reject) => {
      parser(this, text, (error, value) => { if (error) reject(error); else resolve(value) })
    })
  })
  scope.addHook('preValidation', (request, _reply, done) => {
    const route = request.routeOptions
    const inQuery = queryFieldsOf(route)
    if (inQuery) {
      const given = request.query as Record<string, string | string[]> // what the query parser makes
      request.query = readTextFields(inQuery, readDeepObjects(inQuery, given))
    }
    const inBody = jsonFieldsOf(route)
    // Validation fills in what has a default, so each request needs its own.
    if (route.schema?.body !== undefined) request.body ??= structuredClone(absentBodyOf(route))
    if (inBody && isPlainObject(request.body)) request.body = readTextFields(inBody, request.body)
    done()
  })
}, { name: 'text-input' })
