import t from 'tap'
import { joined } from '../../src/input/joined.ts'

t.test('a field stands in the query or in the body, or in both when they agree', async (t) => {
  t.same(joined({ a: 1 }, { b: 2 }), { a: 1, b: 2 })
  t.same(joined({ a: 1, tags: ['x'], map: { k: 'v' } }, { a: 1, tags: ['x'], map: { k: 'v' } }), { a: 1, tags: ['x'], map: { k: 'v' } })
  t.same(joined({ a: 1 }, { a: undefined }), { a: 1 }, 'what is undefined is not given')
  t.same(joined({ a: undefined }, { a: 1 }), { a: 1 })
})

t.test('400 that names every field with two values', async (t) => {
  const thrown = (query: object, body: object) => {
    try {
      return joined(query, body)
    } catch (error) {
      return error
    }
  }
  t.match(thrown({ type: 'upload', invalidate: true, n: 1 }, { type: 'private', invalidate: false, n: 1 }), {
    code: 'invalid_request',
    errors: [
      { pointer: '/type', message: 'is "private" in the body and "upload" in the query' },
      { pointer: '/invalidate', message: 'is false in the body and true in the query' }
    ]
  })
  t.match(thrown({ tags: ['a'], 'a/b': {} }, { tags: ['b'], 'a/b': 'x' }), {
    errors: [
      { pointer: '/tags', message: 'is not the same in the body and in the query' },
      { pointer: '/a~1b', message: 'is not the same in the body and in the query' }
    ]
  })
})
