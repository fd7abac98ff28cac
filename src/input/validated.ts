import type { FastifyRequest } from 'fastify'

/**
 * Checks values as a body of this schema would be checked, `below` a JSON pointer into it; the error handler knows this
 * kind of error. Text is made what the schema wants, in place.
 * @throws {Error} with `validation`, as Fastify throws it for a body.
 */
export function validated<T> (request: FastifyRequest, schema: object, input: unknown, below = ''): T {
  const validate = request.compileValidationSchema(schema)
  if (validate(input)) return input as T // it has just been validated by the schema of T
  const validation = validate.errors?.map((fault) => ({ ...fault, instancePath: `${below}${fault.instancePath}` }))
  throw Object.assign(new Error('The body is not valid.'), { validation, validationContext: 'body' })
}
