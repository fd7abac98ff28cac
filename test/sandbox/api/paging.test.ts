import t from 'tap'
import { page, type Ordering } from '../../../src/sandbox/api/paging.ts'

const byNumber = (descending: boolean): Ordering<number> => ({ name: `n${descending}`, keyOf: (number) => [number], descending: [descending] })

t.test('pages go on after the last item shown, whatever came or went meanwhile', async (t) => {
  const first = page([1, 2, 3, 4, 5], byNumber(false), { cursor: undefined, maxResults: 2 })
  t.same(first.items, [1, 2])
  t.same(page([0, 1, 3, 4, 5, 1.5], byNumber(false), { cursor: first.next_cursor, maxResults: 2 }).items, [3, 4], '2 is gone, 0 and 1.5 are new')
})

t.test('the last page has no cursor, also when it is full', async (t) => {
  const first = page([1, 2, 3, 4], byNumber(true), { cursor: undefined, maxResults: 2 })
  const last = page([1, 2, 3, 4], byNumber(true), { cursor: first.next_cursor, maxResults: 2 })
  t.same(last, { items: [2, 1] })
})

t.test('400: a cursor of another list, or none at all', async (t) => {
  const { next_cursor: cursor } = page([1, 2], byNumber(true), { cursor: undefined, maxResults: 1 })
  t.throws(() => page([1, 2], byNumber(false), { cursor, maxResults: 1 }), { status: 400, message: 'Invalid value for parameter next_cursor' })
  t.throws(() => page([1, 2], byNumber(false), { cursor: 'zz', maxResults: 1 }), { status: 400, message: 'Invalid value for parameter next_cursor' })
})
