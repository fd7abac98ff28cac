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
