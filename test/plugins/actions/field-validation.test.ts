import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Type } from '@sinclair/typebox'
import fastify, { type FastifyInstance } from 'fastify'
import fc from 'fast-check'
import t from 'tap'
import { validateByField } from '../../../src/plugins/actions/field-validation.ts'
import { validationFaults } from '../../../src/plugins/http/validation-faults.ts'
import { Problem } from '../../../src/schemas/problem.ts'
import type { Route } from '../../../src/schemas/route.ts'
import { rounds } from '../../support/rounds.ts'

const OPTIONS = {
  removeAdditional: false as const,
  allErrors: true,
  verbose: true,
  strictTypes: false,
  keywords: ['example', 'x-fault', 'x-component', 'x-object', 'x-parts']
}
const Inner = Type.Object({ width: Type.Optional(Type.Integer()), crop: Type.Optional(Type.String({ minLength: 2 })) }, { additionalProperties: false })
const Fields = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 4, pattern: '^[a-z]*$', 'x-fault': 'must be letters' }),
  size: Type.Optional(Type.Integer({ minimum: 1 })),
  flag: Type.Boolean({ default: true }),
  list: Type.Optional(Type.Array(Type.Integer())),
  inner: Type.Optional(Inner),
  'a/b~c': Type.Optional(Type.Number()),
  preset: Type.Optional(Type.Unsafe({ type: 'object', additionalProperties: { type: 'integer' }, default: { one: 1 } }))
}, { additionalProperties: false, description: 'x' })

/** An app that says what was wrong with a body, and what became of it. */
async function judge (schema: object, byField: boolean): Promise<FastifyInstance> {
  const app = fastify({ ajv: { customOptions: OPTIONS, plugins: byField ? [validateByField as never] : [] } })
  app.post('/', { schema: { body: schema }, attachValidation: true }, async ({ body, validationError }) => ({
    body, faults: validationError ? validationFaults(validationError.validation, 'body') : []
  }))
  await app.ready()
  return app
}

const value = fc.oneof(fc.constant(null), fc.boolean(), fc.integer({ min: -2, max: 9 }), fc.constantFrom('', 'ab', 'AB', 'abcdefg', '3', 'true'), fc.array(fc.constantFrom(1, '2', 'x', null)),
  fc.record({ width: fc.constantFrom(1, '2', 'x'), crop: fc.constantFrom('a', 'fill'), other: fc.constant(1) }, { requiredKeys: [] }))
const body = fc.oneof({ weight: 9, arbitrary: fc.dictionary(fc.constantFrom(...Object.keys(Fields.properties), 'other', 'constructor', 'toString'), value) }, { weight: 1, arbitrary: value })

t.test('a body is judged, filled and changed just as by ajv alone', async (t) => {
  for (const schema of [Fields, { ...Fields, additionalProperties: true }, Type.Partial(Fields)]) {
    const [ours, whole] = await Promise.all([judge(schema, true), judge(schema, false)])
    t.teardown(() => Promise.all([ours.close(), whole.close()]))
    await fc.assert(fc.asyncProperty(body, async (given) => {
      const call = { method: 'POST', url: '/', headers: { 'content-type': 'application/json' }, payload: JSON.stringify(given) } as const
      const [one, other] = await Promise.all([ours.inject(call), whole.inject(call)])
      t.equal(one.body, other.body, call.payload)
    }), { numRuns: rounds(300) })
  }
})

t.test('an object whose schema says more than that of its fields is judged by ajv as a whole', async (t) => {
  const app = await judge({ type: 'object', properties: { a: { type: 'string' } }, maxProperties: 1 }, true)
  t.teardown(() => app.close())
  t.match((await app.inject({ method: 'POST', url: '/', payload: { a: 'x', b: 1 } })).json(), { faults: [{ message: /NOT have more than 1/ }] })
})

t.test('of a list or map that holds too much, that is all that is said: a million items are not judged one by one', async (t) => {
  const item = { type: 'integer' }
  const list = { type: 'array', maxItems: 2, items: item }
  const app = await judge({ type: 'object', properties: { list, lists: { type: 'array', maxItems: 3, items: list }, map: { type: 'object', maxProperties: 1, additionalProperties: { ...list, type: ['integer', 'array'] } }, inner: { type: 'object', properties: { 'a/b': list } }, open: { type: 'object' } } }, true)
  t.teardown(() => app.close())
  const many = new Array(100).fill('x')
  const faults = async (payload: object) => (await app.inject({ method: 'POST', url: '/', payload })).json().faults
  const tooMany = (pointer: string, most: number, what = 'items') => [{ pointer, message: `must NOT have more than ${most} ${what}` }]
  t.same(await faults({ list: many }), tooMany('/list', 2))
  t.same(await faults({ lists: [[1], many, many] }), tooMany('/lists/1', 2))
  t.same(await faults({ lists: many }), tooMany('/lists', 3))
  t.same(await faults({ map: { a: 'x', b: 'y' } }), tooMany('/map', 1, 'properties'))
  t.same(await faults({ map: { a: many } }), tooMany('/map/a', 2))
  t.same(await faults({ inner: { 'a/b': many } }), tooMany('/inner/a~1b', 2))
  t.same(await faults({ list: [1, 2], lists: [[1, 2], []], map: { a: [1] }, inner: { 'a/b': [], c: 1 }, open: { many } }), [])
})

t.test('fields are compiled when they are first met, so every one of every action is proved good here', async (t) => {
  const app = fastify({ ajv: { customOptions: OPTIONS } })
  t.teardown(() => app.close())
  app.addSchema(Problem)
  // What an absent body counts as is read by `text-input`; ajv ignores it, and says so.
  app.addHook('onRoute', (route) => {
    const { default: _absent, ...body } = (route.schema?.body ?? {}) as { default?: unknown } // a JSON schema
    if (route.schema?.body) route.schema = { ...route.schema, body }
  })
  const actions: Record<string, Route>[] = await Promise.all(readdirSync(join(import.meta.dirname, '../../../routes')).map((file) => import(`../../../routes/${file}`)))
  for (const action of actions.flatMap(Object.values)) await app.register(action)
  await app.ready()
  t.equal(actions.length, 9)
})
