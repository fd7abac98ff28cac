import t from 'tap'
import { requestId } from '../../../src/plugins/http/request-id.ts'

t.test('a short plain id of the caller is taken', async (t) => {
  t.equal(requestId({ headers: { 'x-request-id': 'order-7.a:b_C' } }), 'order-7.a:b_C')
})

t.test('anything else gets a new id: it would go into logs and headers', async (t) => {
  for (const given of [undefined, '', 'a b', 'a"b', 'x'.repeat(65), '\u001b[31m', ['a', 'b']]) {
    t.match(requestId({ headers: { 'x-request-id': given } } as never), /^[0-9a-f-]{36}$/) // an array is what two headers give
  }
})
