import { Ajv } from 'ajv'
import { Type, type TSchema } from '@sinclair/typebox'
import t from 'tap'
import { NO_VALUE } from '../../../src/input/text-fields.ts'
import { validationFaults } from '../../../src/plugins/http/validation-faults.ts'
import { Choice, PublicId } from '../../../src/schemas/assets.ts'

/** What the app's own validator would report. */
function faults (schema: TSchema, value: unknown, context?: string) {
  const ajv = new Ajv({
    allErrors: true,
    verbose: true,
    strictTypes: false,
    keywords: ['x-fault', 'x-component', 'x-object', 'x-parts']
  })
  const check = ajv.compile(schema)
  return check(value) ? [] : validationFaults((check.errors ?? []) as never, context) // ajv's errors are what fastify hands on
}

t.test('an unknown field is named, with the nearest right name when there is one', async (t) => {
  const schema = Type.Object({ public_id: Type.Optional(Type.String()) }, { additionalProperties: false })
  t.same(faults(schema, { publicId: 'a' }), [{ pointer: '/publicId', message: 'is not a field of this action; did you mean "public_id"?' }])
  const elsewhere = [{ keyword: 'additionalProperties', instancePath: '', schemaPath: '', params: { additionalProperty: 'tags' } }]
  t.same(validationFaults(elsewhere, 'querystring', () => 'the body'), [{ pointer: '/tags', message: 'belongs in the body' }])
  const inside = elsewhere.map((error) => ({ ...error, instancePath: '/context' }))
  t.same(validationFaults(inside, 'body', () => 'the body'), [{ pointer: '/context/tags', message: 'is not a field of this action' }])
  t.same(faults(schema, { 'a/b~': 1 }), [{ pointer: '/a~1b~0', message: 'is not a field of this action' }])
})

t.test('every fault at once: missing, empty, too long, not a choice, wrong type', async (t) => {
  const schema = Type.Object({
    id: Type.String({ minLength: 1, maxLength: 3 }),
    name: Type.String({ minLength: 2 }),
    crop: Choice(['fill', 'fit']),
    width: Type.Integer({ minimum: 1 }),
    gone: Type.String()
  })
  t.same(faults(schema, { id: '😀😀😀😀', name: '', crop: 'fil', width: -1 }), [
    { pointer: '/gone', message: 'is required' },
    { pointer: '/id', message: 'must have at most 3 characters, has 4' },
    { pointer: '/name', message: 'must have at least 2 characters' },
    { pointer: '/crop', message: 'must be one of fill, fit; did you mean "fill"?' },
    { pointer: '/width', message: 'must be >= 1' }
  ])
  t.same(faults(Type.Object({ id: Type.String({ minLength: 1 }), crop: Choice(['a']) }), { id: '', crop: 7 }), [
    { pointer: '/id', message: 'must not be empty' },
    { pointer: '/crop', message: 'must be string' },
    { pointer: '/crop', message: 'must be one of a' }
  ])
})

t.test('a schema can word its own fault, and the rest of a path is called public_id', async (t) => {
  const Id = Type.String({ pattern: '^a', 'x-fault': 'must begin with an a' })
  t.same(faults(Type.Object({ '*': Id }), { '*': 'b' }, 'params'), [{ pointer: '/public_id', message: 'must begin with an a' }])
  const Named = Type.Object({ id: Type.String({ minLength: 1, pattern: '^a' }), other: Type.String({ pattern: '^a' }) })
  t.same(faults(Named, { id: '', other: '' }), [{ pointer: '/id', message: 'must not be empty' }, { pointer: '/other', message: 'must match pattern "^a"' }])
})

t.test('limits are told in words of our own, and what a text looks like behind them', async (t) => {
  const schema = Type.Object({
    many: Type.Array(Type.Integer(), { maxItems: 1 }),
    few: Type.Array(Type.Integer(), { minItems: 1 }),
    map: Type.Object({}, { maxProperties: 1 }),
    high: Type.Number({ maximum: 1 }),
    above: Type.Number({ exclusiveMinimum: 0 }),
    below: Type.Number({ exclusiveMaximum: 1 }),
    either: Type.Unsafe({ type: ['string', 'object'] }),
    id: Type.String({ pattern: '^a', 'x-fault': 'must begin with an a' }),
    crop: Choice(['fill'])
  })
  const given = { many: [1, 2], few: [], map: { a: 1, b: 2 }, high: 2, above: 0, below: 1, either: 1, id: 'https://res.cloudinary.com/demo/image/upload/v1/a.jpg', crop: 'undefined' }
  t.same(faults(schema, given).map(({ pointer, message }) => `${pointer} ${message}`), [
    '/many must NOT have more than 1 items', '/few must have at least 1 items', '/map must NOT have more than 1 properties', '/high must be <= 1', '/above must be > 0', '/below must be < 1',
    '/either must be string or object', '/id must begin with an a (it looks like a delivery URL)', '/crop must be one of fill (it is what programs write for a variable without a value)'
  ])
})

t.test('of a union only the branch that was meant is told of', async (t) => {
  const Step = Type.Object({ crop: Choice(['fill']) }, { additionalProperties: false })
  const schema = Type.Object({ transformation: Type.Union([Step, Type.Array(Step), Type.String()]) })
  t.same(faults(schema, { transformation: { crop: 'x' } }), [{ pointer: '/transformation/crop', message: 'must be one of fill' }])
  t.same(faults(schema, { transformation: [{ crop: 'fill' }, { crop: 'x' }] }), [{ pointer: '/transformation/1/crop', message: 'must be one of fill' }])
  t.ok(faults(schema, { transformation: 5 }).some(({ pointer }) => pointer === '/transformation'))
})

t.test('an error without words of its own is still a fault', async (t) => {
  const bare = [{ keyword: 'odd', instancePath: '/x', schemaPath: '', params: {} }]
  t.same(validationFaults(bare as never, undefined), [{ pointer: '/x', message: 'is not valid' }]) // a keyword of a plugin may carry no message
  const plain = [{ keyword: 'additionalProperties', instancePath: '', schemaPath: '', params: { additionalProperty: 'x' } }]
  t.same(validationFaults(plain as never, 'body'), [{ pointer: '/x', message: 'is not a field of this action' }]) // not every validator is verbose
  t.same(faults(Type.Unsafe({ type: 'object', additionalProperties: false }), { x: 1 }), [{ pointer: '/x', message: 'is not a field of this action' }])
})

t.test('of a name that is not allowed, the name is told, once', async (t) => {
  const schema = Type.Unsafe({ type: 'object', propertyNames: { type: 'string', pattern: '^[^=]+$', 'x-fault': 'a name must not contain "="' } })
  t.same(faults(schema, { 'a=/b': 1, c: 2 }), [{ pointer: '/a=~1b', message: 'a name must not contain "="' }])
})

t.test('the work and the answer stay small, whatever was sent', async (t) => {
  const schema = Type.Object({ public_id: Type.Optional(Type.String()) }, { additionalProperties: false })
  const names = Object.fromEntries(Array.from({ length: 50_000 }, (_, index) => [`public_${index}`, index]))
  t.equal(faults(schema, names).length, 200)
  const [long] = faults(schema, { ['x'.repeat(100_000)]: 1 })
  t.match(long, { pointer: /^\/x{254}…$/, message: 'is not a field of this action' })
})

t.test('null, marked as no value, is told of once', async (t) => {
  const schema = Type.Object({ crop: Choice(['fill']), width: Type.Union([Type.Number(), Type.String()]), on: Type.Boolean() })
  const message = 'must not be null: leave it out, or give it a value'
  t.same(faults(schema, { crop: NO_VALUE, width: NO_VALUE, on: NO_VALUE }), [{ pointer: '/crop', message }, { pointer: '/width', message }, { pointer: '/on', message }])
})

t.test('a body that is missing is told apart from one of the wrong kind', async (t) => {
  const schema = Type.Object({})
  t.same(faults(schema, null), [{ pointer: '', message: 'the body is required: send a JSON object' }])
  t.same(faults(schema, []), [{ pointer: '', message: 'the body must be a JSON object' }])
})

t.test('a delivery URL where a public ID belongs is told as one', async (t) => {
  const schema = Type.Object({ public_id: PublicId, folder: Type.Optional(Type.String({ pattern: '^a' })) })
  const told = (id: string) => faults(schema, { public_id: id }).map(({ message }) => message)
  t.same(told('https://res.cloudinary.com/demo/image/upload/v1/cats/tom.jpg'), ['looks like a delivery URL: send the public ID alone, "cats/tom"'])
  t.same(told('https://res.cloudinary.com/demo/raw/private/a.txt'), ['looks like a delivery URL: send the public ID alone, "a.txt", with resource_type "raw" and type "private"'])
  t.match(told('https://res.cloudinary.com/demo/image/private/v1/a.png'), [/"a", with resource_type "image" and type "private"$/])
  t.same(told('https://res.cloudinary.com/demo/image/upload/%2F'), ['looks like a delivery URL: send the public ID of the asset'])
  t.match(told('https://example.com/cat.jpg'), [/must not begin or end/])
  t.match(told('v1//cat.jpg'), [/must not begin or end/])
  t.match(faults(schema, { public_id: 'b', folder: 'https://res.cloudinary.com/demo/image/upload/v1/a' }), [{ message: 'must match pattern "^a"' }])
})
