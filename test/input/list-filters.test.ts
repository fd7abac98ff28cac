import t from 'tap'
import { checkFilters, LIST_FILTERS } from '../../src/input/list-filters.ts'
import type { GatewayError } from '../../src/errors.ts'

function faultsOf (asked: object): string[] {
  try {
    checkFilters(asked as Record<string, unknown>)
  } catch (error) {
    return (error as GatewayError).errors.map(({ pointer, message }) => `${pointer} ${message}`) // only invalidRequest is thrown there
  }
  return []
}

t.test('one filter, or none', async (t) => {
  for (const asked of [{}, { prefix: 'a' }, { public_ids: ['a'] }, { tag: 'a', direction: 'asc', max_results: 5, tags: true }, { moderation_kind: 'manual', moderation_status: 'pending' }, { asset_folder: 'a', next_cursor: 'b' }]) {
    t.same(faultsOf(asked), [], JSON.stringify(asked))
  }
})

t.test('400: filters that Cloudinary would not join, and halves of one', async (t) => {
  t.same(faultsOf({ tag: 'a', asset_folder: 'b' }), ['/asset_folder cannot be asked for beside tag: Cloudinary filters by one at a time'])
  t.same(faultsOf({ tag: 'a', moderation_kind: 'manual', moderation_status: 'pending', prefix: 'c', start_at: 'd', public_ids: ['e'] }).map((fault) => fault.split(' ', 1)[0]),
    ['/moderation_kind', '/prefix', '/start_at', '/public_ids'])
  t.match(faultsOf({ asset_folder: 'a', direction: 'asc' }), ['/direction cannot be asked for beside asset_folder'])
  t.same(faultsOf({ moderation_kind: 'manual' }), ['/moderation_status is required beside moderation_kind'])
  t.same(faultsOf({ moderation_status: 'pending' }), ['/moderation_kind is required beside moderation_status'])
})

t.test('their names are those of the query', async (t) => {
  t.same(Object.keys(LIST_FILTERS), ['tag', 'moderation_kind', 'moderation_status', 'asset_folder'])
})
