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
  t.same(forReaders({}), { paths: {}, components: { schemas: {} } })
})
