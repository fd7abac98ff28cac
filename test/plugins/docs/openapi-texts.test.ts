import t from 'tap'
import { asForm, asQuery } from '../../../src/plugins/docs/openapi-texts.ts'

t.test('the fields of a form are described as the text that they are', async (t) => {
  const properties = {
    file: { type: 'string', format: 'binary' },
    id: { type: 'string', minLength: 1, maxLength: 9, pattern: '^a' },
    folder: { type: 'string', maxLength: 9, 'x-component': 'Folder' },
    tags: { type: 'array', items: { type: 'string' }, description: 'Tags.' },
    flag: { type: 'boolean', description: 'A flag.' },
    count: { type: 'integer' },
    context: { type: 'object', description: 'A map.' },
    transformation: { type: ['string', 'object'], description: 'A transformation.' },
    areas: { type: 'array', items: { type: 'array' } },
    odd: true
  }
  t.same(asForm({ type: 'object', required: ['file'], properties }), {
    type: 'object',
    required: ['file'],
    properties: {
      file: properties.file,
      id: { type: 'string', pattern: '^a' },
      folder: properties.folder,
      tags: properties.tags,
      flag: { type: 'string', enum: ['true', 'false'], description: 'A flag.' },
      count: { type: 'string', pattern: '^[0-9]+$' },
      context: { type: 'string', description: 'A map. As JSON text.' },
      transformation: { type: 'string', description: 'A transformation. As JSON text.' },
      areas: { type: 'string', description: 'As JSON text.' },
      odd: true
    }
  })
  for (const schema of [true, { $ref: '#/x' }]) t.equal(asForm(schema), schema)
})

t.test('a parameter that is an object is given member by member, one of nested lists as JSON', async (t) => {
  const query = (schema: unknown, description?: string): unknown =>
    asQuery({ in: 'query', name: 'a', schema, ...(description !== undefined && { description }) })
  const deep = { in: 'query', name: 'a', style: 'deepObject', explode: true }
  const note = 'Member by member, or as text under the plain name.'
  const map = { type: 'object', additionalProperties: { type: ['string', 'number'] } }
  t.same(query(map, 'A map.'), {
    ...deep,
    description: `A map. ${note}`,
    schema: {
      type: 'object', additionalProperties: { type: 'string' }
    }
  })
  const union = {
    type: ['string', 'object'], properties: { b: {} }, additionalProperties: false, 'x-object': 'Parts'
  }
  t.same(query(union), {
    ...deep,
    description: note,
    schema: {
      type: 'object', properties: { b: {} }, additionalProperties: false, 'x-component': 'Parts'
    }
  })
  const items = { type: 'object', required: ['b'], 'x-component': 'Item' }
  t.same(query({ type: ['array', 'object'], items, 'x-object': 'Item' }), {
    ...deep, description: note, schema: items
  })
  for (const [schema, description] of [
    [{ type: 'object', additionalProperties: { type: 'array' } }, undefined],
    [{ type: 'array', items: { type: 'array' } }, 'Areas.']
  ] as const) {
    const said = [description, 'As JSON text.'].filter((text) => text !== undefined).join(' ')
    t.same(query(schema, description), {
      in: 'query', name: 'a', description: said, schema: { type: 'string' }
    })
  }
  const left = [
    { in: 'path', schema: map }, { in: 'query' }, { in: 'query', schema: { type: 'integer' } },
    { in: 'query', schema: { type: 'array', items: { type: 'string' } } }
  ]
  for (const parameter of left) t.equal(asQuery(parameter), parameter)
})
