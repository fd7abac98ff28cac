import t from 'tap'
import { forReaders } from '../../../src/plugins/docs/openapi-for-readers.ts'

t.test('fields and parameters with a default are optional, marked schemas stand once under components', async (t) => {
  const Shared = { type: 'object', 'x-component': 'Shared', properties: { a: { type: 'string', 'x-fault': 'words' } } }
  const document = {
    openapi: '3.1.0',
    components: { securitySchemes: {}, schemas: { Zed: {} } },
    paths: {
      '/x': {
        get: {
          parameters: [
            { in: 'query', name: 'kind', required: true, schema: { type: 'string', default: 'image' } },
            { in: 'query', name: 'id', required: true, schema: { type: 'string' } }
          ]
        },
        post: { body: { properties: { kind: { default: 1 }, id: {}, odd: true }, required: ['kind', 'id', 'odd'] }, all: { properties: { kind: { default: 1 } }, required: ['kind'] }, again: [Shared, Shared] }
      }
    }
  }
  t.same(forReaders(document), {
    openapi: '3.1.0',
    components: { securitySchemes: {}, schemas: { Shared: { type: 'object', properties: { a: { type: 'string' } } }, Zed: {} } },
    paths: {
      '/x': {
        get: {
          parameters: [
            { in: 'query', name: 'kind', required: false, schema: { type: 'string', default: 'image' } },
            { in: 'query', name: 'id', required: true, schema: { type: 'string' } }
          ]
        },
        post: {
          body: { properties: { kind: { default: 1 }, id: {}, odd: true }, required: ['id', 'odd'] },
          all: { properties: { kind: { default: 1 } } },
          again: [{ $ref: '#/components/schemas/Shared' }, { $ref: '#/components/schemas/Shared' }]
        }
      }
    }
  })
  const mixed = {
    type: ['array', 'object', 'integer', 'null'],
    items: { type: 'string' },
    maxItems: 3,
    properties: { a: { type: ['string', 'number'], pattern: 'b' } },
    required: ['a'],
    minimum: 1,
    description: 'Either.',
    'x-component': 'Mixed'
  }
  t.same(forReaders({ paths: { '/x': { schema: mixed } } }), {
    paths: { '/x': { schema: { $ref: '#/components/schemas/Mixed' } } },
    components: {
      schemas: {
        Mixed: {
          description: 'Either.',
          anyOf: [
            { type: 'array', items: { type: 'string' }, maxItems: 3 },
            { type: 'object', properties: { a: { type: ['string', 'number'], pattern: 'b' } }, required: ['a'] },
            { type: 'integer', minimum: 1 },
            { type: 'null' }
          ]
        }
      }
    }
  }, 'a union with lists or objects in it is written as one')
  t.same(forReaders({}), { paths: {}, components: { schemas: {} } })
})

const read = (schema: object, more: object = {}): unknown => forReaders({
  paths: { '/x': { schema, ...more } }
})

t.test('an object among other forms has a name of its own, and what references say differently stays beside them', async (t) => {
  const parts = (description: string) => ({
    type: ['string', 'object'],
    maxLength: 3,
    properties: { a: {} },
    'x-object': 'Parts',
    description,
    default: 'b'
  })
  const item = { type: 'object', properties: { a: {} }, 'x-component': 'Parts', description: 'Parts.' }
  const parts$ = { $ref: '#/components/schemas/Parts' }
  t.same(read(
    [{ ...parts('One.'), 'x-component': 'Form' }, { ...parts('Two.'), 'x-component': 'Form' }, item]
  ), {
    paths: {
      '/x': {
        schema: [
          { $ref: '#/components/schemas/Form', description: 'One.', default: 'b' },
          { $ref: '#/components/schemas/Form', description: 'Two.', default: 'b' },
          parts$
        ]
      }
    },
    components: {
      schemas: {
        Form: { anyOf: [{ type: 'string', maxLength: 3 }, parts$] },
        Parts: { type: 'object', properties: { a: {} }, description: 'Parts.' }
      }
    }
  })
  t.throws(() => read([item, { ...item, properties: {} }]), /Two schemas are called Parts/)
})

t.test('fields that objects have in common stand once', async (t) => {
  const schema = (more: object) => ({
    type: 'object',
    additionalProperties: false,
    description: 'A body.',
    'x-parts': { Common: ['a', 'b'] },
    properties: { a: {}, b: {}, ...more }
  })
  const Common = { type: 'object', properties: { a: {}, b: {} } }
  const common = { $ref: '#/components/schemas/Common' }
  const rest = { unevaluatedProperties: false, description: 'A body.' }
  t.same(read(
    [schema({}), { ...schema({ c: {} }), required: ['c'] }, {
      ...schema({ c: {} }), additionalProperties: true
    }]
  ), {
    paths: {
      '/x': {
        schema: [
          { type: 'object', allOf: [common], ...rest },
          {
            type: 'object',
            allOf: [common, { type: 'object', properties: { c: {} }, required: ['c'] }],
            ...rest
          },
          {
            type: 'object', allOf: [common, { type: 'object', properties: { c: {} } }], description: 'A body.'
          }
        ]
      }
    },
    components: { schemas: { Common } }
  })
})

t.test('forms are text, and parameters hold no illustration', async (t) => {
  const form = { 'multipart/form-data': { schema: { properties: { a: { type: 'boolean' } } } } }
  t.match(read({}, { requestBody: { content: form } }), {
    paths: {
      '/x': {
        requestBody: {
          content: { 'multipart/form-data': { schema: { properties: { a: { type: 'string' } } } } }
        }
      }
    }
  })
  const parameter = { in: 'query', name: 'a', schema: { type: 'string' } }
  t.same(read([{ ...parameter, example: 'b' }, { ...parameter, examples: {} }]), {
    paths: { '/x': { schema: [parameter, parameter] } }, components: { schemas: {} }
  })
})
