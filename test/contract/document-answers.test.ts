import fc from 'fast-check'
import t from 'tap'
import { startGateway } from '../support/gateway.ts'
import { OpenApi, type Asked, type DocumentedOperation, type Shape } from '../support/openapi.ts'
import { rounds, seed } from '../support/rounds.ts'

const ROUNDS = 100
/** Deep enough for every shape of the document, and an end for those that hold themselves. */
const DEPTH = 4

/** Values of a kind that a field does not expect, and texts that break parsers. */
const ODD = fc.constantFrom<unknown>(
  '',
  ' ',
  'null',
  '__proto__',
  '{"a":',
  '%',
  '\u0000',
  'a,b',
  '-1',
  'ü/../x',
  -1,
  1e21,
  true,
  [],
  {},
  ['a', 1],
  { a: { b: 1 } }
)

/** Values that a schema describes, now and then one that it does not. */
function drawn (openapi: OpenApi, given: Shape, depth = DEPTH): fc.Arbitrary<unknown> {
  const shape = openapi.resolved(given)
  const {
    enum: choices, anyOf, items, properties = {}, type, pattern, format, minimum = 0, maximum = 1000
  } = shape as {
    enum?: unknown[],
    anyOf?: Shape[],
    items?: Shape,
    properties?: Record<string, Shape>,
    type?: string | string[]
    pattern?: string,
    format?: string,
    minimum?: number,
    maximum?: number
  } // JSON Schema, as our routes write it
  if (format === 'binary') return fc.constant(new Blob(['some bytes']))
  if (choices) return fc.constantFrom(...choices)
  if (anyOf) return fc.oneof(...anyOf.map((branch) => drawn(openapi, branch, depth - 1)))
  const [kind] = [type].flat()
  if (kind === 'boolean') return fc.boolean()
  if (kind === 'integer' || kind === 'number') {
    return fc.integer({ min: Math.ceil(minimum), max: Math.floor(maximum) })
  }
  if (kind === 'array') {
    return depth > 0 && items
      ? fc.array(
        drawn(openapi, items, depth - 1), { maxLength: 3 }
      )
      : fc.constant([])
  }
  if (kind === 'object') return objectOf(openapi, shape, depth)
  if (Object.keys(properties).length > 0) return objectOf(openapi, shape, depth)
  return pattern === undefined
    ? fc.string({ maxLength: 20 })
    : fc.oneof(
      fc.constantFrom('a', '1', 'png', 'samples/logo'), fc.string({ maxLength: 20 })
    )
}

/** All fields of an object, those of its parts included. */
function fieldsOf (openapi: OpenApi, given: Shape): Record<string, Shape> {
  const { properties = {}, allOf = [] } = openapi.resolved(given) as {
    properties?: Record<string, Shape>, allOf?: Shape[]
  } // as above
  return Object.assign({}, properties, ...allOf.map(
    (part) => fieldsOf(openapi, part)
  )) as Record<string, Shape>
}

/** Fields that an object must have, those that its parts need included. */
function requiredOf (openapi: OpenApi, given: Shape): string[] {
  const { required = [], allOf = [] } = openapi.resolved(given) as {
    required?: string[], allOf?: Shape[]
  } // as above
  return [...required, ...allOf.flatMap((part) => requiredOf(openapi, part))]
}

/** A few of the fields of an object; a document names seventy, and a request of all is always refused. */
function objectOf (openapi: OpenApi, shape: Shape, depth: number): fc.Arbitrary<Record<string, unknown>> {
  const fields = fieldsOf(openapi, shape)
  const names = Object.keys(fields)
  if (names.length === 0 || depth <= 0) {
    return fc.dictionary(
      fc.string({ minLength: 1, maxLength: 5 }), fc.string({ maxLength: 5 }), { maxKeys: 2 }
    )
  }
  return fc.subarray(names, { maxLength: Math.min(3, names.length) }).chain((chosen) => {
    const wanted = [...new Set([...requiredOf(openapi, shape), ...chosen])]
    return fc.record(Object.fromEntries(wanted.map((name) => [
      name, valueOf(openapi, fields[name] ?? {}, depth - 1)
    ])))
  })
}

const valueOf = (openapi: OpenApi, shape: Shape, depth = DEPTH): fc.Arbitrary<unknown> =>
  fc.oneof({ arbitrary: drawn(openapi, shape, depth), weight: 9 }, { arbitrary: ODD, weight: 1 })

/** A request of an operation. The path needs its parts. */
function asked (openapi: OpenApi, { parameters, requestBody }: DocumentedOperation): fc.Arbitrary<Asked> {
  const parts = parameters.filter(({ in: place }) => place === 'path').map(({ name }) => name)
  const others = parameters.filter(({ in: place }) => place === 'query').map(({ name }) => name)
  const shapes = new Map(parameters.map(({ name, schema }) => [name, schema]))
  const part = fc.oneof(fc.constantFrom('samples/logo', '60c1093bdd0491f5d34fd24c1f5acace'), fc.string({
    minLength: 1, maxLength: 20
  }))
  const values = fc.subarray(
    others, { maxLength: Math.min(4, others.length) }
  ).chain((chosen) => fc.record(Object.fromEntries([
    ...parts.map((name) => [name, part] as const),
    ...chosen.map((name) => [name, valueOf(openapi, shapes.get(name) ?? {})] as const)
  ])))
  const bodies = Object.entries(requestBody?.content ?? {}).map(([mediaType, { schema = {} }]) => {
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 100 })
    const body = mediaType === 'application/octet-stream' ? bytes : objectOf(openapi, schema, DEPTH)
    return fc.record({ values, mediaType: fc.constant(mediaType), body })
  })
  return bodies.length > 0 ? fc.oneof(...bodies) : fc.record({ values })
}

t.test('whatever is asked, the answer is as documented, and no 500', async (t) => {
  const { app, url, sandbox } = await startGateway(t)
  await sandbox.add('samples/logo')
  const openapi = new OpenApi(app)
  const statuses = new Set<number>()
  for (const operation of openapi.operations) {
    await t.resolves(fc.assert(fc.asyncProperty(asked(openapi, operation), async (request) => {
      const answer = await fetch(openapi.request(operation, request, url))
      statuses.add(answer.status)
      const faults = answer.status === 500 ? ['500'] : await openapi.judge(operation, answer)
      if (faults.length > 0) throw new Error(`${operation.operationId}: ${faults.join('; ')}`)
    }), { numRuns: rounds(ROUNDS), seed: seed(14) }), operation.operationId)
  }
  for (const status of [200, 400, 404]) t.ok(statuses.has(status), `some requests are answered ${status}`)
})
