import t from 'tap'
import { editDistance, nearestName, didYouMean } from '../../src/input/nearest-name.ts'

const known = ['public_id', 'resource_type', 'type', 'tags', 'folder']

t.test('counts what is inserted, deleted and replaced', async (t) => {
  for (const [one, other, edits] of [['', '', 0], ['abc', 'abc', 0], ['abc', 'abcd', 1], ['abcd', 'bcd', 1], ['abc', 'axc', 1], ['ab', 'ba', 2], ['', 'abc', 3]] as const) t.equal(editDistance(one, other), edits, `${one} ${other}`)
})

t.test('finds the name that was meant', async (t) => {
  t.equal(nearestName('publicId', known), 'public_id')
  t.equal(nearestName('Public-ID', known), 'public_id')
  t.equal(nearestName('resourcetype', known), 'resource_type')
  t.equal(nearestName('tag', known), 'tags')
  t.equal(nearestName('tyep', known), 'type')
  t.equal(nearestName('fil', ['fit', 'fill']), 'fill', 'a name that was begun comes before one as near')
})

t.test('finds nothing when nothing is near, or the name is absurdly long', async (t) => {
  t.equal(nearestName('colourfulness', known), undefined)
  t.equal(nearestName('t'.repeat(65), known), undefined)
  t.equal(nearestName('x', []), undefined)
})

t.test('the end of a message names the near one, and is empty when none is near', async (t) => {
  t.equal(didYouMean('foldr', ['public_id', 'folder']), '; did you mean "folder"?')
  t.equal(didYouMean('nonsense', ['public_id', 'folder']), '')
})

t.test('a member in brackets leads to the field that it belongs to', async (t) => {
  for (const name of ['folder[alt]', 'folder[0]', 'folder[0][width]']) {
    t.equal(didYouMean(name, ['public_id', 'folder']), '; send "folder" as one field, in JSON', name)
  }
  t.equal(didYouMean('nonsense[a]', ['public_id', 'folder']), '')
})

t.test('words of other tools lead to ours, where there is one', async (t) => {
  const names = ['public_id', 'resource_type', 'type', 'tags', 'context', 'asset_folder', 'prefix', 'expires_at', 'max_results', 'next_cursor']
  for (const [word, ours] of [
    ['storage_type', '"type"'], ['storageType', '"type"'], ['include_tags', '"tags"'], ['includeContext', '"context"'], ['Public ID', '"public_id"'], ['publicId', '"public_id"'],
    ['expiresAt', '"expires_at"'], ['folder', '"asset_folder" or "prefix"'], ['limit', '"max_results"'], ['Per-Page', '"max_results"'], ['cursor', '"next_cursor"']
  ] as const) t.equal(didYouMean(word, names), `; did you mean ${ours}?`, word)
  t.equal(didYouMean('storage_type', ['public_id']), '', 'a route without it')
  t.equal(didYouMean(`include_${'t'.repeat(64)}`, names), '')
})

t.test('of very many names only so many are compared', async (t) => {
  let taken = 0
  function * names (count: number): Generator<string> {
    for (; taken < count; taken++) yield `tenant-${String(taken).padStart(5, '0')}`
  }
  t.equal(nearestName('tenantx', names(10_000)), undefined)
  t.ok(taken <= 300, String(taken))
  t.equal(nearestName('folderr', [...Array<string>(299).fill('x'), 'folder']), 'folder')
})
